"""Packed weights give the same products, where there is memory, and leave nothing behind."""

import copy
import platform
from typing import Any

import pytest
import torch
from torch.nn import Linear
from transformers import PreTrainedModel

from attribution.decoding import Forest, linear
from attribution.decoding.linear import can_pack, is_packed, packed
from attribution.errors import Cancelled
from tests.attribution.lrp.tiny import FAMILIES, Shape, build, logits, tokens

NEEDS_OPERATORS = pytest.mark.skipif(not can_pack(), reason="nothing is packed by this torch")
pytestmark = NEEDS_OPERATORS


@pytest.fixture(autouse=True)
def plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of memory: whether there is some is no matter of these tests."""
    monkeypatch.setattr(linear, "available_memory", lambda: 2**40)


@pytest.fixture
def single(model: PreTrainedModel) -> PreTrainedModel:
    """In float32: nothing else is packed."""
    return copy.deepcopy(model).float()


def replaced(model: PreTrainedModel) -> list[str]:
    return [name for name, module in model.named_modules() if "forward" in vars(module)]


@pytest.mark.parametrize("rows", [1, 3, 16, 300])
def test_the_products_are_the_same(rows: int, single: PreTrainedModel) -> None:
    expected = logits(single, torch.arange(5, 5 + rows))
    with packed(single):
        layers = {n for n, m in single.named_modules() if type(m) is Linear}
        assert set(replaced(single)) == layers
        assert is_packed(single)
        found = logits(single, torch.arange(5, 5 + rows))
    assert not replaced(single)
    assert not is_packed(single)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_without_memory_the_weights_stay_as_they_are(
    single: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "available_memory", lambda: 0)
    with packed(single):
        assert not replaced(single)
        assert not is_packed(single)


def test_twice_the_memory_of_the_layers_must_be_there(
    single: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(m.weight.nbytes for m in single.modules() if type(m) is Linear)
    for available, expected in ((2 * size - 1, False), (2 * size, True)):
        monkeypatch.setattr(linear, "available_memory", lambda available=available: available)
        with packed(single):
            assert is_packed(single) is expected


def test_where_the_operators_were_not_tried_nothing_is_packed(
    single: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with packed(single):
        assert not replaced(single)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_only_float32_is_packed(dtype: torch.dtype, single: PreTrainedModel) -> None:
    other: Any = single
    other.to(dtype)
    with packed(other):
        assert not replaced(other)


def test_all_that_multiplies_is_packed_or_nothing(single: PreTrainedModel) -> None:
    single.lm_head = single.lm_head.to(torch.bfloat16)
    with packed(single):
        assert not replaced(single)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_products_of_every_family_are_the_same(family: str) -> None:
    """GPT-2 multiplies in convolutions, experts in products of their own: nothing is packed."""
    model, ids = build(Shape(family), dtype=torch.float32), tokens(9)
    expected = logits(model, ids)
    with packed(model):
        assert is_packed(model) is (family not in ("gpt2", "qwen3_moe"))
        found = logits(model, ids)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_packing_can_be_cancelled(single: PreTrainedModel) -> None:
    asked = 0

    def give_up() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Cancelled

    with pytest.raises(Cancelled), packed(single, give_up):
        raise AssertionError("it was not cancelled")
    assert not replaced(single)


def test_a_pass_is_narrower_where_the_weights_are_packed(single: PreTrainedModel) -> None:
    wide = Forest(single).width
    with packed(single):
        assert Forest(single).width < wide
    assert Forest(single, width=7).width == 7
