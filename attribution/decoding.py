"""Greedy decoding: one sample from a prompt, and batches of rollouts from a forked KV cache.

A rollout keeps the first tokens of a sequence, takes another token at one position and goes on
greedily. All rows of a batch share the KV cache of the whole original sequence; a mask hides what
comes after each row's own position, so that nothing is prefilled twice. Where a model has sliding
windows, which reach back by places in the cache, only rows of the same position share one.
"""

import copy
import itertools
from collections.abc import Callable, Sequence

import torch
from attrs import frozen
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from attribution.prompts import Stops
from attribution.tokens import decode_after

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
    """Keep `ids[:position]`, then write `token` and go on."""

    position: int
    token: int
    limit: int  # tokens it may write, `token` included


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
    cache = DynamicCache()  # without a config: a sliding layer would forget what a fork still sees
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
    row = _Row(0, len(prompt_ids), [int(logits[0, -1].argmax())], max_new_tokens)
    text = _Text(tokenizer, stops, prompt_ids[-1])
    return _Batch(model, text, cache, [row]).run(checkpoint)[0]


@torch.inference_mode()
def rollouts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prefix: Prefix,
    branches: Sequence[Branch],
    stops: Stops,
    *,
    checkpoint: Callable[[int], None],
) -> list[Completion]:
    """Finish every branch greedily, as one batch; the order is that of `branches`.

    Stop sequences count from the branch's own token on: a sample that is not ours may hold some.
    """
    positions = {branch.position for branch in branches}
    longest = len(prefix.ids) + max(branch.limit for branch in branches)
    if len(positions) == 1 or not _windows_end_within(model, longest):
        return _fork(model, tokenizer, prefix, branches, stops, checkpoint)
    done: dict[Branch, Completion] = {}
    for position in positions:
        group = [branch for branch in branches if branch.position == position]
        found = _fork(model, tokenizer, prefix, group, stops, checkpoint)
        done.update(zip(group, found, strict=True))
    return [done[branch] for branch in branches]


def _windows_end_within(model: PreTrainedModel, length: int) -> bool:
    """Whether a sliding window of the model hides something of so many tokens."""
    window = getattr(model.config.get_text_config(decoder=True), "sliding_window", None)
    return window is not None and window < length


def _fork(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prefix: Prefix,
    branches: Sequence[Branch],
    stops: Stops,
    checkpoint: Callable[[int], None],
) -> list[Completion]:
    """Finish the branches in one batch, from what the first of them have in common."""
    cache = copy.deepcopy(prefix.cache)
    behind = len(prefix.ids) - max(branch.position for branch in branches)
    cache.crop(-behind)  # nobody sees what is there
    cache.batch_repeat_interleave(len(branches))
    start = prefix.prompt_length
    rows = [
        _Row(b.position - start, b.position, [*prefix.ids[start : b.position], b.token], b.limit)
        for b in branches
    ]
    text = _Text(tokenizer, stops, prefix.ids[start - 1])
    return _Batch(model, text, cache, rows).run(checkpoint)


@frozen
class _Row:
    """One sequence of a batch; `output` grows and ends in a token the model has not seen yet."""

    kept: int  # output tokens that were copied, not decoded
    visible: int  # cached tokens that it sees, prompt included
    output: list[int]
    limit: int  # tokens it may write behind the kept ones

    @property
    def written(self) -> int:
        return len(self.output) - self.kept


@frozen
class _Text:
    """How output ids read, and where they end."""

    tokenizer: PreTrainedTokenizerBase
    stops: Stops
    context: int  # the last token of the prompt

    def ended(self, rows: Sequence[_Row]) -> list[bool]:
        """Which rows have reached an end token or a stop sequence."""
        tails = self.tokenizer.batch_decode([row.output[-_TAIL:] for row in rows])
        return [
            row.output[-1] in self.stops.end_ids
            # The tail is a cheap first look; it may lie before the row's own tokens.
            or (self.stops.cut(tail) is not None and self._cut(row, row.output)[1] is not None)
            for row, tail in zip(rows, tails, strict=True)
        ]

    def completion(self, row: _Row, *, finished: bool) -> Completion:
        ids = row.output[:-1] if row.output[-1] in self.stops.end_ids else row.output
        text, cut = self._cut(row, ids)
        if cut is not None:
            text, ids = text[:cut], self._reaching(ids, cut)
        return Completion(tuple(ids), text, finished, row.written - 1)

    def _cut(self, row: _Row, ids: Sequence[int]) -> tuple[str, int | None]:
        text = decode_after(self.tokenizer, self.context, ids)
        start = len(decode_after(self.tokenizer, self.context, ids[: row.kept]))
        return text, self.stops.cut(text, start)

    def _reaching(self, ids: list[int], length: int) -> list[int]:
        """The shortest head of `ids` whose text covers `length` characters."""
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            text = decode_after(self.tokenizer, self.context, ids[:middle])
            if len(text.rstrip("\ufffd")) < length:
                low = middle + 1
            else:
                high = middle
        return ids[:low]


class _Batch:
    """Rows that decode together; a finished row leaves, so that the others go faster."""

    def __init__(
        self, model: PreTrainedModel, text: _Text, cache: DynamicCache, rows: list[_Row]
    ) -> None:
        self._model = model
        self._text = text
        self._cache = cache
        self._rows = dict(enumerate(rows))  # in the order of the batch
        self._positions = torch.tensor([row.visible for row in rows], device=model.device)
        width = torch.arange(cache.get_seq_length(), device=model.device)
        self._mask = (width[None, :] < self._positions[:, None]).long()

    def run(self, checkpoint: Callable[[int], None]) -> list[Completion]:
        done: dict[int, Completion] = {}
        for step in itertools.count(1):
            checkpoint(step)
            done.update(self._leave())
            if not self._rows:
                break
            self._advance()
        return [done[index] for index in sorted(done)]

    def _leave(self) -> dict[int, Completion]:
        """Take the rows that have ended or reached their limit out of the batch."""
        ended = self._text.ended(list(self._rows.values()))
        done = {
            index: self._text.completion(row, finished=end)
            for (index, row), end in zip(self._rows.items(), ended, strict=True)
            if end or row.written >= row.limit
        }
        staying = [place for place, index in enumerate(self._rows) if index not in done]
        if done and staying:
            chosen = torch.tensor(staying, device=self._mask.device)
            self._cache.batch_select_indices(chosen)
            self._mask = self._mask[chosen]
            self._positions = self._positions[chosen]
        self._rows = {index: row for index, row in self._rows.items() if index not in done}
        return done

    def _advance(self) -> None:
        last = [[row.output[-1]] for row in self._rows.values()]
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(last), 1)], dim=1)
        logits = self._model(
            input_ids=torch.tensor(last, device=self._mask.device),
            attention_mask=self._mask,
            position_ids=self._positions[:, None],
            past_key_values=self._cache,
            use_cache=True,
        ).logits[:, -1]
        self._positions = self._positions + 1
        for row, token in zip(self._rows.values(), logits.argmax(-1).tolist(), strict=True):
            row.output.append(token)
