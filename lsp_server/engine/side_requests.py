"""What is asked about an explained sample beside the explaining itself, e.g. its graph."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from attribution.errors import Cancelled, TokenBlameError
from attribution.schema import Progress, Request
from lsp_server.documents.store import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.protocol.client import Editor, EngineState
from lsp_server.protocol.progress import WorkDone

if TYPE_CHECKING:
    from lsp_server.engine.jobs import Conditions

T = TypeVar("T")


class Outdated(Cancelled):
    """The document, or what is asked about it, has moved on."""

    code = "outdated"  # of its own: "cancelled" is the engine's word for its own class

    def __init__(
        self, message: str = "The text has changed since; ask again once it is explained."
    ) -> None:
        super().__init__(message)


class GivenUp(Cancelled):
    """The user stopped it; `found` is the latest of what had been answered until then."""

    code = "given_up"

    def __init__(self, found: object | None) -> None:
        super().__init__("Cancelled.")
        self.found = found


@frozen(eq=False)
class _Inquiry:
    snapshot: Snapshot
    progress: WorkDone
    task: asyncio.Task[object]


class Inquiries:
    """Any number at once: the engine queues them. None of them outlives its version."""

    def __init__(self, editor: Editor, link: Connection, conditions: "Conditions") -> None:
        self._editor = editor
        self._link = link
        self._conditions = conditions
        self._running: set[_Inquiry] = set()
        self._outdated: set[_Inquiry] = set()

    async def ask(
        self, snapshot: Snapshot, request: Request, wanted: type[T], progress: WorkDone
    ) -> T:
        """The last result of this kind that answers `request`.

        Raises Outdated where something newer came in between, GivenUp where it was given up, and
        what the engine reports.
        """
        found: list[T] = []
        task = asyncio.create_task(self._listen(request, wanted, found, progress))
        inquiry = _Inquiry(snapshot, progress, task)
        self._running.add(inquiry)
        try:
            await asyncio.wait([task])
            if inquiry in self._outdated:
                raise Outdated
            if task.cancelled():
                raise GivenUp(found[-1] if found else None)
            task.result()
        finally:
            task.cancel()  # where the caller itself was cancelled
            self._running.discard(inquiry)
            self._outdated.discard(inquiry)
            # Of no document, here and below: nothing about the explanation itself has changed.
            self._editor.status(EngineState.READY, "Ready.")
        if not found:
            raise TokenBlameError(f"The engine answered without a {wanted.__name__}.")
        return found[-1]

    def drop(self, snapshot: Snapshot) -> None:
        """Something newer takes the place of what was known about a sample or its document."""
        for inquiry in self._running:
            if snapshot.uri in (inquiry.snapshot.uri, inquiry.snapshot.document):
                self._outdated.add(inquiry)
                inquiry.task.cancel()

    def give_up(self, document: str | None, token: str | int | None) -> None:
        """Stop what is asked about one document, behind one progress token, or all of it."""
        for inquiry in self._running:
            wanted = document in (None, inquiry.snapshot.document)
            if wanted and token in (None, inquiry.progress.token):
                inquiry.task.cancel()

    async def _listen(
        self, request: Request, wanted: type[T], found: list[T], progress: WorkDone
    ) -> None:
        stream = self._link.stream(request, idle=self._conditions.settings.idle)
        async with progress, contextlib.aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Progress):
                    progress.report(event)
                    self._editor.status(EngineState.COMPUTING, event.message)
                elif isinstance(event, wanted):
                    found.append(event)
