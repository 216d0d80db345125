"""One pair in a tiny model, as the engine holds it while it explains."""

from collections.abc import Callable

import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.stages.explain import attribute, faithfulness
from attribution.engine.stages.explain.case import Case
from attribution.job import Job
from attribution.lrp.objective import ObjectiveKind
from attribution.lrp.settings import Method
from attribution.models.loader import LoadedModel
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import (
    ContrastPair,
    Dataset,
    Event,
    ExplainRequest,
    Faithfulness,
    Form,
    Generation,
    GraphRequest,
    Origin,
    Suite,
    Task,
    TokenChoice,
)

HEAD = 'def f(x: int) -> int:\n    """Add one."""\n'
BODY = "    return x + 1\n"
CHAT = "<|endoftext|>user\nAdd one.\n<|endoftext|>assistant\n"
TASK = Task("HumanEval/0", Dataset.HUMANEVAL, HEAD, "f", "", (Suite.BASE,))
EVERYTHING = GraphRequest(ExplainRequest(""), node_threshold=0.0, mass=1.0, reach=False)


def carry_on() -> None:
    pass


def job(events: list[Event] | None = None, checkpoint: Callable[[], None] = carry_on) -> Job:
    return Job((events if events is not None else []).append, checkpoint)


def trust_of(case: Case, *, full: bool, seconds: float | None, job: Job) -> Faithfulness:
    """The trust figures of the case's own relevance."""
    found = attribute.relevance(case, job)
    return faithfulness.measure(case, found, full=full, seconds=seconds, job=job)


def case_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, chat: bool = False) -> Case:
    """What the model says behind "return", against its second choice there."""
    loaded = LoadedModel(model, tokenizer, "tiny", "f", torch.device("cpu"), torch.float64)
    split = Split(Form.CHAT, CHAT, BODY) if chat else Split(Form.DIRECT, HEAD, BODY)
    generation = from_text(TASK, split, tokenizer)
    texts = [token.text for token in generation.tokens]
    return at(loaded, generation, len(texts) - texts[::-1].index(" return"))


def at(loaded: LoadedModel, generation: Generation, position: int) -> Case:
    target = generation.tokens[position]
    pair = ContrastPair(
        position,
        TokenChoice(target.id, target.text, 1),
        TokenChoice(target.id, target.text, 1),
        0.0,
        Origin.VERIFIED,
    )
    case = Case(loaded, generation, pair, Method.ATTNLRP, ObjectiveKind.CONTRAST)
    best = last_logits(case).topk(2).indices.tolist()
    return against(case, next(token for token in best if token != target.id))


def against(case: Case, contrast: int) -> Case:
    """The same case with this contrast token."""
    logits = last_logits(case)
    rank = int((logits > logits[contrast]).sum()) + 1
    choice = TokenChoice(contrast, str(case.loaded.tokenizer.decode([contrast])), rank)
    difference = float(logits[case.pair.target.id] - logits[contrast])
    return evolve(case, pair=evolve(case.pair, contrast=choice, logit_diff=difference))


def last_logits(case: Case, hidden: int | None = None) -> torch.Tensor:
    """(vocabulary,) of the plain model, which may be kept from seeing one token."""
    seen = torch.ones(1, case.pair.position, dtype=torch.long)
    if hidden is not None:
        seen[0, hidden] = 0
    places = torch.arange(case.pair.position)[None]
    with torch.no_grad():
        found: torch.Tensor = case.loaded.model(
            case.ids[None], attention_mask=seen, position_ids=places
        ).logits[0, -1]
    return found


def by_hand(case: Case, hidden: int | None = None) -> float:
    """The objective from its definition."""
    logits, plain = last_logits(case, hidden), last_logits(case)
    less = {
        ObjectiveKind.CONTRAST: logits[case.pair.contrast.id],
        ObjectiveKind.TARGET: torch.zeros(()),
        ObjectiveKind.TOP: logits[plain.topk(10).indices].mean(),
        ObjectiveKind.MEAN: logits.mean(),
    }
    return float(logits[case.pair.target.id] - less[case.kind])
