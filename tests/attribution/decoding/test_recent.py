"""Keys and values that are kept give the same logits as reading the whole text again."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution import decoding
from attribution.decoding import Recent, recent
from attribution.errors import Cancelled
from tests.attribution.giving_up import GiveUp
from tests.attribution.lrp.tiny import FAMILIES, VOCABULARY, WINDOWED, Shape, build, logits, tokens


def carry_on() -> None:
    pass


def whole(model: Any, ids: list[int]) -> torch.Tensor:
    """(vocabulary,) behind `ids`, read at once and without a cache."""
    return logits(model, torch.tensor(ids))[-1].float()


def edited(ids: list[int], at: int, removed: int, added: list[int]) -> list[int]:
    return [*ids[:at], *added, *ids[at + removed :]] or [0]


@pytest.fixture(scope="module")
def model() -> Any:
    return build()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_says_the_same_with_and_without(family: str) -> None:
    shape = Shape(family, window=4 if family in WINDOWED else None)
    model, ids = build(shape), tokens(20).tolist()
    read = Recent()
    assert read.next_token(model, ids, carry_on).reused == 0
    longer = edited(ids, 11, 2, [1, 2, 3])
    found = read.next_token(model, longer, carry_on)
    assert (found.reused, found.computed) == (11, 10)
    assert torch.allclose(found.logits, whole(model, longer), atol=1e-5)
    back = read.next_token(model, ids, carry_on)  # the original was not spoilt by its edit
    assert back.reused == 19
    assert torch.allclose(back.logits, whole(model, ids), atol=1e-5)


EDIT = st.tuples(
    st.integers(0, 40), st.integers(0, 6), st.lists(st.integers(0, VOCABULARY - 1), max_size=4)
)


@settings(deadline=None, max_examples=40)
@given(st.lists(EDIT, min_size=1, max_size=8), st.booleans())
def test_any_history_of_edits(edits: list[tuple[int, int, list[int]]], prefilled: bool) -> None:
    model, ids, read = build(), tokens(24).tolist(), Recent()
    prefix = decoding.prefill(model, ids, 5) if prefilled else None
    for at, removed, added in edits:
        ids = edited(ids, at, removed, added)
        found = read.next_token(model, ids, carry_on, prefix)
        assert torch.allclose(found.logits, whole(model, ids), atol=1e-5)
        assert found.computed >= 1
        assert found.computed + found.reused == len(ids)
        assert len(read) <= 2
    assert prefix is None or prefix.cache.get_seq_length() == 24


def test_the_sample_that_was_read_last_serves_the_first_edit(model: Any) -> None:
    ids = tokens(24).tolist()
    prefix = decoding.prefill(model, ids, 5)
    found = Recent().next_token(
        model, edited(ids, 17, 1, [3 if ids[17] != 3 else 4]), carry_on, prefix
    )
    assert (found.reused, found.computed) == (17, 7)


def test_memory_is_bounded(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Recent()
    for seed in range(5):
        read.next_token(model, tokens(24, seed).tolist(), carry_on)
    assert len(read) == 2
    monkeypatch.setattr(recent, "_MOST_BYTES", 1)
    read.next_token(model, tokens(24, 9).tolist(), carry_on)
    assert len(read) == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_cancel_takes_effect_before_every_layer(family: str) -> None:
    model, ids, read = build(Shape(family)), tokens(20).tolist(), Recent()
    read.next_token(model, ids, carry_on)
    longer = edited(ids, 11, 0, [1, 2, 3])
    hooks: Callable[[], int] = lambda: sum(len(m._forward_pre_hooks) for m in model.modules())  # noqa: E731
    before = hooks()
    for layer in (1, 2):
        with pytest.raises(Cancelled):
            read.next_token(model, longer, GiveUp(layer))
        assert hooks() == before
    found = read.next_token(model, longer, carry_on)
    assert found.reused == 11  # what was half read is not taken for read
    assert torch.allclose(found.logits, whole(model, longer), atol=1e-5)
