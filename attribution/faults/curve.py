"""The pass rate along a failing sample: sampled continuations, closer together where it falls.

Pivotal token search (Phi-4 report, arXiv 2412.08905): p(pass | prefix) is estimated
by sampling behind the prefix and running the tests; a stretch across which it falls by a threshold
is halved, until it is a single token. Which stretches are halved depends on the finished estimates
of their ends alone, and every continuation has a seed of its own. So without a budget the curve is
the same whatever is decoded beside what, and in which order verdicts come; a budget ends it early.

At last the ends of the steepest stretch are sampled once more with new seeds: the largest of many
noisy falls is partly chance. If another stretch is then the steepest, it is its turn.
"""

import heapq
import itertools
import time
from bisect import bisect_left
from collections.abc import Iterator

from attrs import define, field, frozen

from attribution.decoding import Branch, DecodingCost, Finished, Forest
from attribution.decoding.endings import Reader
from attribution.decoding.linear import packed
from attribution.faults.drop import describe, reaches, steepest
from attribution.faults.search import Subject
from attribution.faults.tester import Judge, Programs, Tester
from attribution.job import Checkpoint
from attribution.schema import Form, PassCurve, PassRate, Progress

_ROOM = 64  # tokens a continuation may write beyond the length of the original, at least
_SEEDS = 2**16  # per position
_PATIENCE = 0.1  # seconds to wait for a verdict where there is nothing to decode
_TOLD = 0.5  # seconds between two progress messages
_FIRST = 1.0  # as urgent as the largest fall there can be


@frozen
class Plan:
    """What is estimated, and how finely."""

    samples: int  # continuations per point
    temperature: float
    drop: float  # a stretch is halved where the rate falls by at least this
    width: int | None = None  # tokens per forward pass; None: what suits the device


@define
class _Tally:
    """The continuations of one position."""

    wanted: int
    judged: int = 0
    passed: int = 0


@define(eq=False)
class CurveSearch:
    """The curve of one failing sample; `run` may be called once."""

    subject: Subject
    plan: Plan
    places: list[int]  # positions that can be estimated, ascending
    work: DecodingCost = field(factory=DecodingCost)
    programs: Programs = field(factory=Programs)
    _reader: Reader = field(kw_only=True)
    _tallies: dict[int, _Tally] = field(factory=dict)
    _open: set[int] = field(factory=set)  # positions whose continuations are not all judged
    _rates: dict[int, PassRate] = field(factory=dict)  # of positions that were closed once
    _queue: list[tuple[float, int, int, int]] = field(factory=list)  # −urgency, …, position, seed
    _numbers: "itertools.count[int]" = field(factory=itertools.count)
    _running: dict[int, int] = field(factory=dict)  # rollout → position
    _waiting: dict[str, list[int]] = field(factory=dict)  # program → positions
    _rollouts: int = 0
    _seconds: float = 0.0

    @classmethod
    def of(cls, subject: Subject, plan: Plan) -> "CurveSearch":
        ids, start = subject.prefix.ids, subject.prefix.prompt_length
        reader = Reader(subject.tokenizer, subject.stops, ids[start - 1])
        # A sample that is not ours may hold stop sequences. Behind the token that completes one
        # every continuation would end at once, which says nothing about the model.
        output = ids[start:]
        places = [k for k in range(len(output) + 1) if not k or not reader.ended(output[:k], k - 1)]
        found = cls(subject, plan, [start + k for k in places], reader=reader)
        found.programs.verdicts[subject.generation.code] = False
        # The middle is nearly always wanted, and three points fill a batch.
        last = len(places) - 1
        for place in dict.fromkeys((0, last, last // 2)):
            found._begin(found.places[place], plan.samples, _FIRST)
        return found

    def run(
        self, seconds: float, judge: Judge, checkpoint: Checkpoint
    ) -> Iterator[PassCurve | Progress]:
        """A more complete curve with every point, and progress; last the curve as it stayed.

        `checkpoint` is called before every forward pass and raises to cancel.
        """
        origin, shown = time.monotonic(), 0.0
        # Made before packing, so as wide as without: samples leave no room to drafts.
        forest = Forest(self.subject.model, width=self.plan.width, work=self.work)
        prefix = self.subject.prefix
        forest.add_root(prefix.ids, prefix.prompt_length, prefix.cache, self._reader)
        with packed(self.subject.model, checkpoint), Tester(self.programs, judge) as tester:
            while self._open and self._seconds < seconds:
                checkpoint()
                closed = self._advance(forest, tester, checkpoint)
                self._seconds = time.monotonic() - origin
                if closed and self._open:
                    yield self.curve()
                if self._seconds > shown + _TOLD:
                    shown = self._seconds
                    yield self._progress(seconds)
        yield self.curve()

    def _advance(self, forest: Forest, tester: Tester, checkpoint: Checkpoint) -> bool:
        """One forward pass, and the verdicts that came meanwhile; whether a point was closed."""
        while self._queue and forest.has_room:
            _, _, position, number = heapq.heappop(self._queue)
            self._running[forest.admit(self._branch(position, number))] = position
            self._rollouts += 1
        for done in forest.step(checkpoint):
            self._ended(done, tester)
        idle = not forest.busy and not self._queue and bool(self._waiting)
        for program in tester.news(_PATIENCE if idle else 0.0):
            for position in self._waiting.pop(program, ()):
                self._count(position, self.programs.verdicts[program])
        closed = [p for p in self._open if self._tallies[p].judged == self._tallies[p].wanted]
        for position in closed:
            tally = self._tallies[position]
            self._open.remove(position)
            self._rates[position] = PassRate.of(position, tally.passed, tally.judged)
        if closed:
            self._halve()
        if not self._open:
            self._confirm()
        return bool(closed)

    # Continuations

    def _begin(self, position: int, samples: int, urgency: float) -> None:
        """Open a position for so many (more) continuations."""
        tally = self._tallies.setdefault(position, _Tally(0))
        for number in range(tally.wanted, tally.wanted + samples):
            entry = (-urgency, next(self._numbers), position, number)
            heapq.heappush(self._queue, entry)
        tally.wanted += samples
        self._open.add(position)

    def _branch(self, position: int, number: int) -> Branch:
        """Keep the tokens before `position`: the last of them is what the rollout is given."""
        ids, start = self.subject.prefix.ids, self.subject.prefix.prompt_length
        config = self.subject.model.config.get_text_config(decoder=True)
        window = getattr(config, "max_position_embeddings", None) or 2 * len(ids) + _ROOM
        room = max(_ROOM, (len(ids) - start) // 2)
        limit = max(1, min(len(ids) + room, window) - position)
        return Branch(
            position - 1,
            (ids[position - 1],),
            limit + (position > start),  # a given token counts where it is one of the output
            temperature=self.plan.temperature,
            seed=position * _SEEDS + number,
        )

    def _ended(self, done: Finished, tester: Tester) -> None:
        position, generation = self._running.pop(done.number), self.subject.generation
        text = done.completion.text
        program = generation.prompt + text if generation.form is Form.DIRECT else text
        passed = self.programs.verdicts.get(program)
        if passed is not None:
            self._count(position, passed)
        else:  # asked for once, however often it is written
            self._waiting.setdefault(program, []).append(position)
            tester.ask(program, 0.0)

    def _count(self, position: int, passed: bool) -> None:
        self._tallies[position].judged += 1
        self._tallies[position].passed += passed

    # What comes next

    def _halve(self) -> None:
        """Open the middle of every stretch of more than one place across which the rate falls.

        A stretch waits until both of its ends are closed.
        """
        for a, b in itertools.pairwise(sorted(self._tallies)):
            first, last = bisect_left(self.places, a), bisect_left(self.places, b)
            if last - first < 2 or a in self._open or b in self._open:
                continue
            before, after = self._rates[a], self._rates[b]
            if reaches(before, after, self.plan.drop):
                urgency = before.rate - after.rate
                self._begin(self.places[(first + last) // 2], self.plan.samples, urgency)

    def _confirm(self) -> None:
        """Sample the ends of the steepest stretch again, each position once."""
        for point in steepest(self._points(), self.plan.drop) or ():
            if self._tallies[point.position].wanted == self.plan.samples:
                self._begin(point.position, self.plan.samples, _FIRST)

    # What is told

    def _points(self) -> tuple[PassRate, ...]:
        """What is finished. Of a point half sampled the short continuations are known first,
        and they pass more or less often than others."""
        return tuple(self._rates[position] for position in sorted(self._rates))

    def curve(self) -> PassCurve:
        """What is known so far."""
        points, drop, complete = self._points(), self.plan.drop, not self._open
        found = steepest(points, drop)
        ends = (found[0].position, found[1].position) if found else None
        return PassCurve(
            points=points,
            samples=self.plan.samples,
            temperature=self.plan.temperature,
            drop=drop,
            message=describe(points, drop, self.subject.generation, complete),
            steepest=ends,
            fall=found[0].fall_to(found[1]) if found else None,
            pivot=ends[0] if ends and ends[1] == ends[0] + 1 else None,
            complete=complete,
            rollouts=self._rollouts,
            decoded_tokens=self.work.written,
            programs=self.programs.tested,
            seconds=self._seconds,
        )

    def _progress(self, seconds: float) -> Progress:
        return Progress(
            f"Sampling how the model goes on: {self._rollouts} continuations, "
            f"{self.programs.tested} programs tested, {len(self._rates)} points",
            min(1.0, self._seconds / seconds),
        )
