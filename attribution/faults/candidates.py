"""Every alternative of every output token, the most promising first."""

import math
import sys
from collections.abc import Mapping

import torch
from attrs import evolve, frozen
from transformers import PreTrainedTokenizerBase

from attribution.decoding import Scores
from attribution.faults.scoring import score
from attribution.faults.syntax import Kind, Syntax
from attribution.schema import Document, Generation, Origin, TokenChoice
from attribution.tokens import decode_each


@frozen(eq=False)
class Sibling:
    """What another model with the same tokenizer would have written (m output positions)."""

    scores: Scores  # its own
    logits: torch.Tensor  # (m, k) float32, of its choices, in the model that is asked
    ranks: torch.Tensor  # (m, k) int64, likewise


@frozen
class Evidence:
    """What else is known of the sample."""

    suspicion: Mapping[int, float] = {}  # Ochiai of its 1-based lines
    sibling: Sibling | None = None


@frozen
class _Option:
    """One token that could stand at a position."""

    choice: TokenChoice
    logit: float
    log_probability: float
    origin: Origin = Origin.VERIFIED


@frozen
class Candidate:
    """Another token at one output position."""

    position: int  # index into Generation.tokens
    target: TokenChoice
    contrast: TokenChoice
    logit_diff: float
    log_probability: float  # of the contrast, nats
    entropy: float  # of the position, nats
    kind: Kind
    suspicion: float
    is_special: bool = False  # stands for no text, e.g. the end
    origin: Origin = Origin.VERIFIED

    @property
    def score(self) -> float:
        return score(self.log_probability, self.suspicion, self.kind)


def candidates(
    generation: Generation,
    scores: Scores,
    tokenizer: PreTrainedTokenizerBase,
    evidence: Evidence | None = None,
) -> list[Candidate]:
    """All alternatives, best score first."""
    evidence = evidence or Evidence()
    syntax, special, found = Syntax(generation.code), set(tokenizer.all_special_ids), []
    for row in range(len(generation.alternatives)):
        position = generation.prompt_length + row
        token = generation.tokens[position]
        if token.start == token.end or token.document is not Document.CODE:
            continue  # nothing of it is in the sample
        target = TokenChoice(token.id, token.text, int(scores.chosen_ranks[row]))
        line = generation.code.count("\n", 0, token.start) + 1
        found += [
            Candidate(
                position=position,
                target=target,
                contrast=option.choice,
                logit_diff=float(scores.chosen_logits[row]) - option.logit,
                log_probability=option.log_probability,
                entropy=float(scores.entropy[row]),
                kind=syntax.kind(token.start, token.end),
                suspicion=evidence.suspicion.get(line, 0.0),
                is_special=option.choice.id in special,
                origin=option.origin,
            )
            for option in _options(generation, scores, evidence.sibling, tokenizer, row)
            if option.choice.id != token.id
        ]
    return sorted(found, key=lambda c: -c.score)


def _options(
    generation: Generation,
    scores: Scores,
    sibling: Sibling | None,
    tokenizer: PreTrainedTokenizerBase,
    row: int,
) -> list[_Option]:
    """The model's choices and the sibling's, each with the mean of both probabilities."""
    normal = float(scores.log_normalizer[row])
    own = [
        _Option(TokenChoice(a.id, a.text, rank), a.logit, a.logit - normal)
        for rank, a in enumerate(generation.alternatives[row], 1)
    ]
    if sibling is None:
        return own
    theirs = sibling.scores.top_logits[row] - sibling.scores.log_normalizer[row]
    chances = dict(zip(sibling.scores.top_ids[row].tolist(), theirs.exp().tolist(), strict=True))
    known = {option.choice.id for option in own}
    for column, token in enumerate(chances):
        logit, rank = float(sibling.logits[row, column]), int(sibling.ranks[row, column])
        if token not in known:
            before = generation.tokens[generation.prompt_length + row - 1].id
            choice = TokenChoice(token, decode_each(tokenizer, before, [token])[0], rank)
            own.append(_Option(choice, logit, logit - normal, Origin.SIBLING))
    return [
        evolve(
            option,
            log_probability=math.log(
                (math.exp(option.log_probability) + chances.get(option.choice.id, 0.0)) / 2
                or sys.float_info.min
            ),
        )
        for option in own
    ]
