"""What a search has learnt: judged programs, proved pairs, and a log of all trials."""

from collections.abc import Iterable

from attrs import define, field

from attribution.faults import ranking
from attribution.faults.attempts import Attempt
from attribution.faults.candidates import Candidate
from attribution.faults.syntax import TokenKind
from attribution.faults.tester import Programs
from attribution.schema import ContrastPair, Generation, Origin, Trial

_SIGNS = {*"#'\"\\\r\n\f"}  # what may end a comment or a string, or begin one


@define(eq=False)
class Findings:
    """Of one failing sample."""

    generation: Generation
    programs: Programs = field(factory=Programs)
    pairs: dict[tuple[int, int, int, int], ContrastPair] = field(factory=dict)
    trials: list[Trial] = field(factory=list)
    tried: set[Candidate] = field(factory=set)  # their rollout has ended and was judged
    pending: set[Candidate] = field(factory=set)  # proved as substitution; its rollout is missing
    first_seconds: float | None = None
    _mutants: dict[str, list[Candidate]] = field(factory=dict)
    # Programs with the first line of a rollout in the original.
    _splices: dict[str, list[Candidate]] = field(factory=dict)
    # Rollouts whose program is tested, with what is to be tried if it fails.
    _decoded: dict[str, list[tuple[Attempt, list[Attempt]]]] = field(factory=dict)
    _fresh: list[ContrastPair] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.programs.verdicts[self.generation.code] = False

    def screen(self, candidate: Candidate) -> None:
        """Have the sample tested with this one token exchanged, unless it does the same then."""
        mutant = exchanged(self.generation, candidate)
        if mutant is not None and not _is_mute(candidate):
            self._mutants.setdefault(mutant, []).append(candidate)
            self.programs.ask(mutant, candidate.score)

    def patched(self, program: str, candidate: Candidate) -> None:
        """If `program` passes, the rollout of `candidate` is wanted."""
        self._splices.setdefault(program, []).append(candidate)

    def decoded(self, attempt: Attempt, program: str, next_ones: Iterable[Attempt]) -> None:
        """A rollout has ended; `judged` will be called with its program."""
        self._decoded.setdefault(program, []).append((attempt, list(next_ones)))

    def is_untested(self, candidate: Candidate) -> bool:
        """Whether its substitution still waits for a verdict."""
        mutant = exchanged(self.generation, candidate)
        return candidate in self._mutants.get(mutant or "", ())

    @property
    def undecided(self) -> bool:
        """Whether programs of rollouts still wait for their verdict."""
        return bool(self._decoded)

    def judged(self, program: str, seconds: float) -> tuple[list[Candidate], list[Attempt]]:
        """Take a verdict in.

        Returns candidates whose rollout is wanted now, and what else can be tried.
        """
        passed = self.programs.verdicts[program]
        patched = self._splices.pop(program, [])
        wanted = [c for c in patched if passed and c not in self.tried]
        further: list[Attempt] = []
        for attempt, next_ones in self._decoded.pop(program, ()):
            self._rolled(attempt, program, passed, seconds)
            further += [] if passed else next_ones
        for candidate in self._mutants.pop(program, ()):
            self._log(candidate, Origin.SUBSTITUTED, passed, seconds)
            if not passed or self._key(candidate) in self.pairs:
                continue
            self.first_seconds = self.first_seconds or seconds
            self._prove(candidate, Origin.SUBSTITUTED, program)
            if candidate not in self.tried:
                self.pending.add(candidate)
                wanted.append(candidate)
        return wanted, further

    def fresh(self) -> list[ContrastPair]:
        """Pairs proved since the last call."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _rolled(self, attempt: Attempt, program: str, passed: bool, seconds: float) -> None:
        candidate = attempt.candidate
        origin = candidate.origin if attempt.second is None else Origin.TWO_TOKENS
        self._log(candidate, origin, passed, seconds)
        if passed:
            self.first_seconds = self.first_seconds or seconds
            self._prove(candidate, origin, program, attempt)
        if attempt.second is None:
            self.tried.add(candidate)
            self.pending.discard(candidate)

    def _prove(
        self, candidate: Candidate, origin: Origin, program: str, attempt: Attempt | None = None
    ) -> None:
        pair = ContrastPair(
            position=candidate.position,
            target=candidate.target,
            contrast=candidate.contrast,
            logit_diff=candidate.logit_diff,
            origin=origin,
            repaired_program=program,
            repair_size=ranking.repair_size(self.generation.code, program),
            second=attempt.second if attempt else None,
        )
        self.pairs[self._key(candidate, attempt)] = pair
        self._fresh.append(pair)

    @staticmethod
    def _key(candidate: Candidate, attempt: Attempt | None = None) -> tuple[int, int, int, int]:
        second = attempt.second if attempt else None
        behind = (second.position, second.token.id) if second else (-1, -1)
        return candidate.position, candidate.contrast.id, *behind

    def _log(self, candidate: Candidate, origin: Origin, passed: bool, seconds: float) -> None:
        self.trials.append(
            Trial(
                position=candidate.position,
                token=candidate.contrast.id,
                rank=candidate.contrast.rank,
                logit_diff=candidate.logit_diff,
                log_probability=candidate.log_probability,
                entropy=candidate.entropy,
                kind=candidate.kind,
                suspicion=candidate.suspicion,
                origin=origin,
                passed=passed,
                seconds=seconds,
            )
        )


def _is_mute(candidate: Candidate) -> bool:
    """Whether the exchange changes but words within a comment or a docstring."""
    signs = {*candidate.target.text, *candidate.contrast.text} & _SIGNS
    return candidate.kind is TokenKind.PROSE and not signs


def exchanged(generation: Generation, candidate: Candidate) -> str | None:
    """The sample with this one token exchanged; None where that is no other text."""
    position, text = candidate.position, candidate.contrast.text
    token = generation.tokens[position]
    beside = generation.tokens[position - 1 : position] + generation.tokens[position + 1 :][:1]
    # Tokens that are parts of one character share its span: none of them can be exchanged alone.
    part = any(
        (t.start, t.end, t.document) == (token.start, token.end, token.document) for t in beside
    )
    if part or "\ufffd" in text or text == token.text or candidate.is_special:
        return None
    return generation.code[: token.start] + text + generation.code[token.end :]
