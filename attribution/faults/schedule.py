"""What a search tries next."""

from attrs import define, evolve, field

from attribution.faults.attempts import Attempt, Frontier
from attribution.faults.candidates import Candidate


@define
class Schedule:
    """Attempts that wait: urgent ones, new ones by score, and those that were put aside."""

    rollouts: int = 0  # attempts that were begun
    _urgent: list[Attempt] = field(factory=list)
    _fresh: Frontier = field(factory=Frontier)
    _aside: Frontier = field(factory=Frontier)
    _begun: set[Candidate] = field(factory=set)  # by their first token

    def push(self, attempt: Attempt) -> None:
        """It waits for its turn by score."""
        self._fresh.push(attempt)

    def put_aside(self, attempt: Attempt) -> None:
        """It goes on when nothing else is left, and then to its end."""
        self._aside.push(evolve(attempt, final=True))

    def put_back(self, attempt: Attempt) -> None:
        """It was interrupted and goes on first."""
        self._urgent.append(attempt)

    def call(self, attempt: Attempt) -> None:
        """The rollout of this candidate is wanted at once, unless it is decoding already."""
        waiting = self._aside.take(attempt.candidate)
        if waiting is not None or attempt.candidate not in self._begun:
            self._urgent.append(waiting or attempt)

    def has(self, most: int) -> bool:
        """Whether `next` would find something."""
        return bool(self._urgent or self._aside or (self._fresh and self.rollouts < most))

    def next(self, most: int, *, urgent: bool = False) -> Attempt | None:
        """The next attempt, while fewer than `most` were begun; `urgent`: of those only."""
        while True:
            if self._urgent:
                attempt = self._urgent.pop()
            elif urgent:
                return None
            elif self._fresh and self.rollouts < most:
                attempt = self._fresh.pop()
            elif self._aside:
                attempt = self._aside.pop()
            else:
                return None
            if attempt.started:
                return attempt
            if attempt.second is None:
                if attempt.candidate in self._begun:
                    continue  # it was called for before its turn
                self._begun.add(attempt.candidate)
            self.rollouts += 1
            return evolve(attempt, started=True)
