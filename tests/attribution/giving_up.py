"""A caller that gives up while something is computed."""

from attribution.errors import Cancelled


class GiveUp:
    """A checkpoint that gives up at its `after`-th call, counted from 1; 0: never."""

    def __init__(self, after: int) -> None:
        self.calls, self.after = 0, after

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.after:
            raise Cancelled
