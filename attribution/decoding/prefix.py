"""One sequence that the model has read: its KV cache, and what the model thought of each token."""

from collections.abc import Sequence

import torch
from attrs import frozen
from transformers import DynamicCache, PreTrainedModel

TOP_K = 10  # alternatives kept per output position, unless more are asked for


@frozen
class Scores:
    """What the model thought at each output position (m positions), natural-log units."""

    top_ids: torch.Tensor  # (m, k) int64, best first
    top_logits: torch.Tensor  # (m, k) float32
    log_normalizer: torch.Tensor  # (m,) float32, logsumexp of the logits
    entropy: torch.Tensor  # (m,) float32, nats
    chosen_logits: torch.Tensor  # (m,) float32, of the token that stands there
    chosen_ranks: torch.Tensor  # (m,) int64, 1 = first choice


@frozen(eq=False)
class Prefix:
    """One sequence with its KV cache, from which rollouts fork."""

    ids: tuple[int, ...]
    prompt_length: int
    cache: DynamicCache  # batch of 1, all of `ids`
    scores: Scores


@torch.inference_mode()
def prefill(
    model: PreTrainedModel, ids: Sequence[int], prompt_length: int, top_k: int = TOP_K
) -> Prefix:
    """One forward pass over the sequence: its KV cache and the scores of its output positions."""
    cache = DynamicCache()  # without a config: a sliding layer would forget what a fork still sees
    count = len(ids) - prompt_length
    logits = model(
        input_ids=torch.tensor([list(ids)], device=model.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=count + 1,
    ).logits[0, :-1]
    chosen = torch.tensor(list(ids[prompt_length:]), device=model.device, dtype=torch.int64)
    return Prefix(tuple(ids), prompt_length, cache, _scores(logits.float(), chosen, top_k))


@torch.inference_mode()
def asked(
    model: PreTrainedModel, ids: Sequence[int], prompt_length: int, tokens: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (float32) and ranks (int64) of given tokens (m, k) at the m output positions."""
    logits = model(
        input_ids=torch.tensor([list(ids)], device=model.device),
        use_cache=False,
        logits_to_keep=len(ids) - prompt_length + 1,
    ).logits[0, :-1]
    own = logits.gather(-1, tokens.to(logits.device)).float()
    ranks = torch.stack([(logits > column[:, None]).sum(-1) + 1 for column in own.T], -1)
    return own.cpu(), ranks.cpu()


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
