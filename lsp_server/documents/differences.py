"""Where two texts differ: what both begin with, where an edit moved something, what replaces it."""

from bisect import bisect_left

from attrs import frozen

from lsp_server.protocol.positions import Span


@frozen
class Replacement:
    """The characters of `span` replaced by `text`."""

    span: Span
    text: str


def common_prefix(left: str, right: str) -> int:
    """The number of characters with which both begin.

    Asked with every keystroke: whole slices are compared, which is far faster than one by one.
    """
    longest = min(len(left), len(right))
    return bisect_left(range(longest), True, key=lambda at: left[: at + 1] != right[: at + 1])


def common_suffix(left: str, right: str) -> int:
    """The number of characters with which both end."""
    return common_prefix(left[::-1], right[::-1])


def moved(span: Span, old: str, new: str) -> Span | None:
    """Where the characters of `span` are after an edit; None where it touched them."""
    # Both may be too long by what the edit repeats: " x" taken from " x <=" leaves " <=".
    prefix, suffix = common_prefix(old, new), common_suffix(old, new)
    if span.end <= prefix:
        return span
    if span.start < len(old) - suffix:
        return None
    return Span(span.start + len(new) - len(old), span.end + len(new) - len(old))


def smallest_replacement(old: str, new: str) -> Replacement:
    """The smallest single replacement; whole lines of an editor's view stay where they are."""
    start = common_prefix(old, new)
    end = min(common_suffix(old, new), min(len(old), len(new)) - start)
    start -= _inside_line_end(old, start)
    end -= _inside_line_end(old, len(old) - end)
    return Replacement(Span(start, len(old) - end), new[start : len(new) - end])


def _inside_line_end(text: str, offset: int) -> bool:
    """No position names the place between the two characters of a line end."""
    return text[offset - 1 : offset + 1] == "\r\n" if offset > 0 else False
