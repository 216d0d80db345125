"""What a search tries next."""

import math

from attrs import define, evolve, field

from attribution.faults.attempts import Attempt, Frontier, Stage
from attribution.faults.candidates import Candidate

# Off the score of an attempt whose first line is written: the rest costs several times what a new
# one does until its line ends. More, and what is proved by a rest is proved late.
_LATER = 0.5


def rest_of(attempt: Attempt) -> Attempt:
    """What is left of an attempt once its first line is written, with a lower score."""
    return evolve(attempt, stage=Stage.REST, score=attempt.score - _LATER)


@define
class Schedule:
    """Attempts that wait: urgent ones, new ones and begun ones by score, and those put aside."""

    rollouts: int = 0  # attempts that were begun
    _urgent: list[Attempt] = field(factory=list)
    _fresh: Frontier = field(factory=Frontier)
    _begun: Frontier = field(factory=Frontier)  # their first line is written
    _aside: Frontier = field(factory=Frontier)
    _known: set[Candidate] = field(factory=set)  # whose rollout was begun

    def push(self, attempt: Attempt) -> None:
        """It waits for its turn by score."""
        self._fresh.push(attempt)

    def best(self, most: int) -> float:
        """The score of what `next` would find, but for what was put aside."""
        fresh = self._fresh.best if self.rollouts < most else -math.inf
        return math.inf if self._urgent else max(fresh, self._begun.best)

    def postpone(self, attempt: Attempt) -> None:
        """Its first line is written; the rest waits for its turn."""
        self._begun.push(attempt)

    def put_aside(self, attempt: Attempt) -> None:
        """It goes on when nothing else is left, and then to its end."""
        self._aside.push(evolve(attempt, stage=Stage.LAST))

    def put_back(self, attempt: Attempt) -> None:
        """It was interrupted and goes on first."""
        self._urgent.append(attempt)

    def call(self, attempt: Attempt) -> None:
        """The rollout of this candidate is wanted at once, unless it is decoding already."""
        candidate = attempt.candidate
        waiting = self._aside.take(candidate) or self._begun.take(candidate)
        if waiting is not None or candidate not in self._known:
            self._urgent.append(waiting or attempt)

    def has(self, most: int) -> bool:
        """Whether `next` would find something."""
        begun = bool(self._urgent or self._begun or self._aside)
        return begun or bool(self._fresh and self.rollouts < most)

    def next(self, most: int, *, urgent: bool = False) -> Attempt | None:
        """The next attempt, while fewer than `most` were begun; `urgent`: of those only."""
        while (attempt := self._pop(most, urgent=urgent)) is not None:
            if attempt.stage is not Stage.NEW:
                return attempt
            if attempt.second is None:
                if attempt.candidate in self._known:
                    continue  # it was called for before its turn
                self._known.add(attempt.candidate)
            self.rollouts += 1
            # Where a second token stands, the original has no line to try it in.
            return evolve(attempt, stage=Stage.LINE if attempt.second is None else Stage.REST)
        return None

    def _pop(self, most: int, *, urgent: bool) -> Attempt | None:
        if self._urgent:
            return self._urgent.pop()
        if urgent:
            return None
        fresh = self._fresh.best if self.rollouts < most else -math.inf
        if max(fresh, self._begun.best) > -math.inf:
            return (self._fresh if fresh >= self._begun.best else self._begun).pop()
        return self._aside.pop() if self._aside else None
