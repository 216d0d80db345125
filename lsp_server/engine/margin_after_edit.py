"""The first thing after an edit: what the model thinks of the explained choice now."""

import contextlib
import logging

from attrs import evolve, frozen

from attribution.errors import TokenBlameError
from attribution.schema import Margin
from lsp_server.documents.snapshot import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.features.publish import Publisher
from lsp_server.state.counterfactual import margin_request
from lsp_server.state.requests import ExplainOptions, explain_request
from lsp_server.state.server_state import ServerState

_log = logging.getLogger(__name__)

PAUSE = 0.12  # seconds without typing before the margin is measured


@frozen
class MarginAfterEdit:
    """One forward pass, long before any test: nothing is run, searched or attributed."""

    state: ServerState
    publisher: Publisher
    connection: Connection

    def is_due(self, snapshot: Snapshot) -> bool:
        """Whether there is an edited choice whose margin was not measured yet."""
        session = self.state.sessions.get(snapshot)
        baseline = session.baseline if session else None
        return baseline is not None and baseline.margin is None

    async def measure(self, snapshot: Snapshot) -> None:
        """Ask and show. Says nothing where that fails: the explanation that follows will."""
        session = self.state.sessions.get(snapshot)
        if session is None or session.baseline is None:
            return
        conditions = self.state.conditions
        explain = explain_request(snapshot, session.task_id, conditions, ExplainOptions())
        request = margin_request(session.baseline, evolve(explain, trusted=False))
        try:
            stream = self.connection.stream(request, idle=conditions.settings.idle)
            async with contextlib.aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, Margin) and self.state.sessions.add(snapshot, event):
                        self.publisher.publish_diagnostics(snapshot)
        except TokenBlameError as error:
            _log.info("nothing is known about the edit: %s", error.message)
