from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.errors import Cancelled, InvalidRequest, UnsupportedModel
from attribution.faithfulness import forward
from attribution.faithfulness.occlusion import Occlusion
from attribution.schema import Perturbation
from tests.attribution.faithfulness.reference import (
    MASK,
    NEUTRAL,
    SUBSTITUTE,
    contrast,
    naive_without,
)
from tests.attribution.lrp.tiny import FAMILIES, WINDOWED, Shape, build, tokens

N = 14
WINDOW = 4


def model(family: str = "llama") -> Any:
    return _model(family)


@cache
def _model(family: str) -> Any:
    return build(Shape(family, window=WINDOW if family in WINDOWED else None))


def occlusion(family: str = "llama", n: int = N) -> Occlusion:
    return Occlusion(model(family), tokens(n), contrast, NEUTRAL)


places = st.sets(st.integers(0, N - 1), max_size=N)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=12, deadline=None)
@given(
    sets=st.lists(places, min_size=1, max_size=6), perturbation=st.sampled_from([MASK, SUBSTITUTE])
)
def test_the_cache_changes_nothing(
    family: str, sets: list[set[int]], perturbation: Perturbation
) -> None:
    found = occlusion(family).without(sets, perturbation)
    expected = [naive_without(model(family), tokens(N), places, perturbation) for places in sets]
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_of_one_batch_do_not_disturb_each_other(family: str) -> None:
    sets = [{0}, {0, 1, 2, 3, 4, 5, 6}, {3}, set(range(N)), set(range(2, N)), {N - 1}, set()]
    one = occlusion(family)
    together = one.without(sets, MASK)
    alone = torch.cat([one.without([places], MASK) for places in sets])
    assert torch.allclose(together, alone, rtol=1e-9, atol=1e-11)
    expected = [naive_without(model(family), tokens(N), places, MASK) for places in sets]
    assert together.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_a_query_that_sees_nothing_poisons_nobody() -> None:
    """Row 1 of the batch computes the hidden tokens 1 … 3, which see no key at all."""
    both = occlusion().without([{0}, {0, 1, 2, 3}], MASK)
    assert both.isfinite().all()
    assert float(both[1]) == pytest.approx(
        float(occlusion().without([{0, 1, 2, 3}], MASK)[0]), rel=1e-9
    )


def test_the_base_is_what_the_model_says() -> None:
    with torch.no_grad():
        logits = model()(tokens(N)[None]).logits[:, -1]
    assert occlusion().base == pytest.approx(float(contrast(logits)[0]), rel=1e-12)


def test_nothing_taken_away_costs_nothing() -> None:
    one = occlusion()
    ids = tokens(N)
    ids[4] = NEUTRAL
    other = Occlusion(model(), ids, contrast, NEUTRAL)
    assert one.without([set(), ()], MASK).tolist() == [one.base, one.base]
    assert other.without([{4}], SUBSTITUTE).tolist() == [other.base]
    assert (one.forwards, one.tokens) == (other.forwards, other.tokens) == (1, N)
    assert one.without([], MASK).shape == (0,)


def test_a_hidden_token_is_not_computed_but_a_new_one_is() -> None:
    one = occlusion()
    one.without([{9}], MASK)
    assert (one.forwards - 1, one.tokens - N) == (1, 4)
    one.without([{9, 10, 12}], MASK)
    assert (one.forwards - 2, one.tokens - N - 4) == (1, 3)
    one.without([{9}], SUBSTITUTE)
    assert (one.forwards - 3, one.tokens - N - 7) == (1, 5)


def test_without_a_single_token() -> None:
    one = occlusion(n=1)
    assert one.without([{0}], MASK).tolist() == pytest.approx(
        [naive_without(model(), tokens(1), {0}, MASK)], rel=1e-9
    )


def test_small_batches_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = [{k} for k in range(N)]
    at_once = occlusion().without(sets, MASK)
    monkeypatch.setattr(forward, "_FED_ELSEWHERE", 2 * N)
    told: list[int] = []
    calls: list[None] = []
    one = Occlusion(model(), tokens(N), contrast, NEUTRAL, lambda: calls.append(None))
    in_parts = one.without(sets, MASK, told.append)
    assert torch.allclose(at_once, in_parts, rtol=1e-9)
    assert told[-1] == N
    assert told == sorted(told)
    assert len(calls) == 1 + len(told) > 4


def test_one_row_is_always_allowed() -> None:
    assert forward.rows_at_once(model(), 10**6, 10**6) == 1
    assert forward.rows_at_once(model(), 1, 512) == 16  # keys count, not only what is fed
    assert forward.rows_at_once(model(), 256, 256) == 8


def test_the_caller_can_give_up() -> None:
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Cancelled

    one = Occlusion(model(), tokens(N), contrast, NEUTRAL, checkpoint)
    with pytest.raises(Cancelled):
        one.without([{1}], MASK)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        occlusion().without([{N}], MASK)
    with pytest.raises(InvalidRequest):
        Occlusion(model(), tokens(N)[None], contrast, NEUTRAL)
    eager = build(Shape())
    eager.set_attn_implementation("eager")
    with pytest.raises(UnsupportedModel, match="eager"):
        Occlusion(eager, tokens(N), contrast, NEUTRAL)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(UnsupportedModel):
        Occlusion(model(), tokens(N), lambda logits: logits[:, 0] * float("nan"), NEUTRAL)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_half_precision_models_get_a_wide_head(family: str) -> None:
    half = build(Shape(family), dtype=torch.bfloat16)
    seen: list[torch.Tensor] = []

    def score(logits: torch.Tensor) -> torch.Tensor:
        seen.append(logits)
        return contrast(logits)

    Occlusion(half, tokens(N), score, NEUTRAL)
    with torch.no_grad():
        output = half(tokens(N)[None], output_hidden_states=True)
    head = half.get_output_embeddings()
    exact = output.hidden_states[-1][:, -1].float() @ head.weight.float().T
    if head.bias is not None:
        exact = exact + head.bias.float()
    assert seen[0].dtype == torch.float32
    assert torch.allclose(seen[0], exact, rtol=1e-5, atol=1e-6)
    assert output.logits.dtype == torch.bfloat16  # the hook is gone again
    assert not head._forward_hooks
