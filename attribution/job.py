"""How one request, or one long piece of work, talks to its caller."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import field, frozen

from attribution.schema import Event, Progress

Checkpoint = Callable[[], None]  # raises Cancelled where the caller gave up
Emit = Callable[[Event], None]  # takes one event to the caller
Report = Callable[[Progress], None]


def carry_on() -> None:
    """The checkpoint of a caller who never gives up."""


def ignore(_event: Event) -> None:
    """The `emit`, or `report`, of a caller who reads nothing."""


@frozen
class Job:
    """`emit` hands an event to the caller; `checkpoint` raises Cancelled once it gave up."""

    emit: Emit = ignore
    checkpoint: Checkpoint = carry_on
    timings: dict[str, float] = field(factory=dict)  # seconds by stage

    @classmethod
    def reporting(cls, report: Report, checkpoint: Checkpoint = carry_on) -> "Job":
        """A job without results: its caller hears of progress only."""

        def emit(event: Event) -> None:
            if isinstance(event, Progress):
                report(event)

        return cls(emit, checkpoint)

    def report(self, message: str, fraction: float | None = None) -> None:
        """Tell the caller how far the work is; `fraction` is held within 0..1."""
        if fraction is not None:
            fraction = min(1.0, max(0.0, fraction))
        self.emit(Progress(message, fraction))

    @contextmanager
    def stage(self, name: str, message: str) -> Iterator[None]:
        """Announce a stage and take its time, also when it fails."""
        self.checkpoint()
        self.report(message)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - start
