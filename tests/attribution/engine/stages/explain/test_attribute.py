"""Relevance and trust of one pair in a tiny model, as the engine asks for them."""

import math
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.stages.explain import attribute, faithfulness, memory_plan
from attribution.engine.stages.explain.case import Case, check_pair, pass_settings
from attribution.engine.stages.explain.graph import build_graph
from attribution.errors import Cancelled, InvalidRequest, ResourceExhausted
from attribution.faithfulness.occlusion import Occlusion
from attribution.job import Job
from attribution.lrp import relevance
from attribution.lrp.memory import estimate_memory
from attribution.lrp.objective import ObjectiveKind
from attribution.lrp.relevance import Relevance
from attribution.lrp.settings import Method
from attribution.samples import segments
from attribution.schema import (
    Event,
    Faithfulness,
    Perturbation,
    Progress,
    Role,
    TokenChoice,
)
from tests.attribution.cases import EVERYTHING, at, by_hand, case_of, job, last_logits, trust_of
from tests.attribution.giving_up import GiveUp
from tests.attribution.lrp.test_attach import state


@pytest.fixture(scope="module")
def case(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Case:
    return case_of(model, tokenizer)


# Relevance


@pytest.mark.parametrize("kind", list(ObjectiveKind))
@pytest.mark.parametrize("method", list(Method))
def test_relevance_tells_what_it_is_of(case: Case, method: Method, kind: ObjectiveKind) -> None:
    case = evolve(case, method=method, kind=kind)
    found = attribute.relevance(case, job())
    assert (found.method, found.objective, found.pair) == (method.value, kind.value, case.pair)
    assert len(found.relevance) == case.pair.position
    assert found.logit_diff == pytest.approx(by_hand(case))
    assert sum(found.relevance) == pytest.approx(found.sum)
    if method.ruled:
        assert found.sum + found.leak + found.bias == pytest.approx(found.logit_diff)
    assert found.sum + found.missing[1] + found.bias == pytest.approx(found.logit_diff)


def test_the_baseline_of_integrated_gradients_travels(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_baseline(*arguments: Any, **options: Any) -> Relevance:
        return evolve(relevance.attribute(*arguments, **options), baseline=0.25)

    monkeypatch.setattr(attribute, "attribute", with_baseline)
    found = attribute.relevance(evolve(case, method=Method.INTEGRATED), job())
    assert found.baseline == 0.25
    assert found.error == pytest.approx(found.sum - (found.logit_diff - 0.25))


def test_relevance_is_about_the_tokens_before_the_target(case: Case) -> None:
    before = case.generation.tokens[: case.pair.position]
    assert case.ids.tolist() == [token.id for token in before]
    shorter = evolve(case.generation, tokens=case.generation.tokens[: case.pair.position + 1])
    here = attribute.relevance(case, job())
    assert attribute.relevance(evolve(case, generation=shorter), job()) == here


# The pair


def test_a_pair_of_this_text_is_taken(case: Case) -> None:
    check_pair(case.pair, case.generation, case.loaded.model.config.vocab_size)


@pytest.mark.parametrize(
    "change",
    [
        lambda pair: evolve(pair, position=pair.position - 1),
        lambda pair: evolve(pair, position=-1),
        lambda pair: evolve(pair, position=10_000),
        lambda pair: evolve(pair, target=evolve(pair.target, id=pair.target.id + 1)),
    ],
)
def test_a_pair_of_another_text_is_refused(case: Case, change: Any) -> None:
    with pytest.raises(InvalidRequest, match="another text"):
        check_pair(change(case.pair), case.generation, 10**6)


def test_a_pair_of_the_prompt_is_refused(case: Case) -> None:
    inside = case.generation.prompt_length - 1
    token = case.generation.tokens[inside]
    pair = evolve(case.pair, position=inside, target=TokenChoice(token.id, token.text, 1))
    with pytest.raises(InvalidRequest, match="another text"):
        check_pair(pair, case.generation, 10**6)


@pytest.mark.parametrize("outside", [-1, 600])
def test_a_contrast_that_is_no_token_is_refused(case: Case, outside: int) -> None:
    pair = evolve(case.pair, contrast=evolve(case.pair.contrast, id=outside))
    with pytest.raises(InvalidRequest, match=f"no token {outside}"):
        check_pair(pair, case.generation, 600)


# Memory


def needed(case: Case, *, recompute: bool, graph: bool = False) -> int:
    """What must be free, so that the estimate fits with what is to spare."""
    config, n = case.loaded.model.config, case.pair.position
    found = estimate_memory(config, n, case.loaded.dtype, recompute=recompute, graph=graph)
    return int(found.total / 0.8) + 2


@pytest.mark.parametrize("graph", [False, True])
def test_layers_are_kept_where_they_fit(
    case: Case, graph: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = needed(case, recompute=False, graph=graph)
    for left, expected in ((free, False), (free * 1000, False), (free - 4, True)):
        monkeypatch.setattr(memory_plan, "available_memory", lambda left=left: left)
        assert pass_settings(case, job(), graph=graph).recompute is expected


def test_the_points_of_a_path_that_pass_together_count(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Integrated gradients feed many copies of a short text; one alone would fit."""
    monkeypatch.setattr(memory_plan, "available_memory", lambda: 2 * needed(case, recompute=False))
    assert not pass_settings(case, job(), graph=False).recompute
    path = evolve(case, method=Method.INTEGRATED)
    with pytest.raises(ResourceExhausted):
        pass_settings(path, job(), graph=False)


@pytest.mark.parametrize("graph", [False, True])
def test_what_does_not_fit_at_all_is_told_with_figures(
    case: Case, graph: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = needed(case, recompute=True, graph=graph)
    monkeypatch.setattr(memory_plan, "available_memory", lambda: enough)
    assert pass_settings(case, job(), graph=graph).recompute
    monkeypatch.setattr(memory_plan, "available_memory", lambda: 1234)
    with pytest.raises(ResourceExhausted, match=r"\d+ tokens need about .* 1\.2 kB are free"):
        pass_settings(case, job(), graph=graph)


@pytest.mark.parametrize("graph", [False, True])
def test_little_memory_changes_no_result(
    case: Case, graph: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer() -> object:
        if graph:
            return build_graph(case, evolve(EVERYTHING, refine=3), job())
        return attribute.relevance(case, job())

    plenty, little = answer(), needed(case, recompute=True, graph=graph)
    monkeypatch.setattr(memory_plan, "available_memory", lambda: little)
    assert pass_settings(case, job(), graph=graph).recompute
    assert answer() == plenty


def test_too_little_memory_for_paths_is_told_before_minutes_are_spent(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough_for_relevance = needed(case, recompute=True)
    monkeypatch.setattr(memory_plan, "available_memory", lambda: enough_for_relevance)
    events: list[Event] = []
    with pytest.raises(ResourceExhausted):
        trust_of(case, full=True, seconds=None, job=job(events))
    assert events == [Progress("Cutting paths of the graph")]


# Trust


def estimated(case: Case, seconds: float | None = 60.0) -> Faithfulness:
    return trust_of(case, full=False, seconds=seconds, job=job())


@pytest.mark.parametrize("kind", list(ObjectiveKind))
def test_an_estimate_measures_what_the_objective_is(case: Case, kind: ObjectiveKind) -> None:
    case = evolve(case, kind=kind)
    (found,) = estimated(case).effects
    assert found.perturbation is Perturbation.MASK
    whole = by_hand(case)
    for token, effect in zip(found.tokens, found.effects, strict=True):
        assert effect == pytest.approx(whole - by_hand(case, hidden=token))


def test_an_estimate_with_time_measures_all_that_count(case: Case) -> None:
    found = estimated(case)
    assert found.complete
    assert found.effects[0].tokens == tuple(range(1, case.pair.position))
    assert found.curves is None
    assert found.paths is None
    assert found.method == "attnlrp"


def test_segments_are_lines_with_their_relevance(case: Case) -> None:
    found = estimated(case).segments
    lines = segments.lines(case.generation, range(1, case.pair.position))
    assert [(each.start, each.end) for each in found] == lines
    relevance = attribute.relevance(case, job()).relevance
    for each in found:
        assert each.relevance == pytest.approx(sum(relevance[each.start : each.end]))


def test_an_estimate_without_time_measures_the_least_that_makes_sense(case: Case) -> None:
    found = estimated(case, 1e-9)
    (agreement,) = found.agreements
    assert not found.complete
    assert (agreement.measured, agreement.of) == (5 + 8, case.pair.position - 1)
    assert len(found.segments) == 1


def test_an_estimate_takes_two_seconds_on_a_gpu() -> None:
    found = [faithfulness.budget(torch.device(name)) for name in ("cuda", "cuda:1", "cpu", "mps")]
    assert found == [2.0, 2.0, 30.0, 30.0]


def test_without_a_budget_it_is_the_devices(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faithfulness, "budget", lambda _device: 1e-9)
    assert estimated(case, None).agreements[0].measured == 5 + 8


def test_reading_the_text_is_a_part_of_the_budget(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Occlusion):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            time.sleep(0.3)

    monkeypatch.setattr(faithfulness, "Occlusion", Slow)
    found = estimated(case, 0.25)
    assert found.agreements[0].measured == 5 + 8
    assert "instead of 0.25 s" in found.message
    assert found.seconds > 0.3


def test_template_tokens_are_never_taken_away(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    case = case_of(model, tokenizer, chat=True)
    roles = [token.role for token in case.generation.tokens[: case.pair.position]]
    assert roles[1:].count(Role.TEMPLATE) == 1  # between others
    expected = tuple(k for k, role in enumerate(roles) if role is not Role.TEMPLATE)
    for full in (False, True):
        found = trust_of(case, full=full, seconds=60.0, job=job())
        assert {effects.tokens for effects in found.effects} == {expected}
    covered = [k for each in estimated(case).segments for k in range(each.start, each.end)]
    assert covered == list(expected)


@pytest.mark.parametrize("method", list(Method))
def test_all_of_it_has_paths_where_there_is_a_graph(case: Case, method: Method) -> None:
    case = evolve(case, method=method)
    found = trust_of(case, full=True, seconds=None, job=job())
    assert found.complete
    assert found.method == method.value
    assert found.curves is not None
    assert [effects.perturbation for effects in found.effects] == list(Perturbation)
    assert (found.paths is not None) is method.ruled
    if found.paths is not None:
        assert found.paths.base == pytest.approx(by_hand(case))
        assert len(found.paths.strongest) == len(found.paths.steps)
        assert max(abs(value - found.paths.base) for value in found.paths.strongest) > 1e-3


def test_a_target_right_behind_the_first_token_has_nothing_to_take_away(case: Case) -> None:
    early = evolve(case.generation, prompt_length=1)
    for full in (False, True):
        with pytest.raises(InvalidRequest, match="no token before the target"):
            trust_of(at(case.loaded, early, 1), full=full, seconds=None, job=job())


@pytest.mark.parametrize("full", [False, True])
def test_progress_goes_on(case: Case, full: bool) -> None:
    events: list[Event] = []
    trust_of(case, full=full, seconds=60.0, job=job(events))
    assert all(isinstance(event, Progress) for event in events)
    told = [e.fraction for e in events if isinstance(e, Progress) and e.fraction is not None]
    assert len(told) >= 3
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_a_budget_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidRequest, match=f"budget is {seconds} seconds"):
        faithfulness.check_seconds(seconds)
    faithfulness.check_seconds(None)
    faithfulness.check_seconds(0.5)


# Cancelling


STAGES: dict[str, Callable[[Case, Job], object]] = {
    "relevance": attribute.relevance,
    "graph": lambda case, job: build_graph(case, evolve(EVERYTHING, refine=2, layers=(1,)), job),
    "estimate": lambda case, job: trust_of(case, full=False, seconds=60.0, job=job),
    "full": lambda case, job: trust_of(case, full=True, seconds=None, job=job),
}


@pytest.mark.parametrize("stage", list(STAGES))
def test_cancelling_leaves_the_model_as_it_was(case: Case, stage: str) -> None:
    never = GiveUp(0)
    STAGES[stage](case, job(checkpoint=never))
    assert never.calls >= 4  # two layers, both ways
    before, plain = state(case.loaded.model), last_logits(case)
    for after in sorted({*range(1, never.calls + 1, 1 + never.calls // 10), never.calls}):
        with pytest.raises(Cancelled):
            STAGES[stage](case, job(checkpoint=GiveUp(after)))
        assert state(case.loaded.model) == before
        assert torch.equal(last_logits(case), plain)
