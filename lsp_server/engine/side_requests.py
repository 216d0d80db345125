"""What is asked about an explained sample beside the explaining itself, e.g. its graph."""

import asyncio
import contextlib
from typing import TypeVar

from attrs import frozen

from attribution.errors import Cancelled, TokenBlameError
from attribution.schema import Progress, Request
from lsp_server.documents.snapshot import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.protocol.client import Editor
from lsp_server.protocol.messages import EngineState
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.conditions import Conditions

T = TypeVar("T")


class Outdated(Cancelled):
    """The document, or what is asked about it, has moved on."""

    code = "outdated"  # of its own: "cancelled" is the engine's word for its own class

    def __init__(
        self, message: str = "The text has changed since; ask again once it is explained."
    ) -> None:
        super().__init__(message)


class CancelledByUser(Cancelled):
    """The user stopped it; `partial` is the latest of the results until then."""

    code = "cancelled_by_user"

    def __init__(self, partial: object | None) -> None:
        super().__init__("Cancelled.")
        self.partial = partial


@frozen(eq=False)
class _SideRequest:
    snapshot: Snapshot
    progress: WorkDone
    task: asyncio.Task[object]


class SideRequests:
    """Any number at once: the engine queues them. None of them outlives its version."""

    def __init__(self, editor: Editor, connection: Connection, conditions: Conditions) -> None:
        self._editor = editor
        self._connection = connection
        self._conditions = conditions
        self._running: set[_SideRequest] = set()
        self._outdated: set[_SideRequest] = set()

    async def ask(
        self, snapshot: Snapshot, request: Request, result_type: type[T], progress: WorkDone
    ) -> T:
        """The last result of this type that answers `request`.

        Raises Outdated where something newer came in between, CancelledByUser where the user
        stopped it, and what the engine reports.
        """
        results: list[T] = []
        task = asyncio.create_task(self._collect(request, result_type, results, progress))
        running = _SideRequest(snapshot, progress, task)
        self._running.add(running)
        try:
            await asyncio.wait([task])
            if running in self._outdated:
                raise Outdated
            if task.cancelled():
                raise CancelledByUser(results[-1] if results else None)
            task.result()
        finally:
            task.cancel()  # where the caller itself was cancelled
            self._running.discard(running)
            self._outdated.discard(running)
            # Of no document, here and below: nothing about the explanation itself has changed.
            self._editor.status(EngineState.READY, "Ready.")
        if not results:
            raise TokenBlameError(f"The engine answered without a {result_type.__name__}.")
        return results[-1]

    def drop(self, snapshot: Snapshot) -> None:
        """Something newer takes the place of what was known about a sample or its document."""
        for running in self._running:
            if snapshot.uri in (running.snapshot.uri, running.snapshot.document):
                self._outdated.add(running)
                running.task.cancel()

    def cancel(self, document: str | None, token: str | int | None) -> None:
        """Stop what is asked about one document, behind one progress token, or all of it."""
        for running in self._running:
            concerned = document in (None, running.snapshot.document)
            if concerned and token in (None, running.progress.token):
                running.task.cancel()

    async def _collect(
        self, request: Request, result_type: type[T], results: list[T], progress: WorkDone
    ) -> None:
        stream = self._connection.stream(request, idle=self._conditions.settings.idle)
        async with progress, contextlib.aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Progress):
                    progress.report(event)
                    self._editor.status(EngineState.COMPUTING, event.message)
                elif isinstance(event, result_type):
                    results.append(event)
