"""The same choice in the same text, put to another model.

Where both models have the same tokens, the sibling reads the very same ids. Where they do not, it
reads the same text in its own tokens; then target and contrast must each be one token of it, too.
"""

import torch
from attrs import evolve

from attribution.decoding.tokens import decode_each
from attribution.engine.stages.explain import attribute
from attribution.engine.stages.explain.case import Case, check_model
from attribution.engine.stages.read_sample import require_length
from attribution.errors import UnsupportedModel
from attribution.job import Job
from attribution.models.loader import LoadedModel
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import (
    Alternative,
    Comparison,
    ContrastPair,
    Form,
    Generation,
    Task,
    TokenChoice,
)

_CHOICES = 10  # listed alternatives, as everywhere


def compare(case: Case, task: Task, sibling: LoadedModel, job: Job) -> Comparison:
    """Δℓ and relevance of the pair of `case` in the sibling.

    Raises UnsupportedModel where the sibling never had this choice.
    """
    check_model(sibling, None)
    same = sibling.tokenizer.get_vocab() == case.loaded.tokenizer.get_vocab()
    read = _same_tokens(case) if same else _same_text(case, task, sibling)
    read = evolve(
        read,
        model=sibling.name,
        fingerprint=sibling.fingerprint,
        alternatives=(),
        prompt_alternatives=(),
    )
    require_length(read, sibling)
    ids = [token.id for token in read.tokens]
    logits = _next(sibling, ids)
    pair = _pair(case, ids, logits, sibling, same=same)
    found = attribute.relevance(Case(sibling, read, pair, case.method, case.kind), job)
    return Comparison(read, found, _choices(sibling, ids[-1], logits), same_tokens=same)


def _same_tokens(case: Case) -> Generation:
    return evolve(case.generation, tokens=case.generation.tokens[: case.pair.position])


def _same_text(case: Case, task: Task, sibling: LoadedModel) -> Generation:
    """The text before the target in the sibling's tokens."""
    whole = case.generation
    if whole.form is Form.CHAT:
        raise UnsupportedModel(
            f"{sibling.name} has other tokens and another chat template than {case.loaded.name}: "
            "it was not asked the same. Only samples in direct form can be compared."
        )
    end = whole.tokens[case.pair.position].start
    split = Split(Form.DIRECT, whole.prompt, whole.code[len(whole.prompt) : end])
    return evolve(from_text(task, split, sibling.tokenizer), code=whole.code)


def _pair(
    case: Case, ids: list[int], logits: torch.Tensor, sibling: LoadedModel, *, same: bool
) -> ContrastPair:
    """The pair by the sibling's tokens and ranks behind `ids`; what repairs it is known already."""

    def choice(known: TokenChoice) -> TokenChoice:
        token = known.id if same else _one_token(known.text, ids[-1], case, sibling)
        return TokenChoice(token, known.text, int((logits > logits[token]).sum()) + 1)

    target, contrast = choice(case.pair.target), choice(case.pair.contrast)
    difference = float(logits[target.id] - logits[contrast.id])
    return evolve(
        case.pair,
        position=len(ids),
        target=target,
        contrast=contrast,
        logit_diff=difference,
        repaired_program=None,
    )


def _one_token(text: str, before: int, case: Case, sibling: LoadedModel) -> int:
    """What the sibling writes as this very text behind the token `before`."""
    ids = sibling.tokenizer(text, add_special_tokens=False).input_ids
    if len(ids) != 1:
        writes = f"{text!r} as {len(ids)} of them"
    elif (written := decode_each(sibling.tokenizer, before, ids)) != [text]:
        writes = f"{written[0]!r} for {text!r}"  # of those that put a space before a word
    else:
        return int(ids[0])
    raise UnsupportedModel(
        f"{sibling.name} has other tokens than {case.loaded.name} and writes {writes}, so it never "
        "has this choice. Choose another pair or sibling."
    )


@torch.inference_mode()
def _next(loaded: LoadedModel, ids: list[int]) -> torch.Tensor:
    """(vocabulary,) float32: what the model says comes next."""
    row = torch.tensor([ids], device=loaded.device)
    logits: torch.Tensor = loaded.model(row, use_cache=False, logits_to_keep=1).logits[0, -1]
    return logits.float().cpu()


def _choices(loaded: LoadedModel, before: int, logits: torch.Tensor) -> tuple[Alternative, ...]:
    best = logits.topk(_CHOICES)
    chances = logits.softmax(0)[best.indices].tolist()
    ids = best.indices.tolist()
    texts = decode_each(loaded.tokenizer, before, ids)
    return tuple(map(Alternative, ids, texts, best.values.tolist(), chances))
