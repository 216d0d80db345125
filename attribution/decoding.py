"""Greedy decoding: one sample from a prompt, and batches of rollouts from a forked KV cache.

A rollout keeps the first tokens of a sequence, takes another token at one position and goes on
greedily. All rows of a batch share the KV cache of the whole original sequence; a mask hides what
comes after each row's own position, so that nothing is prefilled twice.
"""

import copy
from collections.abc import Callable, Sequence

import torch
from attrs import frozen
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from attribution.prompts import Stops
from attribution.tokens import decode

TOP_K = 10  # alternatives kept per output position
_TAIL = 24  # tokens; more than any stop sequence spans


@frozen
class Scores:
    """What the model thought at each output position (m positions), natural-log units."""

    top_ids: torch.Tensor  # (m, TOP_K) int64, best first
    top_logits: torch.Tensor  # (m, TOP_K) float32
    log_normalizer: torch.Tensor  # (m,) float32, logsumexp of the logits
    chosen_logits: torch.Tensor  # (m,) float32, of the token that stands there
    chosen_ranks: torch.Tensor  # (m,) int64, 1 = first choice


@frozen
class Prefix:
    """One sequence with its KV cache, from which rollouts fork."""

    ids: tuple[int, ...]
    prompt_length: int
    cache: DynamicCache  # batch of 1, all of `ids`
    scores: Scores


@frozen
class Branch:
    """Keep `ids[:position]`, then write `token`."""

    position: int
    token: int


@frozen
class Completion:
    """What greedy decoding wrote after the prompt."""

    ids: tuple[int, ...]  # output tokens up to the stop; the last may reach beyond `text`
    text: str  # cut at the stop sequence
    finished: bool  # False: the token limit ended it
    decoded: int  # tokens that were decoded for it


@torch.inference_mode()
def prefill(model: PreTrainedModel, ids: Sequence[int], prompt_length: int) -> Prefix:
    """One forward pass over the sequence: its KV cache and the scores of its output positions."""
    cache = DynamicCache(config=model.config)
    count = len(ids) - prompt_length
    logits = model(
        input_ids=torch.tensor([list(ids)], device=model.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=count + 1,
    ).logits[0, :-1]
    chosen = torch.tensor(list(ids[prompt_length:]), device=model.device, dtype=torch.int64)
    return Prefix(tuple(ids), prompt_length, cache, _scores(logits.float(), chosen))


def _scores(logits: torch.Tensor, chosen: torch.Tensor) -> Scores:
    top = logits.topk(min(TOP_K, logits.shape[-1]), dim=-1)
    own = logits.gather(-1, chosen[:, None])
    return Scores(
        top_ids=top.indices.cpu(),
        top_logits=top.values.cpu(),
        log_normalizer=logits.logsumexp(-1).cpu(),
        chosen_logits=own[:, 0].cpu(),
        chosen_ranks=((logits > own).sum(-1) + 1).cpu(),
    )


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt_ids: Sequence[int],
    stops: Stops,
    *,
    max_new_tokens: int,
    checkpoint: Callable[[int], None],
) -> Completion:
    """Greedy decoding from a prompt; `checkpoint` gets the number of tokens so far."""
    cache = DynamicCache(config=model.config)
    head = torch.tensor([list(prompt_ids)], device=model.device)
    logits = model(input_ids=head, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
    first = int(logits[0, -1].argmax())
    batch = _Batch(model, tokenizer, stops, cache, [len(prompt_ids)], [[first]])
    return batch.run(max_new_tokens, checkpoint)[0]


@torch.inference_mode()
def rollouts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prefix: Prefix,
    branches: Sequence[Branch],
    stops: Stops,
    *,
    max_new_tokens: int,
    checkpoint: Callable[[int], None],
) -> list[Completion]:
    """Finish every branch greedily, as one batch; the order is that of `branches`."""
    cache = copy.deepcopy(prefix.cache)
    cache.batch_repeat_interleave(len(branches))
    heads = [[*prefix.ids[prefix.prompt_length : b.position], b.token] for b in branches]
    batch = _Batch(model, tokenizer, stops, cache, [b.position for b in branches], heads)
    return batch.run(max_new_tokens, checkpoint)


class _Batch:
    """Rows that decode together; a finished row leaves, so that the others go faster."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        stops: Stops,
        cache: DynamicCache,
        kept: list[int],
        outputs: list[list[int]],
    ) -> None:
        """`kept[r]` cached tokens are visible to row r; its output so far ends in a token that
        the model has not seen yet."""
        self._model = model
        self._tokenizer = tokenizer
        self._stops = stops
        self._cache = cache
        self._outputs = outputs
        self._heads = [len(output) for output in outputs]
        self._rows = list(range(len(outputs)))  # row of the batch → index of the output
        self._positions = torch.tensor(kept, device=model.device)
        width = torch.arange(cache.get_seq_length(), device=model.device)
        self._mask = (width[None, :] < self._positions[:, None]).long()

    def run(self, max_new_tokens: int, checkpoint: Callable[[int], None]) -> list[Completion]:
        done: dict[int, Completion] = {}
        for step in range(1, max_new_tokens + 1):
            checkpoint(step)
            done.update(self._leave(last=step == max_new_tokens))
            if not self._rows:
                break
            self._advance()
        return [done[index] for index in sorted(done)]

    def _leave(self, *, last: bool) -> dict[int, Completion]:
        """Take the rows that are finished (all of them at the `last` step) out of the batch."""
        tails = self._tokenizer.batch_decode(
            [self._outputs[index][-_TAIL:] for index in self._rows]
        )
        ended = [
            self._outputs[index][-1] in self._stops.end_ids or self._stops.cut(tail) is not None
            for index, tail in zip(self._rows, tails, strict=True)
        ]
        leaving = [i for i, e in zip(self._rows, ended, strict=True) if e or last]
        done = {
            index: self._completion(index, finished=bool(ended[self._rows.index(index)]))
            for index in leaving
        }
        staying = [row for row, index in enumerate(self._rows) if index not in done]
        if done and staying:
            self._select(staying)
        self._rows = [self._rows[row] for row in staying]
        return done

    def _select(self, rows: list[int]) -> None:
        chosen = torch.tensor(rows, device=self._mask.device)
        self._cache.batch_select_indices(chosen)
        self._mask = self._mask[chosen]
        self._positions = self._positions[chosen]

    def _advance(self) -> None:
        last = [[self._outputs[index][-1]] for index in self._rows]
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(last), 1)], dim=1)
        logits = self._model(
            input_ids=torch.tensor(last, device=self._mask.device),
            attention_mask=self._mask,
            position_ids=self._positions[:, None],
            past_key_values=self._cache,
            use_cache=True,
        ).logits[:, -1]
        self._positions = self._positions + 1
        for index, token in zip(self._rows, logits.argmax(-1).tolist(), strict=True):
            self._outputs[index].append(token)

    def _completion(self, index: int, *, finished: bool) -> Completion:
        output = self._outputs[index]
        decoded = len(output) - self._heads[index]
        ids = output[:-1] if output[-1] in self._stops.end_ids else output
        text = decode(self._tokenizer, ids)
        cut = self._stops.cut(text)
        if cut is not None:
            text, ids = text[:cut], list(self._reaching(ids, cut))
        return Completion(tuple(ids), text, finished, decoded)

    def _reaching(self, ids: list[int], length: int) -> Sequence[int]:
        """The shortest head of `ids` whose text covers `length` characters."""
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            text = decode(self._tokenizer, ids[:middle])
            if len(text.rstrip("\ufffd")) < length:
                low = middle + 1
            else:
                high = middle
        return ids[:low]
