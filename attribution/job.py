"""How one request talks to its caller."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import field, frozen

from attribution.schema import Event, Progress


@frozen
class Job:
    """`emit` hands an event to the caller; `checkpoint` raises Cancelled once it gave up."""

    emit: Callable[[Event], None]
    checkpoint: Callable[[], None]
    timings: dict[str, float] = field(factory=dict)

    @contextmanager
    def stage(self, name: str, message: str) -> Iterator[None]:
        """Announce a stage and take its time, also when it fails."""
        self.checkpoint()
        self.emit(Progress(message))
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - start
