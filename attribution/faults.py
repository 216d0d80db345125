"""Where it went wrong and what would have fixed it, proved by running the tests.

First version: at the positions where the model hesitated most, force each of its next choices,
finish greedily, and keep what passes. Positions in comments and docstring copies come last.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from attrs import field, frozen
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from attribution.decoding import Branch, Completion, Prefix, rollouts
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
_RANKS = (2, 3, 4)
_BATCH = 8  # rollouts decoded together
_ROOM = 64  # tokens a rollout may write beyond the length of the original
_WORD = re.compile(r"\w+|[^\w\s]")


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
    contrast: TokenChoice
    logit_diff: float


@frozen
class _Tally:
    """What the search has done so far; programs are judged once."""

    verdicts: dict[str, Verdict] = field(factory=dict)
    pairs: list[ContrastPair] = field(factory=list)
    completions: list[Completion] = field(factory=list)


Judge = Callable[[Sequence[str]], Sequence[Verdict]]


def search(
    subject: Subject, judge: Judge, budget: Budget, checkpoint: Callable[[], None]
) -> Iterator[ContrastPair | Progress | SearchReport]:
    """Pairs as they are proved, progress before every batch, and a report at the end.

    Stops at the first batch that proves a clear case (Δℓ > 1), or when the budget is spent.
    """
    ordered = candidates(subject.generation)
    deadline = time.monotonic() + budget.seconds
    tally = _Tally()
    for start in range(0, min(len(ordered), budget.rollouts), _BATCH):
        if time.monotonic() > deadline or any(p.logit_diff > CLEAR_CASE for p in tally.pairs):
            break
        batch = ordered[start : min(start + _BATCH, budget.rollouts)]
        yield Progress(
            f"Trying other tokens: {start} of at most {budget.rollouts} rollouts, "
            f"{len(tally.pairs)} repairs so far",
            start / budget.rollouts,
        )
        yield from _try(subject, judge, batch, tally, checkpoint)
    yield _report(tally, len(ordered))


def candidates(generation: Generation) -> list[Candidate]:
    """Every alternative worth a rollout, the most promising position first."""
    prose = prose_spans(generation.code)
    keyed = []
    for row, alternatives in enumerate(generation.alternatives):
        position = generation.prompt_length + row
        token = generation.tokens[position]
        written = {a.id: a.logit for a in alternatives}.get(token.id)
        if token.start == token.end or written is None:
            continue  # nothing of it is in the sample, or the model would never have written it
        in_prose = any(a <= token.start < b for a, b in prose)
        others = [a.logit for a in alternatives if a.id != token.id]
        key = (in_prose, abs(written - max(others)))
        keyed.append((key, _at(position, token.id, written, generation)))
    return [c for _, found in sorted(keyed, key=lambda pair: pair[0]) for c in found]


def _at(position: int, target: int, written: float, generation: Generation) -> list[Candidate]:
    alternatives = generation.alternatives[position - generation.prompt_length]
    return [
        Candidate(position, TokenChoice(a.id, a.text, rank), written - a.logit)
        for rank, a in enumerate(alternatives, 1)
        # Where the sample is not the model's own, its first choice is a candidate too.
        if a.id != target and (rank in _RANKS or rank == 1)
    ]


def _try(
    subject: Subject,
    judge: Judge,
    batch: Sequence[Candidate],
    tally: _Tally,
    checkpoint: Callable[[], None],
) -> Iterator[ContrastPair]:
    generation = subject.generation
    done = rollouts(
        subject.model,
        subject.tokenizer,
        subject.prefix,
        [Branch(c.position, c.contrast.id) for c in batch],
        subject.stops,
        max_new_tokens=len(generation.tokens) - generation.prompt_length + _ROOM,
        checkpoint=lambda _: checkpoint(),
    )
    tally.completions.extend(done)
    programs = [_program(generation, completion) for completion in done]
    new = [p for p in dict.fromkeys(programs) if p not in tally.verdicts]
    tally.verdicts.update(zip(new, judge(new), strict=True))
    for candidate, program in zip(batch, programs, strict=True):
        if tally.verdicts[program].passed:
            pair = _pair(generation, candidate, program)
            tally.pairs.append(pair)
            yield pair


def _program(generation: Generation, completion: Completion) -> str:
    if generation.form is Form.DIRECT:
        return generation.prompt + completion.text
    return completion.text


def _pair(generation: Generation, candidate: Candidate, program: str) -> ContrastPair:
    token = generation.tokens[candidate.position]
    ids = [a.id for a in generation.alternatives[candidate.position - generation.prompt_length]]
    return ContrastPair(
        position=candidate.position,
        target=TokenChoice(token.id, token.text, ids.index(token.id) + 1),
        contrast=candidate.contrast,
        logit_diff=candidate.logit_diff,
        origin=Origin.VERIFIED,
        repaired_program=program,
    )


def _report(tally: _Tally, possible: int) -> SearchReport:
    tried = len(tally.completions)
    if tally.pairs:
        message = f"{len(tally.pairs)} of {tried} rollouts pass the tests."
    elif not possible:
        message = "No token of this sample is among the model's own choices: nothing to try."
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
