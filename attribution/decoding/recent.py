"""What a model says behind a text, at the cost of the tokens that it has not read before.

While somebody types, one text after the other differs from the one before at one place. Keys and
values of the tokens before that place stay what they were; only those behind are computed.
"""

from collections.abc import Sequence
from itertools import takewhile

import torch
from attrs import frozen
from transformers import DynamicCache, PreTrainedModel

from attribution.decoding.caches import states
from attribution.decoding.interrupting import checked
from attribution.decoding.linear import few_rows
from attribution.decoding.prefix import Prefix
from attribution.job import Checkpoint

_KEPT = 2  # texts: with edits at two places, each of the two helps the other
_MOST_BYTES = 512 * 2**20  # of all caches together


@frozen(eq=False)
class NextToken:
    """What comes after a text."""

    logits: torch.Tensor  # (vocabulary,) float32 on the CPU
    computed: int  # tokens that went through the model
    reused: int  # tokens that did not have to


@frozen(eq=False)
class _Read:
    ids: tuple[int, ...]
    cache: DynamicCache  # batch of 1, all of `ids`


class Recent:
    """The last texts that one model has read, with their KV caches; the latest is the last."""

    def __init__(self) -> None:
        self._held: list[_Read] = []

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        self._held.clear()

    @torch.inference_mode()
    def next_token(
        self,
        model: PreTrainedModel,
        ids: Sequence[int],
        checkpoint: Checkpoint,
        prefix: Prefix | None = None,
    ) -> NextToken:
        """What `model` says after `ids` (one or more), always the model of the calls before.

        `prefix` is another sequence that it has read. `checkpoint` is called before every layer;
        what it raises (Cancelled) comes out of here, and nothing is remembered then.
        """
        known = [*self._held, *([_Read(prefix.ids, prefix.cache)] if prefix else [])]
        best = max(known, key=lambda read: _shared(read.ids, ids), default=None)
        # The last token is computed in any case: its logits are what is asked for.
        reused = min(_shared(best.ids, ids), len(ids) - 1) if best else 0
        cache = _forked(best.cache, reused) if best and reused else DynamicCache()
        with checked(model, checkpoint), few_rows(model):
            logits = model(
                input_ids=torch.tensor([list(ids[reused:])], device=model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[0, -1]
        self._remember(_Read(tuple(ids), cache))
        return NextToken(logits.float().cpu(), len(ids) - reused, reused)

    def _remember(self, read: _Read) -> None:
        others = [one for one in self._held if one.ids != read.ids]
        self._held = [*others[-(_KEPT - 1) :], read]
        while self._held and sum(_bytes(one.cache) for one in self._held) > _MOST_BYTES:
            del self._held[0]


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Tokens with which both begin."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _forked(cache: DynamicCache, length: int) -> DynamicCache:
    """A copy of the first `length` places, so that the original stays whole."""
    cut = [(keys[..., :length, :], values[..., :length, :]) for keys, values in states(cache)]
    return DynamicCache(cut)  # without a config: no layer forgets what another fork still sees


def _bytes(cache: DynamicCache) -> int:
    return sum(keys.nbytes + values.nbytes for keys, values in states(cache))
