"""How long work talks to its caller: what it reports, and where it can be given up."""

from collections.abc import Callable

from attrs import frozen

from attribution.checkpoints import Checkpoint, carry_on
from attribution.schema import Progress

Report = Callable[[Progress], None]


def ignore(_progress: Progress) -> None:
    """A report that nobody reads."""


@frozen
class Job:
    report: Report = ignore
    checkpoint: Checkpoint = carry_on

    def say(self, message: str, fraction: float | None = None) -> None:
        """Report progress; `fraction` is held within 0..1."""
        if fraction is not None:
            fraction = min(1.0, max(0.0, fraction))
        self.report(Progress(message, fraction))
