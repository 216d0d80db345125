"""One sequence that the model has read: its KV cache, and what the model thought of each token."""

from collections.abc import Callable, Iterator, Sequence

import torch
from attrs import astuple, frozen
from transformers import DynamicCache, PreTrainedModel

from attribution.decoding.linear import few_rows

TOP_K = 10  # alternatives kept per output position, unless more are asked for
_CPU_PART = 48  # tokens read at a time; about a second of a small model on two cores
_GPU_PART = 1024


@frozen
class Scores:
    """What the model thought at each of m positions, natural-log units."""

    top_ids: torch.Tensor  # (m, k) int64, best first
    top_logits: torch.Tensor  # (m, k) float32
    log_normalizer: torch.Tensor  # (m,) float32, logsumexp of the logits
    entropy: torch.Tensor  # (m,) float32, nats
    chosen_logits: torch.Tensor  # (m,) float32, of the token that stands there
    chosen_ranks: torch.Tensor  # (m,) int64, 1 = first choice

    def split(self, m: int) -> tuple["Scores", "Scores"]:
        """Those of the first m positions, and of the others."""
        head, tail = zip(*((part[:m], part[m:]) for part in _columns(self)), strict=True)
        return Scores(*head), Scores(*tail)


@frozen(eq=False)
class Prefix:
    """One sequence with its KV cache, from which rollouts fork."""

    ids: tuple[int, ...]
    prompt_length: int
    cache: DynamicCache  # batch of 1, all of `ids`
    scores: Scores  # of the output positions
    prompt_scores: Scores  # of the prompt without its first token, of which nothing is expected


def prefill(
    model: PreTrainedModel,
    ids: Sequence[int],
    prompt_length: int,
    top_k: int = TOP_K,
    checkpoint: Callable[[], None] = lambda: None,
) -> Prefix:
    """Read the sequence: its KV cache and the scores of all its positions but the first."""
    cache = DynamicCache()  # without a config: a sliding layer would forget what a fork still sees
    chosen = torch.tensor([*ids, 0][1:], device=model.device)
    parts = [
        _scores(logits.float(), chosen[first : first + len(logits)], top_k)
        for first, logits in read(model, ids, 1, cache, checkpoint)
    ]
    scores = Scores(*(torch.cat(columns) for columns in zip(*map(_columns, parts), strict=True)))
    prompt, output = scores.split(prompt_length - 1)
    return Prefix(tuple(ids), prompt_length, cache, output, prompt)


def score_tokens(
    model: PreTrainedModel,
    ids: Sequence[int],
    prompt_length: int,
    tokens: torch.Tensor,
    checkpoint: Callable[[], None] = lambda: None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (float32) and ranks (int64) of given tokens (m, k) at the m output positions."""
    logit_rows: list[torch.Tensor] = []
    rank_rows: list[torch.Tensor] = []
    for first, logits in read(model, ids, prompt_length, DynamicCache(), checkpoint):
        row = first - prompt_length + 1
        own = logits.gather(-1, tokens[row : row + len(logits)].to(logits.device))
        logit_rows.append(own.float())
        rank_rows.append(
            torch.stack([(logits > column[:, None]).sum(-1) + 1 for column in own.T], -1)
        )
    return torch.cat(logit_rows).cpu(), torch.cat(rank_rows).cpu()


def read(
    model: PreTrainedModel,
    ids: Sequence[int],
    start: int,
    cache: DynamicCache,
    checkpoint: Callable[[], None],
) -> Iterator[tuple[int, torch.Tensor]]:
    """Read `ids` into `cache`, in parts, so that the caller can give up and logits stay small.

    Yields the index of the first token of each part and the logits (tokens, vocabulary) behind
    those of its tokens that are followed by token `start` or a later one.
    """
    size = _CPU_PART if model.device.type == "cpu" else _GPU_PART
    for begin in range(0, len(ids), size):
        checkpoint()
        part = list(ids[begin : begin + size])
        end = begin + len(part)
        kept = range(max(begin, start - 1), min(end, len(ids) - 1))
        with torch.inference_mode(), few_rows(model):
            logits = model(
                input_ids=torch.tensor([part], device=model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=max(1, end - kept.start),  # 0 would mean all of them
            ).logits[0]
        yield kept.start, logits[: len(kept)]


def _columns(scores: Scores) -> tuple[torch.Tensor, ...]:
    return astuple(scores, recurse=False)


def _scores(logits: torch.Tensor, chosen: torch.Tensor, top_k: int) -> Scores:
    top = logits.topk(min(top_k, logits.shape[-1]), dim=-1)
    own = logits.gather(-1, chosen[:, None])
    return Scores(
        top_ids=top.indices.cpu(),
        top_logits=top.values.cpu(),
        log_normalizer=logits.logsumexp(-1).cpu(),
        entropy=torch.special.entr(logits.softmax(-1)).sum(-1).cpu(),
        chosen_logits=own[:, 0].cpu(),
        chosen_ranks=((logits > own).sum(-1) + 1).cpu(),
    )
