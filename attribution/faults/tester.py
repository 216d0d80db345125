"""Programs are tested while the model decodes, by a thread of their own."""

import heapq
import itertools
import threading
from collections.abc import Callable
from types import TracebackType

from attrs import define, field

from attribution.errors import Cancelled
from attribution.faults.syntax import parses

Judge = Callable[[str, Callable[[], None]], bool]  # program, checkpoint → whether it passes


@define
class Programs:
    """What is to be tested and what was; outlives the thread, so that a search can go on."""

    verdicts: dict[str, bool] = field(factory=dict)
    waiting: list[tuple[float, int, str]] = field(factory=list)  # heap; smallest first
    asked: set[str] = field(factory=set)
    fresh: list[str] = field(factory=list)  # judged, but not taken note of yet
    tested: int = 0  # that were run
    numbers: "itertools.count[int]" = field(factory=itertools.count)

    def ask(self, program: str, urgency: float, again: bool = False) -> None:
        """Have it tested, once. `again`: its verdict is news even where it is known."""
        if not again and (program in self.verdicts or program in self.asked):
            return
        self.asked.add(program)
        heapq.heappush(self.waiting, (-urgency, next(self.numbers), program))

    def take(self) -> list[str]:
        """Programs that were judged since the last call."""
        fresh, self.fresh = self.fresh, []
        return fresh


class Tester:
    """Context manager: the thread that empties `Programs.waiting`."""

    def __init__(self, programs: Programs, judge: Judge) -> None:
        self._programs = programs
        self._judge = judge
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._error: BaseException | None = None
        self._idle = True
        self._thread = threading.Thread(target=self._work, name="tester", daemon=True)

    def __enter__(self) -> "Tester":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program that runs; it waits for the next time."""
        with self._news:
            self._stop.set()
            self._news.notify_all()
        self._thread.join()

    def ask(self, program: str, urgency: float, again: bool = False) -> None:
        """See Programs.ask."""
        with self._news:
            self._programs.ask(program, urgency, again)
            self._news.notify_all()

    @property
    def busy(self) -> bool:
        with self._news:
            return bool(self._programs.waiting or self._programs.fresh) or not self._idle

    def news(self, patience: float = 0.0) -> list[str]:
        """Programs that were judged since the last call; waits up to `patience` seconds for one.

        Raises what the judge raised.
        """
        with self._news:
            if not self._programs.fresh and not self._error:
                self._news.wait(patience)
            if self._error is not None:
                raise self._error
            return self._programs.take()

    def _work(self) -> None:
        while (program := self._next()) is not None:
            try:
                passed = self._verdict(program)
            except Cancelled:
                self._again(program)
                return
            except BaseException as error:  # noqa: BLE001 - raised again where it is asked for
                self._again(program, error)
                return
            with self._news:
                self._programs.verdicts[program] = passed
                self._programs.fresh.append(program)
                self._news.notify_all()

    def _verdict(self, program: str) -> bool:
        """What does not parse has failed; a program is run once."""
        known = self._programs.verdicts.get(program)
        if known is not None:
            return known
        if not parses(program):
            return False
        passed = self._judge(program, self._checkpoint)
        self._programs.tested += 1
        return passed

    def _next(self) -> str | None:
        programs = self._programs
        with self._news:
            self._idle = True
            while not self._stop.is_set():
                if programs.waiting:
                    self._idle = False
                    return heapq.heappop(programs.waiting)[-1]
                self._news.notify_all()
                self._news.wait()
            return None

    def _again(self, program: str, error: BaseException | None = None) -> None:
        with self._news:
            heapq.heappush(
                self._programs.waiting, (float("-inf"), next(self._programs.numbers), program)
            )
            self._error = error
            self._idle = True
            self._news.notify_all()

    def _checkpoint(self) -> None:
        if self._stop.is_set():
            raise Cancelled
