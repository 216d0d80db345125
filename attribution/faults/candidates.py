"""Every alternative of every output token, the most promising first."""

import math
import sys
from collections.abc import Mapping

import torch
from attrs import evolve, frozen
from transformers import PreTrainedTokenizerBase

from attribution.decoding import Scores
from attribution.decoding.tokens import decode_each
from attribution.faults.scoring import score
from attribution.faults.syntax import Syntax, TokenKind
from attribution.schema import Document, Generation, Origin, Token, TokenChoice


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
    kind: TokenKind
    suspicion: float
    is_special: bool = False  # stands for no text, e.g. the end
    origin: Origin = Origin.VERIFIED

    @property
    def score(self) -> float:
        return score(self.log_probability, self.entropy, self.suspicion, self.kind)


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
        place = _Surroundings.of(syntax, token, evidence.suspicion)
        found += [
            Candidate(
                position=position,
                target=target,
                contrast=option.choice,
                logit_diff=float(scores.chosen_logits[row]) - option.logit,
                log_probability=option.log_probability,
                entropy=float(scores.entropy[row]),
                kind=place.kind_of(option.choice.text),
                suspicion=place.suspicion,
                is_special=option.choice.id in special,
                origin=option.origin,
            )
            for option in _options(generation, scores, evidence.sibling, tokenizer, row)
            if option.choice.id != token.id
        ]
    return sorted(found, key=lambda c: -c.score)


@frozen
class _Surroundings:
    """What stands at one token."""

    kind: TokenKind
    suspicion: float  # Ochiai of its line
    opens: bool = False  # a comment before code; `suspicion` is that of the code then

    @classmethod
    def of(cls, syntax: Syntax, token: Token, suspicion: Mapping[int, float]) -> "_Surroundings":
        kind, line = syntax.kind(token.start, token.end), syntax.line(token.start)
        code = syntax.code_behind(token.start, token.end) if kind is TokenKind.PROSE else None
        return cls(kind, suspicion.get(line if code is None else code, 0.0), code is not None)

    def kind_of(self, text: str) -> TokenKind:
        """Of the place, for another token: code in the place of a comment begins a statement."""
        code = self.opens and text.strip() and not text.lstrip().startswith("#")
        return TokenKind.KEYWORD if code else self.kind


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
