"""Greedy decoding: samples from prompts, and rollouts from a sequence that was read before."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from attribution.decoding.endings import Completion, Reader
from attribution.decoding.forest import Forest
from attribution.decoding.prefix import Prefix, read
from attribution.decoding.prompts import Stops
from attribution.decoding.rollout import Branch


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[tuple[Sequence[int], Stops]],
    *,
    max_new_tokens: int,
    checkpoint: Callable[[int], None],
) -> Iterator[tuple[int, Completion]]:
    """Greedy completions with the index of their prompt, as they end.

    `checkpoint` gets the number of forward passes so far.
    """
    forest = Forest(model)
    waiting = list(enumerate(prompts))[::-1]
    index_of: dict[int, int] = {}
    while waiting or forest.busy:
        checkpoint(forest.work.forwards)
        if waiting and forest.has_room:
            index, (ids, stops) = waiting.pop()
            cache = DynamicCache()
            for _ in read(
                model, ids[:-1], len(ids), cache, partial(checkpoint, forest.work.forwards)
            ):
                pass
            root = forest.add_root(ids, len(ids), cache, Reader(tokenizer, stops, ids[-1]))
            # The prompt but for its last token, from which decoding starts.
            branch = Branch(len(ids) - 1, (ids[-1],), max_new_tokens, root)
            index_of[forest.admit(branch)] = index
            continue
        for done in forest.step(partial(checkpoint, forest.work.forwards)):
            forest.drop_root(done.branch.root)
            yield index_of[done.number], done.completion


def rollouts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prefix: Prefix,
    branches: Sequence[Branch],
    stops: Stops,
    *,
    checkpoint: Callable[[int], None],
    width: int | None = None,
) -> list[Completion]:
    """Finish every branch; the order is that of `branches`.

    Stop sequences count from the branch's own token on: a sample that is not ours may hold some.
    """
    forest = Forest(model, width=width)
    reader = Reader(tokenizer, stops, prefix.ids[prefix.prompt_length - 1])
    forest.add_root(prefix.ids, prefix.prompt_length, prefix.cache, reader)
    waiting, found = list(enumerate(branches))[::-1], {}
    index_of: dict[int, int] = {}
    while waiting or forest.busy:
        checkpoint(forest.work.forwards)
        while waiting and forest.has_room:
            index, branch = waiting.pop()
            index_of[forest.admit(branch)] = index
        for done in forest.step(partial(checkpoint, forest.work.forwards)):
            found[index_of[done.number]] = done.completion
    return [found[index] for index in range(len(branches))]
