"""Where it went wrong and what would have fixed it, proved by running the tests.

First version: at the positions where the model hesitated most, force each of its next choices,
finish greedily, and keep what passes. White space comes after words and signs, comments and
docstring copies come last.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from enum import IntEnum

from attrs import field, frozen
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from attribution.decoding import Branch, Completion, Prefix, Scores, rollouts
from attribution.generation import prose_spans
from attribution.prompts import Stops
from attribution.schema import (
    ContrastPair,
    Form,
    Generation,
    Origin,
    Progress,
    SearchReport,
    TokenChoice,
    Verdict,
)

CLEAR_CASE = 1.0  # Δℓ above which the paper (arXiv 2604.17761) calls a pair clear
_LAST_RANK = 4  # of the model's choices at a position
_BATCH = 16  # rollouts decoded together; on two cores a step costs little more than with 8
_ROOM = 64  # tokens a rollout may write beyond the length of the original
_WORD = re.compile(r"\w+|[^\w\s]")


class _Kind(IntEnum):
    """What is worth trying first."""

    CODE = 0
    LAYOUT = 1  # white space
    PROSE = 2  # comments and docstring copies


@frozen
class Budget:
    rollouts: int
    seconds: float


@frozen
class Subject:
    """The failing sample and the model that wrote it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    generation: Generation  # with alternatives
    prefix: Prefix
    stops: Stops


@frozen
class Candidate:
    """Another token at one output position."""

    position: int  # index into Generation.tokens
    target: TokenChoice
    contrast: TokenChoice
    logit_diff: float


@frozen
class _Tally:
    """What the search has done so far; programs are judged once."""

    verdicts: dict[str, Verdict] = field(factory=dict)
    pairs: list[ContrastPair] = field(factory=list)
    completions: list[Completion] = field(factory=list)


Judge = Callable[[Sequence[str]], Sequence[Verdict]]


class _TimeUp(Exception):
    """The budget of seconds ran out in the middle of a batch."""


def search(
    subject: Subject, judge: Judge, budget: Budget, checkpoint: Callable[[], None]
) -> Iterator[ContrastPair | Progress | SearchReport]:
    """Pairs as they are proved, progress before every batch, and a report at the end.

    Stops at the first batch that proves a clear case (Δℓ > 1), or when the budget is spent.
    """
    ordered = candidates(subject.generation, subject.prefix.scores)
    deadline = time.monotonic() + budget.seconds
    tally = _Tally()

    def tick(_tokens: int) -> None:
        checkpoint()
        if time.monotonic() > deadline:
            raise _TimeUp

    for start in range(0, min(len(ordered), budget.rollouts), _BATCH):
        if any(p.logit_diff > CLEAR_CASE for p in tally.pairs):
            break
        batch = ordered[start : min(start + _BATCH, budget.rollouts)]
        yield Progress(
            f"Trying other tokens: {start} of at most {budget.rollouts} rollouts, "
            f"{len(tally.pairs)} repairs so far",
            start / budget.rollouts,
        )
        try:
            yield from _try(subject, judge, batch, tally, tick)
        except _TimeUp:
            break
    yield _report(tally, len(ordered))


def candidates(generation: Generation, scores: Scores) -> list[Candidate]:
    """Every alternative worth a rollout, the most promising position first.

    The margin is the logit of what stands there minus that of the best other token; it is
    negative where a sample is not the model's own.
    """
    prose = prose_spans(generation.code)
    keyed = []
    for row, alternatives in enumerate(generation.alternatives):
        position = generation.prompt_length + row
        token = generation.tokens[position]
        if token.start == token.end:
            continue  # nothing of it is in the sample
        kind = _Kind.CODE if token.text.strip() else _Kind.LAYOUT
        if any(a <= token.start < b for a, b in prose):
            kind = _Kind.PROSE
        written = float(scores.chosen_logits[row])
        others = [(rank, a) for rank, a in enumerate(alternatives, 1) if a.id != token.id]
        found = [
            Candidate(
                position,
                TokenChoice(token.id, token.text, int(scores.chosen_ranks[row])),
                TokenChoice(a.id, a.text, rank),
                written - a.logit,
            )
            for rank, a in others
            if rank <= _LAST_RANK
        ]
        keyed.append(((kind, written - others[0][1].logit), found))
    return [c for _, found in sorted(keyed, key=lambda pair: pair[0]) for c in found]


def _try(
    subject: Subject,
    judge: Judge,
    batch: Sequence[Candidate],
    tally: _Tally,
    tick: Callable[[int], None],
) -> Iterator[ContrastPair]:
    generation = subject.generation
    length = len(generation.tokens) + _ROOM
    done = rollouts(
        subject.model,
        subject.tokenizer,
        subject.prefix,
        [Branch(c.position, c.contrast.id, length - c.position) for c in batch],
        subject.stops,
        checkpoint=tick,
    )
    tally.completions.extend(done)
    programs = [_program(generation, completion) for completion in done]
    new = [p for p in dict.fromkeys(programs) if p not in tally.verdicts]
    tally.verdicts.update(zip(new, judge(new), strict=True))
    for candidate, program in zip(batch, programs, strict=True):
        if tally.verdicts[program].passed:
            pair = ContrastPair(
                position=candidate.position,
                target=candidate.target,
                contrast=candidate.contrast,
                logit_diff=candidate.logit_diff,
                origin=Origin.VERIFIED,
                repaired_program=program,
            )
            tally.pairs.append(pair)
            yield pair


def _program(generation: Generation, completion: Completion) -> str:
    if generation.form is Form.DIRECT:
        return generation.prompt + completion.text
    return completion.text


def _report(tally: _Tally, possible: int) -> SearchReport:
    tried = len(tally.completions)
    if tally.pairs:
        message = f"{len(tally.pairs)} of {tried} rollouts pass the tests."
    elif not possible:
        message = "There is no token to try: the model wrote nothing."
    else:
        message = (
            f"No single other token makes the tests pass: {tried} of {possible} alternatives were "
            "tried. A larger budget (--rollouts, --seconds) tries more."
        )
    decoded = sum(completion.decoded for completion in tally.completions)
    return SearchReport(tried, decoded, len(tally.pairs), message)


def best(pairs: Sequence[ContrastPair], code: str) -> ContrastPair:
    """The pair with the smallest repair; among equals the one with the largest Δℓ.

    Many flips upstream of a bug pass because they restructure the whole program; a small repair
    points at the bug itself.
    """
    return min(pairs, key=lambda p: (repair_size(code, p.repaired_program or ""), -p.logit_diff))


def repair_size(failing: str, repaired: str) -> int:
    """Words and signs that differ between two programs (layout does not count)."""
    a, b = _WORD.findall(failing), _WORD.findall(repaired)
    same = sum(block.size for block in SequenceMatcher(None, a, b, False).get_matching_blocks())
    return len(a) + len(b) - 2 * same
