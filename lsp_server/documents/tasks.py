"""Which task a document is about: its path says so, its user does, or its own docstrings do."""

import re
from functools import lru_cache

from attrs import frozen

from lsp_server.documents.store import Snapshot
from lsp_server.protocol.positions import Span


class Assignments:
    """The tasks that the user has named, by document; closing one does not forget its."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[str, ...]] = {}  # the latest last

    def of(self, snapshot: Snapshot) -> str | None:
        """What the user has named, else what path or row name."""
        named = self._named.get(snapshot.uri)
        return named[-1] if named else snapshot.task_id

    def name(self, snapshot: Snapshot, task_id: str) -> None:
        if task_id != self.of(snapshot):
            self._named[snapshot.uri] = (*self._named.get(snapshot.uri, ()), task_id)

    def take_back(self, snapshot: Snapshot) -> str | None:
        """The task named last is none: what counted before it, and does again."""
        self._named[snapshot.uri] = self._named.get(snapshot.uri, ())[:-1]
        return self.of(snapshot)


# Where only a function with examples seems to stand is found out here, by patterns. What they mean
# is read by the test runner, and none is run unless the user asks.
_TOP_LEVEL = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_FUNCTION = re.compile(r"def ([A-Za-z_]\w*)\b")
_PROMPT = ">>> "


@frozen
class Function:
    """One whose docstring holds examples of its use; the span is that of its name."""

    name: str
    span: Span


@lru_cache(maxsize=16)  # a client asks several times about one version
def functions_with_examples(snapshot: Snapshot) -> tuple[Function, ...]:
    """Top-level functions followed by a line `>>> name(`, in the order of the text."""
    text = snapshot.text
    if _PROMPT not in text:
        return ()
    starts = [match.start() for match in _TOP_LEVEL.finditer(text)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        name = _FUNCTION.match(text, start)
        if name and re.search(rf"^[ \t]+{_PROMPT}{name[1]}\(", text[start:end], re.MULTILINE):
            found.append(Function(name[1], Span(*name.span(1))))
    return tuple(found)
