"""Integrated gradients, which need no rules: what they add up to, and that their error is told."""

from typing import Any

import pytest
import torch

from attribution.lrp.families import rules_for
from attribution.lrp.integrated import STEPS, integrate, points_at_once
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.lrp.test_objective import EVERY, value_of
from tests.attribution.lrp.tiny import FAMILIES, Shape, build, logits, tokens

PAIR = Objective(3, 5)


def at_zero(model: Any, n: int) -> torch.Tensor:
    """Logits (vocabulary,) of the plain model where every embedding is zero."""
    zero = torch.zeros(1, n, 24, dtype=torch.float64)
    with torch.no_grad():
        row: torch.Tensor = model(inputs_embeds=zero, use_cache=False).logits[0, -1]
    return row


@pytest.mark.parametrize("family", FAMILIES)
def test_the_sum_less_its_error_is_the_way_from_the_baseline(family: str) -> None:
    model, ids = build(Shape(family, window=4)), tokens(9)
    found = attribute(model, ids, PAIR, PassSettings(Method.INTEGRATED))
    whole, nothing = logits(model, ids)[-1], at_zero(model, 9)
    baseline = float(nothing[3] - nothing[5])
    assert found.logit_diff == pytest.approx(float(whole[3] - whole[5]), rel=1e-10)
    assert found.baseline == pytest.approx(baseline, rel=1e-10, abs=1e-12)
    assert found.sum == pytest.approx(float(found.relevance.sum()))
    assert (found.leak, found.bias) == (0, 0)
    told = found.sum - found.error
    assert told == pytest.approx(found.logit_diff - baseline, rel=1e-10, abs=1e-12)


def test_every_objective_has_its_own_baseline() -> None:
    model, ids = build(Shape("qwen2")), tokens(9)
    whole, nothing = logits(model, ids)[-1], at_zero(model, 9)
    for objective in EVERY[:2]:
        found = attribute(model, ids, objective, PassSettings(Method.INTEGRATED))
        assert found.logit_diff == pytest.approx(value_of(objective, whole))
        assert found.baseline == pytest.approx(value_of(objective, nothing))


def errors(model: Any, ids: torch.Tensor, points: tuple[int, ...]) -> list[float]:
    """|Σ relevance − (Δℓ − Δℓ(baseline))| with so many points."""
    found = [
        integrate(model, rules_for(model), ids, PAIR, PassSettings(), steps) for steps in points
    ]
    return [abs(float(f.relevance.sum()) - (f.logit_diff - f.baseline)) for f in found]


def test_on_a_smooth_model_many_points_leave_no_error() -> None:
    """GPT-2: with its positions beside the embeddings, no norm is near zero on the path."""
    model, ids = build(Shape("gpt2")), tokens(9)
    few, default, many = errors(model, ids, (2, STEPS, 300))
    assert many < default < few
    assert many < 1e-9


@pytest.mark.parametrize("points", [1, 16, 100])
def test_how_many_points_are_computed_together_changes_nothing(
    points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ids = build(Shape("llama")), tokens(7)
    whole = integrate(model, rules_for(model), ids, PAIR, PassSettings(), points)
    monkeypatch.setattr("attribution.lrp.integrated._BATCHED_TOKENS", 20)
    assert points_at_once(7) == 2
    singly = integrate(model, rules_for(model), ids, PAIR, PassSettings(), points)
    assert torch.allclose(singly.relevance, whole.relevance, rtol=1e-9, atol=1e-12)


def test_long_texts_fill_a_pass_alone() -> None:
    assert [points_at_once(n) for n in (1, 64, 100, 1024, 5000)] == [16, 16, 10, 1, 1]
