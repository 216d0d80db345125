"""Rollouts are token-identical to plain greedy decoding from the same prefix."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch
from attrs import astuple
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding import Branch
from attribution.decoding import prefix as prefix_module
from attribution.decoding.linear import is_packed, packed
from attribution.decoding.prompts import Stops
from attribution.engine.stages import verify_repair
from attribution.errors import Cancelled, ModelUnavailable
from attribution.models.catalogue import SMALL
from attribution.models.loader import load
from attribution.schema import ModelSettings
from tests.attribution.lrp.tiny import WINDOWED, Shape, build

NEVER = Stops((), frozenset())


def greedy(model: PreTrainedModel, ids: list[int], new: int) -> list[int]:
    """transformers' own greedy decoding, which does not stop at an end token here.

    The mask is given, because transformers would hide padding tokens, which are words to us.
    """
    row = torch.tensor([ids])
    generate: Any = model.generate
    out = generate(
        row,
        attention_mask=torch.ones_like(row),
        do_sample=False,
        max_new_tokens=new,
        eos_token_id=None,
    )
    return out[0].tolist()


def complete(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompt: list[int],
    stops: Stops,
    new: int = 30,
) -> decoding.Completion:
    ((index, done),) = decoding.generate(
        model, tokenizer, [(prompt, stops)], max_new_tokens=new, checkpoint=lambda _: None
    )
    assert index == 0
    return done


@pytest.fixture(scope="module")
def prefix(model: PreTrainedModel) -> decoding.Prefix:
    ids = greedy(model, list(range(5, 12)), 20)
    return decoding.prefill(model, ids, 7)


def test_scores_are_those_of_every_token_but_the_first(
    model: PreTrainedModel, prefix: decoding.Prefix
) -> None:
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prefix.ids])).logits[0]
    for scores, places in ((prefix.prompt_scores, range(1, 7)), (prefix.scores, range(7, 27))):
        expected = logits[[place - 1 for place in places]].topk(decoding.TOP_K)
        assert torch.equal(scores.top_ids, expected.indices)
        assert torch.allclose(scores.top_logits, expected.values.float(), atol=1e-5)
        assert scores.chosen_ranks.shape == (len(places),)


def test_generate_equals_transformers(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    prompt = [3, 1, 4, 1, 5]
    ours = complete(model, tokenizer, prompt, NEVER)
    assert [*prompt, *ours.ids] == greedy(model, prompt, 30)
    assert not ours.finished


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_rollouts_equal_plain_greedy_decoding(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prefix: decoding.Prefix,
    data: st.DataObject,
) -> None:
    branch = st.builds(
        Branch,
        st.integers(prefix.prompt_length, len(prefix.ids) - 1),
        st.lists(st.integers(0, len(tokenizer) - 1), min_size=1, max_size=3).map(tuple),
        st.integers(1, 20),
    )
    branches = data.draw(st.lists(branch, min_size=1, max_size=12))
    width = data.draw(st.integers(1, 64))
    done = decoding.rollouts(
        model, tokenizer, prefix, branches, NEVER, checkpoint=lambda _: None, width=width
    )
    for b, completion in zip(branches, done, strict=True):
        head = [*prefix.ids[: b.position], *b.tokens]
        new = b.limit - len(b.tokens)
        assert [*prefix.ids[:7], *completion.ids] == (greedy(model, head, new) if new > 0 else head)
    assert prefix.cache.get_seq_length() == len(prefix.ids)


@pytest.mark.slow
@pytest.mark.parametrize("way", [nullcontext, packed])
def test_rollouts_of_real_weights_are_plain_greedy_decoding(
    way: Callable[[PreTrainedModel], AbstractContextManager[None]],
) -> None:
    """As above, where a continuation means something and rejoins what was written before."""
    try:
        loaded = load(ModelSettings(SMALL, "cpu", "float32"))
    except ModelUnavailable as error:
        pytest.skip(str(error))

    def plainly(head: list[int], new: int) -> list[int]:
        whole = len(head) + new
        return verify_repair.greedy(loaded.model, head, whole, lambda _: False, lambda: None)

    prompt = loaded.tokenizer("def count_words(text: str) -> dict[str, int]:\n    words = {}\n")
    start = len(prompt.input_ids)
    prefix = decoding.prefill(loaded.model, plainly(prompt.input_ids, 42), start)
    branches = [Branch(start + k, (int(prefix.scores.top_ids[k, 1]),), 32) for k in range(0, 42, 7)]
    with way(loaded.model):
        if way is packed and not is_packed(loaded.model):
            pytest.skip("nothing is packed here")
        done = decoding.rollouts(
            loaded.model, loaded.tokenizer, prefix, branches, NEVER, checkpoint=lambda _: None
        )
    for b, completion in zip(branches, done, strict=True):
        whole = [*prefix.ids[:start], *completion.ids]
        assert whole == plainly([*prefix.ids[: b.position], *b.tokens], 31)


@pytest.mark.parametrize("family", WINDOWED)
def test_rollouts_of_models_with_windows_are_plain_greedy_decoding(
    family: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    windowed = build(Shape(family, window=4))
    ids = greedy(windowed, [3, 1, 4, 1, 5], 12)
    prefix = decoding.prefill(windowed, ids, 5)
    branches = [Branch(p, (token,), 6) for p in (5, 9, 9, 14) for token in (7, 2)]
    done = decoding.rollouts(
        windowed, tokenizer, prefix, branches, NEVER, checkpoint=lambda _: None
    )
    for b, completion in zip(branches, done, strict=True):
        assert [*ids[:5], *completion.ids] == greedy(windowed, [*ids[: b.position], *b.tokens], 5)
    ours = complete(windowed, tokenizer, ids[:5], NEVER, 12)
    assert [*ids[:5], *ours.ids] == ids


def test_scores_are_the_logits_of_a_plain_forward(
    model: PreTrainedModel, prefix: decoding.Prefix
) -> None:
    with torch.no_grad():
        logits = model(torch.tensor([prefix.ids])).logits[0, 6:-1].float()
    chosen = torch.tensor(prefix.ids[7:])
    scores = prefix.scores
    assert torch.allclose(scores.top_logits, logits.topk(10).values)
    assert torch.allclose(scores.log_normalizer, logits.logsumexp(-1))
    assert torch.equal(scores.top_ids[:, 0], chosen)  # greedy text: always the first choice
    assert scores.chosen_ranks.tolist() == [1] * 20


@pytest.mark.parametrize("family", WINDOWED)
def test_reading_in_parts_changes_nothing(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    windowed, ids = build(Shape(family, window=4)), [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
    wanted = torch.tensor([[7, 8, 9]] * 6)
    whole = decoding.prefill(windowed, ids, 5)
    parts: list[int] = []
    monkeypatch.setattr(prefix_module, "_CPU_PART", 3)
    read = decoding.prefill(windowed, ids, 5, checkpoint=lambda: parts.append(1))
    assert len(parts) == 4  # so that it can be given up in between
    for ours, theirs in zip(astuple(read.scores), astuple(whole.scores), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
    with torch.no_grad():
        logits = windowed(torch.tensor([ids])).logits[0, 4:-1].float()
    own, ranks = decoding.score_tokens(windowed, ids, 5, wanted)
    assert torch.allclose(own, logits.gather(-1, wanted), atol=1e-5)
    theirs = logits.gather(-1, wanted)[..., None]
    assert torch.equal(ranks, (logits[:, None] > theirs).sum(-1) + 1)
    assert read.cache.get_seq_length() == len(ids)


def test_a_stop_sequence_cuts_the_text_and_the_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    prompt = [3, 1, 4, 1, 5]
    free = complete(model, tokenizer, prompt, NEVER)
    text = free.text
    stop = next(text[i : i + 3] for i in range(9, 99) if text.index(text[i : i + 3]) == i)
    cut = complete(model, tokenizer, prompt, Stops((stop,), frozenset()))
    assert cut.finished
    assert cut.text == free.text[: free.text.index(stop)]
    assert cut.ids == free.ids[: len(cut.ids)]
    assert len(tokenizer.decode([*cut.ids])) >= len(cut.text)
    assert len(tokenizer.decode([*cut.ids[:-1]])) < len(cut.text)


def test_an_end_token_is_not_part_of_the_completion(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    prompt = [3, 1, 4, 1, 5]
    sixth = greedy(model, prompt, 6)[-1]
    done = complete(model, tokenizer, prompt, Stops((), frozenset({sixth})))
    assert done.finished
    assert [*prompt, *done.ids, sixth] == greedy(model, prompt, len(done.ids) + 1)


def test_cancel_stops_at_the_next_token(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    seen = []

    def checkpoint(tokens: int) -> None:
        seen.append(tokens)
        if tokens == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(
            decoding.generate(
                model, tokenizer, [([3, 1], NEVER)], max_new_tokens=30, checkpoint=checkpoint
            )
        )
    assert seen[-1] == 4


def test_stops_before_the_flip_do_not_count(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    """A foreign sample may hold stop sequences; a repair behind them must keep its flip."""
    prompt = tokenizer("def f(x):\n").input_ids
    output = tokenizer("    return 1\nassert f(1) == 2\nassert f(2)").input_ids
    prefix = decoding.prefill(model, [*prompt, *output], len(prompt))
    stops = Stops(("\nassert ",), frozenset())
    position = len(prefix.ids) - 1
    token = tokenizer("x").input_ids[0]
    (done,) = decoding.rollouts(
        model, tokenizer, prefix, [Branch(position, (token,), 4)], stops, checkpoint=lambda _: None
    )
    assert done.ids[: len(output)] == (*output[:-1], token)
    assert done.text.startswith("    return 1\nassert f(1) == 2\nassert f(2x")


def test_a_flip_may_complete_a_stop_sequence(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    prompt = tokenizer("def f(x):\n").input_ids
    output = tokenizer("    return 1\nz").input_ids
    prefix = decoding.prefill(model, [*prompt, *output], len(prompt))
    stop = "\n" + str(tokenizer.decode([tokenizer("assert").input_ids[0]]))
    (done,) = decoding.rollouts(
        model,
        tokenizer,
        prefix,
        [Branch(len(prefix.ids) - 1, (tokenizer("assert").input_ids[0],), 4)],
        Stops((stop,), frozenset()),
        checkpoint=lambda _: None,
    )
    assert done.finished
    assert done.text == "    return 1"
