"""Where long work may be given up."""

from collections.abc import Callable

Checkpoint = Callable[[], None]  # raises Cancelled where the caller gave up


def carry_on() -> None:
    """The checkpoint of a caller who never gives up."""
