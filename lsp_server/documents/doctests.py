"""Functions of a document whose docstrings hold examples of their use.

They are found by patterns. What the examples mean is read by the test runner, and none is run
unless the user asks.
"""

import re
from functools import lru_cache

from attrs import frozen

from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Span

_TOP_LEVEL = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_FUNCTION = re.compile(r"def ([A-Za-z_]\w*)\b")
_PROMPT = ">>> "


@frozen
class DoctestFunction:
    """A function whose docstring holds examples; the span is that of its name."""

    name: str
    span: Span


@lru_cache(maxsize=16)  # a client asks several times about one version
def functions_with_examples(snapshot: Snapshot) -> tuple[DoctestFunction, ...]:
    """Top-level functions followed by a line `>>> name(`, in the order of the text."""
    text = snapshot.text
    if _PROMPT not in text:
        return ()
    starts = [match.start() for match in _TOP_LEVEL.finditer(text)]
    functions = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        name = _FUNCTION.match(text, start)
        if name and re.search(rf"^[ \t]+{_PROMPT}{name[1]}\(", text[start:end], re.MULTILINE):
            functions.append(DoctestFunction(name[1], Span(*name.span(1))))
    return tuple(functions)
