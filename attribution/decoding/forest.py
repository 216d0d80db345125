"""Many rollouts in one sequence: tree decoding over a shared KV cache.

All rollouts live in one cache of batch size 1. Every place of it has an owner (a root sequence or
a rollout) and a position, and a mask shows each token the places of its root before the fork and
those of its own rollout. So a fork copies nothing, rollouts of any position (and of several
prompts) go through the model together, each with a draft of its own length, and one that ends
leaves room for the next at once. Windows of sliding attention reach back by position.

A rollout mostly writes what the root or another rollout wrote before. That is drafted, and verified
in the same forward pass (speculative decoding with exact greedy acceptance, Leviathan et al. 2023,
section 2), so the result is that of plain greedy decoding.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from attrs import define, frozen
from transformers import DynamicCache, PreTrainedModel

from attribution.decoding.caches import cut, states
from attribution.decoding.drafts import share
from attribution.decoding.endings import Completion, Reader
from attribution.decoding.interrupting import checked
from attribution.decoding.linear import few_rows, is_packed
from attribution.decoding.rollout import Branch, Choice, Rollout, Root
from attribution.job import Checkpoint, carry_on

_DEAD = -(2**31)  # owner of a place that nobody sees
_SLACK = 128  # dead places that are not worth a compaction
# Tokens per forward pass: more are hardly cheaper, and the first results later.
_CPU_WIDTH = 32
_PACKED_WIDTH = 16  # where half as many cost little more than half
_GPU_WIDTH = 256  # where more come nearly for free
_LONGEST_DRAFT = 16  # tokens


@frozen
class Finished:
    """A rollout that has ended."""

    number: int
    branch: Branch
    completion: Completion
    # Of each token that it decoded (not of those it was given): the likeliest ids, best first,
    # and their log-probabilities. Empty unless the forest keeps them.
    choices: list[Choice]


@define
class DecodingCost:
    """What decoding has cost so far, in tokens."""

    forwards: int = 0
    computed: int = 0  # went through the model
    written: int = 0  # decoded: chosen by the model
    accepted: int = 0  # of the written ones: drafted before, so that they cost no step
    plain: int = 0  # what prefilling every prefix and decoding token by token would have computed


class Forest:
    """Rollouts that decode together; the caller admits them and takes what has ended."""

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        keep: int = 0,
        width: int | None = None,
        work: DecodingCost | None = None,
    ) -> None:
        """`keep`: alternatives remembered per decoded token. `width`: tokens per forward pass.

        `work` goes on being counted where it is given.
        """
        self._model = model
        self._keep = keep
        self.width = width or _width(model)
        self._numbers = itertools.count()
        self._roots: list[Root] = []
        self._rows: dict[int, Rollout] = {}
        self._ready: list[Finished] = []  # what had ended when it was admitted
        self._cache = DynamicCache()
        self._owner = torch.empty(0, dtype=torch.int64, device=model.device)
        self._position = torch.empty(0, dtype=torch.int64, device=model.device)
        self.work = work or DecodingCost()

    def add_root(self, ids: Sequence[int], start: int, cache: DynamicCache, reader: Reader) -> int:
        """Add a root that the model has read; its output begins at `start`. Returns its index."""
        self._roots.append(Root(tuple(ids), start, reader))
        held = cache.get_seq_length()
        if held:
            for index, (keys, values) in enumerate(states(cache)):
                self._cache.update(keys, values, index)
        self._own(-len(self._roots), torch.arange(held))
        return len(self._roots) - 1

    @property
    def has_room(self) -> bool:
        """Half of the width is left to drafts; rollouts that go on must be read again first."""
        pending = sum(len(row.ids) - row.seen for row in self._rows.values())
        return len(self._rows) < max(1, self.width // 2) and pending < 2 * self.width

    @property
    def rows(self) -> Mapping[int, Rollout]:
        """What is decoding, by number."""
        return self._rows

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do or to hand over."""
        return bool(self._rows or self._ready)

    def admit(self, branch: Branch, *, resumed: bool = False, eager: bool = False) -> int:
        """Begin a rollout, or go on with one that was withdrawn; returns its number.

        Drafts for `eager` ones come before those for others.
        """
        number = next(self._numbers)
        row = self._rows[number] = Rollout.of(branch, self._roots[branch.root], eager)
        if not resumed:
            self.work.plain += branch.position + len(branch.tokens) - 1
        if row.full or row.ended:
            self._ready.append(self._finish(number))
        return number

    def drop_root(self, root: int) -> None:
        """Forget a root of which no rollout is left."""
        self._owner = self._owner.masked_fill(self._owner == -1 - root, _DEAD)

    def drain(self) -> list[Finished]:
        """What had ended when it was admitted, without a step."""
        ended, self._ready = self._ready, []
        return ended

    def withdraw(self, number: int) -> Branch:
        """Take a rollout out; the branch that comes back goes on where it was."""
        row = self._leave(number)
        branch = row.branch
        tokens = tuple(row.ids[branch.position :])
        return Branch(
            branch.position, tokens, branch.limit, branch.root, branch.temperature, branch.seed
        )

    @torch.inference_mode()
    def step(self, checkpoint: Checkpoint = carry_on) -> list[Finished]:
        """One forward pass for all rollouts: each gets at least one token further.

        `checkpoint` is called before every layer. Whatever ends the pass, nothing is lost by it.
        """
        self._compact()
        feeds = self._plan()
        if not feeds:
            return self.drain()
        fed, place = len(self._owner), 0  # places of the cache and rows of the logits so far
        try:
            with checked(self._model, checkpoint):
                logits = self._forward(feeds)
        except BaseException:
            cut(self._cache, fed)
            self._owner, self._position = self._owner[:fed], self._position[:fed]
            raise
        ended = self.drain()  # not before: the forward may run out of memory
        chosen, choices = logits.argmax(-1).tolist(), self._choices(logits)
        for number, (row, pending, draft) in feeds.items():
            end = place + len(draft) + 1
            if row.generator is not None:
                chosen[place] = row.sample(logits[place], row.generator)
            accepted, done = self._accept(row, draft, chosen[place:end], choices[place:end])
            fed += len(pending) + len(draft)
            self._owner[fed - len(draft) + accepted : fed] = _DEAD
            place = end
            if done or row.full:
                ended.append(self._finish(number, finished=done))
        return ended

    def _plan(self) -> dict[int, tuple[Rollout, list[int], Sequence[int]]]:
        """What each row feeds: tokens that the model has not seen, and a draft."""
        pending = {n: row.ids[row.seen :] for n, row in self._rows.items()}
        spare = self.width - sum(map(len, pending.values()))
        known = {n: list(row.draft(_LONGEST_DRAFT)) for n, row in self._rows.items()}
        eager = {n for n, row in self._rows.items() if row.eager}
        drafts = share(known, eager, spare)
        return {n: (row, pending[n], drafts[n]) for n, row in self._rows.items()}

    def _forward(self, feeds: dict[int, tuple[Rollout, list[int], Sequence[int]]]) -> torch.Tensor:
        """Logits (tokens, vocabulary) behind the last pending token and behind every draft."""
        ids: list[int] = []
        kept: list[int] = []
        columns: list[tuple[int, int, int, int]] = []  # owner, position, root, fork of each token
        for number, (row, pending, draft) in feeds.items():
            kept += range(len(ids) + len(pending) - 1, len(ids) + len(pending) + len(draft))
            ids += [*pending, *draft]
            fork, root = row.branch.position, -1 - row.branch.root
            places = range(row.seen, row.seen + len(pending) + len(draft))
            columns += [(number, place, root, fork) for place in places]
        device = self._model.device
        owner, position, root, fork = torch.tensor(columns, device=device).T
        self._own(owner, position)
        seen = (self._owner == root[:, None]) & (self._position < fork[:, None])
        seen |= (self._owner == owner[:, None]) & (self._position <= position[:, None])
        self.work.forwards += 1
        self.work.computed += len(ids)
        with few_rows(self._model):
            answer = self._model(
                input_ids=torch.tensor([ids], device=device),
                attention_mask=self._masks(seen, position),
                position_ids=position[None],
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=torch.tensor(kept),  # on the CPU: it may index any device's states
            )
        logits: torch.Tensor = answer.logits[0]
        return logits.float()

    def _masks(self, seen: torch.Tensor, position: torch.Tensor) -> Any:
        """What the attention layers add to their scores: one mask, or one per kind of layer."""
        config = self._model.config.get_text_config(decoder=True)
        window = getattr(config, "sliding_window", None)
        full = self._additive(seen)
        if window is None:
            return full
        near = self._additive(seen & (self._position > position[:, None] - window))
        kinds = getattr(config, "layer_types", None)
        return {"full_attention": full, "sliding_attention": near} if kinds else near

    def _additive(self, seen: torch.Tensor) -> torch.Tensor:
        dtype = self._model.dtype
        mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
        return mask.masked_fill_(~seen, torch.finfo(dtype).min)[None, None]

    def _choices(self, logits: torch.Tensor) -> list[Choice]:
        if not self._keep:
            return [([], [])] * len(logits)
        top = logits.topk(self._keep, dim=-1)
        values = top.values - logits.logsumexp(-1, keepdim=True)
        return list(zip(top.indices.tolist(), values.tolist(), strict=True))

    def _accept(
        self,
        row: Rollout,
        draft: Sequence[int],
        picked: Sequence[int],
        choices: Sequence[Choice],
    ) -> tuple[int, bool]:
        """Write what the model chose, as far as the draft foresaw it and one token more.

        Returns how many drafted tokens stay, and whether the row has ended.
        """
        right = [*(d == p for d, p in zip(draft, picked, strict=False)), False]
        agreed = right.index(False)
        row.seen = len(row.ids) + agreed
        for count, token in enumerate(picked[: agreed + 1]):
            row.write(token)
            if self._keep:
                row.choices.append(choices[count])
            self.work.written += 1
            self.work.plain += 1
            self.work.accepted += count < agreed
            if row.ended:
                return count, True
        return agreed, False

    def _finish(self, number: int, *, finished: bool = False) -> Finished:
        row = self._leave(number)
        own = row.own - row.root.start
        completion = row.root.reader.completion(row.output, own, finished=finished or row.ended)
        return Finished(number, row.branch, completion, row.choices)

    def _leave(self, number: int) -> Rollout:
        self._owner = self._owner.masked_fill(self._owner == number, _DEAD)
        return self._rows.pop(number)

    def _own(self, owner: torch.Tensor | int, position: torch.Tensor) -> None:
        position = position.to(self._position.device)
        owners = torch.zeros_like(position) + owner
        self._owner = torch.cat([self._owner, owners])
        self._position = torch.cat([self._position, position])

    def _compact(self) -> None:
        """Drop dead places once they outweigh the living ones of the rollouts."""
        dead = int((self._owner == _DEAD).sum())
        if dead < _SLACK or dead < int((self._owner >= 0).sum()):
            return
        alive = (self._owner != _DEAD).nonzero()[:, 0]
        held = states(self._cache)
        self._cache = DynamicCache()
        for index, (keys, values) in enumerate(held):
            there = alive.to(keys.device)
            self._cache.update(keys[..., there, :], values[..., there, :], index)
        self._owner, self._position = self._owner[alive], self._position[alive]


def _width(model: PreTrainedModel) -> int:
    if model.device.type != "cpu":
        return _GPU_WIDTH
    return _PACKED_WIDTH if is_packed(model) else _CPU_WIDTH
