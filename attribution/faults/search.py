"""The search for the token that broke it: anytime, and continued where it was left.

Two things are tried with every alternative, best score first:

- *Substitution*: the sample with this one token exchanged. No model is needed, and the tests of
  all of them run while the model decodes.
- *Rollout*: the model goes on greedily from the alternative. Most repairs change one line, so its
  first line is tried in the original. Meanwhile the rollout goes on, unless something better waits.
  Once it has rejoined the original text, the program that it is becoming is known; if that one
  fails, the rollout is put aside until nothing better is left.

A rollout that fails offers second tokens, which wait in the same queue with their joint score.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from attrs import define, evolve, field, frozen
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from attribution.decoding import DecodingCost, Finished, Forest, Prefix
from attribution.decoding.endings import Reader
from attribution.decoding.linear import packed
from attribution.decoding.prompts import Stops
from attribution.decoding.rollout import Rollout
from attribution.faults import ranking
from attribution.faults.attempts import Attempt, Stage, first, longest, seconds
from attribution.faults.candidates import Candidate
from attribution.faults.findings import Findings
from attribution.faults.line_patches import line_patches
from attribution.faults.report import report_of
from attribution.faults.schedule import Schedule, rest_of
from attribution.faults.tester import Judge, Tester
from attribution.schema import ContrastPair, Form, Generation, Progress, SearchReport

_REJOINED = 8  # tokens in a row as in the original: the rest is taken to follow
_LONG_LINE = 48  # tokens, after which a line has waited long enough for its end
_OVERRUN = 24  # tokens beyond the length of the original, after which a rollout may wait
_SHORT = 96  # tokens; a shorter original does not tell how long its repair will be
_REFINING = 15.0  # seconds to look for smaller repairs once there is a clear pair
_CHOICES = 4  # alternatives kept of every decoded token
_URGENT = 100.0  # before everything that waits by its score
_PATIENCE = 0.1  # seconds to wait for a verdict where there is nothing to decode


@frozen
class Budget:
    """Of all runs of one search together."""

    rollouts: int
    seconds: float


@frozen(eq=False)
class Subject:
    """The failing sample and the model that is asked about it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    generation: Generation  # with alternatives
    prefix: Prefix
    stops: Stops


@define(eq=False)
class Search:
    """One failing sample; `run` goes on until a budget is spent and may be called again."""

    subject: Subject
    ordered: list[Candidate]
    findings: Findings
    work: DecodingCost = field(factory=DecodingCost)
    _schedule: Schedule = field(factory=Schedule)
    _running: dict[int, Attempt] = field(factory=dict)
    _seconds: float = 0.0  # of earlier runs

    @classmethod
    def of(cls, subject: Subject, ordered: list[Candidate], *, screen: bool = True) -> "Search":
        """`ordered`: the candidates; without `screen` no substitutions are tested."""
        search = cls(subject, ordered, Findings(subject.generation))
        for candidate in ordered:
            search._schedule.push(search._first(candidate))
            if screen:
                search.findings.screen(candidate)
        return search

    def run(
        self,
        budget: Budget,
        judge: Judge,
        checkpoint: Callable[[], None],
        *,
        exhaust: bool = False,
        trials: bool = False,
    ) -> Iterator[ContrastPair | Progress | SearchReport]:
        """The pairs that are known, then those that are proved, with progress; last a report.

        After the first clear pair (Δℓ > 1) only substitutions are tested for a while, which may
        prove a smaller repair, unless it is to `exhaust` its budget. A pair may come twice, when
        its substitution passes and when its rollout does. Whatever ends it, a later call goes on.
        """
        yield from list(self.findings.pairs.values())
        clock = _Clock(self._seconds)
        try:
            with Tester(self.findings.programs, judge) as tester:
                if clock.seconds < budget.seconds and not self._done(tester, budget, exhaust):
                    with self._forest(tester, checkpoint) as forest:
                        yield from self._search(forest, tester, clock, budget, checkpoint, exhaust)
        finally:
            self._seconds = clock.seconds
        self._take_in(self.findings.programs.take(), clock)
        yield from self.findings.fresh()
        yield report_of(
            self.findings,
            self.ordered,
            self.subject.prefix.scores,
            self.work,
            rollouts=self._schedule.rollouts,
            seconds=self._seconds,
            trials=trials,
        )

    @contextmanager
    def _forest(self, tester: Tester, checkpoint: Callable[[], None]) -> Iterator[Forest]:
        """To decode in, over packed weights; what is half decoded then is kept for the next run."""
        with packed(self.subject.model, checkpoint):
            forest = self._plant()
            try:
                yield forest
            finally:
                self._suspend(forest, tester)

    def _search(
        self,
        forest: Forest,
        tester: Tester,
        clock: "_Clock",
        budget: Budget,
        checkpoint: Callable[[], None],
        exhaust: bool,
    ) -> Iterator[ContrastPair | Progress]:
        told, end = 0.0, budget.seconds
        while clock.seconds < end and not self._done(tester, budget, exhaust):
            checkpoint()
            clear = self._clear(exhaust)
            decoding = not clear or bool(self.findings.pending)
            if decoding:
                self._admit(forest, budget, urgent=clear)
                for done in forest.step(checkpoint):
                    self._ended(done, tester)
                best = math.inf if clear else self._schedule.best(budget.rollouts)
                self._put_aside(forest, tester, best)
            self._take_in(tester.news(0.0 if decoding and forest.busy else _PATIENCE), clock)
            yield from self.findings.fresh()
            if self._clear(exhaust):
                end = min(end, clock.seconds + _REFINING)
            if clock.seconds > told + 0.5:
                told = clock.seconds
                yield self._progress(clock, budget)

    def _clear(self, exhaust: bool) -> bool:
        """Whether there is a pair that is good enough."""
        return not exhaust and any(map(ranking.is_clear, self.findings.pairs.values()))

    def _done(self, tester: Tester, budget: Budget, exhaust: bool) -> bool:
        if tester.busy or self.findings.undecided:
            return False
        if self._clear(exhaust) and not self.findings.pending:
            return True
        return not self._running and not self._schedule.has(budget.rollouts)

    # Rollouts

    def _first(self, candidate: Candidate) -> Attempt:
        generation = self.subject.generation
        return first(candidate, longest(generation.prompt_length, len(generation.tokens)))

    def _plant(self) -> Forest:
        subject, prefix = self.subject, self.subject.prefix
        forest = Forest(subject.model, keep=_CHOICES, work=self.work)
        reader = Reader(subject.tokenizer, subject.stops, prefix.ids[prefix.prompt_length - 1])
        forest.add_root(prefix.ids, prefix.prompt_length, prefix.cache, reader)
        return forest

    def _admit(self, forest: Forest, budget: Budget, *, urgent: bool) -> None:
        while forest.has_room:
            attempt = self._schedule.next(budget.rollouts, urgent=urgent)
            if attempt is None:
                break
            eager = attempt.stage > Stage.LINE or self._is_wanted(attempt)
            number = forest.admit(attempt.branch, resumed=attempt.interrupted, eager=eager)
            self._running[number] = attempt

    def _is_wanted(self, attempt: Attempt) -> bool:
        """Whether its substitution has passed."""
        return attempt.second is None and attempt.candidate in self.findings.pending

    def _ended(self, done: Finished, tester: Tester) -> None:
        attempt = self._running.pop(done.number)
        program = self._program(done.completion.text)
        start = self.subject.generation.prompt_length
        further = () if attempt.second else seconds(attempt, done, self.subject.tokenizer, start)
        self.findings.decoded(attempt, program, further)
        tester.ask(program, _URGENT, True)

    def _take_in(self, programs: Iterable[str], clock: "_Clock") -> None:
        for program in programs:
            wanted, further = self.findings.judged(program, clock.seconds)
            for candidate in wanted:
                self._schedule.call(self._first(candidate))
            for attempt in further:
                self._schedule.push(attempt)

    def _put_aside(self, forest: Forest, tester: Tester, best: float) -> None:
        """Rollouts that lead nowhere, it seems, wait until nothing better is left.

        `best`: the score of what would come in the place of one that has written its first line.
        """
        for number, row in list(forest.rows.items()):
            attempt = self._running[number]
            if self._is_wanted(attempt):
                row.eager = True
            elif attempt.stage is Stage.LINE:
                if self._has_line(attempt.candidate, row, tester):
                    self._go_on(forest, number, best)
            elif attempt.stage is not Stage.LAST and self._is_hopeless(row, tester):
                self._schedule.put_aside(self._withdraw(forest, number))

    def _go_on(self, forest: Forest, number: int, best: float) -> None:
        """With the rest of a rollout, or with what is better."""
        rest = self._running[number] = rest_of(self._running[number])
        if rest.score < best:
            self._schedule.postpone(self._withdraw(forest, number))
        else:
            forest.rows[number].eager = True

    def _has_line(self, candidate: Candidate, row: Rollout, tester: Tester) -> bool:
        """Whether the first line is written; it is tried in the original then."""
        program = self._program(row.root.reader.text(row.output))
        found = line_patches(self.subject.generation, candidate.position, program)
        for patched in found:
            self.findings.patched(patched, candidate)
            tester.ask(patched, _URGENT, True)
        return bool(found) or len(row.ids) > candidate.position + _LONG_LINE

    def _is_hopeless(self, row: Rollout, tester: Tester) -> bool:
        if row.matched >= _REJOINED and row.cursor is not None:
            # It writes the original again: this is the program that it is becoming.
            rest = row.root.ids[row.cursor :]
            program = self._program(row.root.reader.text([*row.output, *rest]))
            passed = self.findings.programs.verdicts.get(program)
            if passed is None:
                tester.ask(program, _URGENT / 2)
            elif not passed:
                return True
        return len(row.ids) > max(len(row.root.ids), row.root.start + _SHORT) + _OVERRUN

    def _withdraw(self, forest: Forest, number: int) -> Attempt:
        attempt = self._running.pop(number)
        known = (*attempt.known, *forest.rows[number].choices)
        branch = forest.withdraw(number)
        return evolve(attempt, branch=branch, known=known, interrupted=True)

    def _suspend(self, forest: Forest, tester: Tester) -> None:
        """Keep what is half decoded for the next run."""
        for done in forest.drain():
            self._ended(done, tester)
        for number in list(self._running):
            self._schedule.put_back(self._withdraw(forest, number))

    def _program(self, output: str) -> str:
        generation = self.subject.generation
        return generation.prompt + output if generation.form is Form.DIRECT else output

    # What is told

    def _progress(self, clock: "_Clock", budget: Budget) -> Progress:
        spent = max(self._schedule.rollouts / budget.rollouts, clock.seconds / budget.seconds)
        return Progress(
            f"Trying other tokens: {self._schedule.rollouts} continuations, "
            f"{self.findings.programs.tested} programs tested, "
            f"{len(self.findings.pairs)} repairs",
            min(1.0, spent),
        )


class _Clock:
    """Seconds of a search without the pauses between its runs."""

    def __init__(self, before: float) -> None:
        self._origin = time.monotonic() - before

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._origin
