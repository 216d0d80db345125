"""The first thing after an edit: what the model thinks of the explained choice now."""

import contextlib
import logging
from typing import TYPE_CHECKING

from attrs import frozen

from attribution.errors import TokenBlameError
from attribution.schema import Margin
from lsp_server.documents.store import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.features.publish import Display
from lsp_server.state.counterfactual import question
from lsp_server.state.requests import Wish, explain_request
from lsp_server.state.session import Sessions

if TYPE_CHECKING:
    from lsp_server.engine.jobs import Conditions

_log = logging.getLogger(__name__)

PAUSE = 0.12  # seconds; who types on does not ask about every letter


@frozen
class Remeasure:
    """One forward pass, long before any test: nothing is run, searched or attributed."""

    link: Connection
    sessions: Sessions
    display: Display
    conditions: "Conditions"

    def wanted(self, snapshot: Snapshot) -> bool:
        """Whether there is a choice to ask about that was not asked about yet."""
        session = self.sessions.get(snapshot)
        baseline = session.baseline if session else None
        return baseline is not None and baseline.margin is None

    async def __call__(self, snapshot: Snapshot) -> None:
        """Ask and show. Says nothing where that fails: the explanation that follows will."""
        session = self.sessions.get(snapshot)
        if session is None or session.baseline is None:
            return
        settings = self.conditions.settings
        explain = explain_request(snapshot, session.task_id, settings, Wish(), trusted=False)
        request = question(session.baseline, explain)
        try:
            stream = self.link.stream(request, idle=settings.idle)
            async with contextlib.aclosing(stream) as events:
                async for event in events:
                    known = isinstance(event, Margin) and self.sessions.add(snapshot, event)
                    if known:
                        self.display.noted(snapshot)
        except TokenBlameError as error:
            _log.info("nothing is known about the edit: %s", error.message)
