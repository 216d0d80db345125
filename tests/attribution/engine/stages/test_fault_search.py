"""The engine remembers searches: the same question goes on, another one begins anew."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import pytest
from attrs import define, evolve, field
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.stages import fault_search as searches_module
from attribution.engine.stages.fault_search import FaultSearches
from attribution.faults.search import Search, Subject
from attribution.grading.grader import Grader
from attribution.ipc import client
from attribution.ipc.client import EngineClient
from attribution.models.loader import LoadedModel
from attribution.schema import (
    ContrastPair,
    ExplainRequest,
    Form,
    Generation,
    LineCount,
    ModelSettings,
    SearchReport,
    Spectrum,
    Status,
    Verdict,
)
from tests.attribution.cases import job
from tests.attribution.engine import test_service_graph
from tests.attribution.fault_cases import TASK, short, some, subject

__all__ = ["short", "subject"]  # fixtures
explain = test_service_graph.explain

REQUEST = ExplainRequest("", rollouts=3, seconds=600.0, top_k=3, exhaust=True)


@define
class Runner:
    """In the place of the test runner: remembers what it was asked."""

    traced: int = 0
    tested: list[str] = field(factory=list)

    def spectrum(self, _task: str, _code: str, _checkpoint: object) -> Spectrum:
        self.traced += 1
        return Spectrum(3, 1, (LineCount(1, 3, 1),))

    def grade_many(
        self, task: str, programs: Sequence[str], checkpoint: Callable[[], None]
    ) -> list[Verdict]:
        checkpoint()
        self.tested += programs
        return [Verdict(task, Status.PASS if some(p) else Status.FAIL, ()) for p in programs]


@pytest.fixture(scope="module")
def loaded(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> LoadedModel:
    return LoadedModel(model, tokenizer, "a", "a", model.device, model.dtype)


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def held(runner: Runner) -> FaultSearches:
    return FaultSearches(cast(Grader, runner))


def begun(
    held: FaultSearches, subject: Subject, loaded: LoadedModel, request: ExplainRequest = REQUEST
) -> Search:
    made, prefix = subject.generation, subject.prefix
    return held.of(request, TASK, made, prefix, loaded, None, job())


def test_a_second_request_goes_on_and_repeats_nothing(
    held: FaultSearches, runner: Runner, subject: Subject, loaded: LoadedModel
) -> None:
    search = begun(held, subject, loaded)
    *_, before = held.run(search, REQUEST, job())
    larger = evolve(REQUEST, rollouts=1000)
    again = begun(held, subject, loaded, larger)
    assert again is search
    events = list(held.run(again, larger, job()))
    after = events[-1]
    assert isinstance(before, SearchReport)
    assert isinstance(after, SearchReport)
    assert before.rollouts == 3 < after.rollouts
    assert all(isinstance(event, ContrastPair) for event in events[: before.proved])
    assert runner.traced == 1
    assert len(runner.tested) == len(set(runner.tested)) == after.programs


def test_lines_that_failing_runs_execute_are_suspected(
    held: FaultSearches, subject: Subject, loaded: LoadedModel
) -> None:
    search = begun(held, subject, loaded)
    (found,) = {candidate.suspicion for candidate in search.ordered}
    assert found == pytest.approx(3 / (3 * 4) ** 0.5)


@pytest.mark.parametrize(
    "other", [evolve(REQUEST, top_k=5), evolve(REQUEST, sibling=ModelSettings("b"))]
)
def test_another_question_is_another_search(
    other: ExplainRequest, held: FaultSearches, subject: Subject, loaded: LoadedModel
) -> None:
    assert begun(held, subject, loaded, other) is not begun(held, subject, loaded)


def test_another_text_or_form_is_another_search(
    held: FaultSearches, subject: Subject, loaded: LoadedModel
) -> None:
    prefix = evolve(subject.prefix, ids=(*subject.prefix.ids[:-1], 3))
    chat = evolve(subject.generation, form=Form.CHAT)
    others = [evolve(subject, prefix=prefix), evolve(subject, generation=chat), subject]
    found = [begun(held, other, loaded) for other in others]
    assert len({id(search) for search in found}) == 3


def test_the_latest_are_remembered_until_the_model_goes(
    held: FaultSearches, subject: Subject, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches_module, "_REMEMBERED", 2)
    requests = [evolve(REQUEST, top_k=k) for k in (3, 4, 5)]
    first, second, third = (begun(held, subject, loaded, request) for request in requests)
    assert begun(held, subject, loaded, requests[1]) is second
    assert begun(held, subject, loaded, requests[2]) is third
    assert begun(held, subject, loaded, requests[0]) is not first
    held.clear()
    assert begun(held, subject, loaded, requests[2]) is not third


@pytest.fixture
async def engine(shared_engine_folder: object) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    async with await client.connect() as connection:
        yield connection


async def test_so_many_alternatives_are_tried_as_were_asked_for(
    engine: EngineClient, explain: ExplainRequest
) -> None:
    request = evolve(explain, top_k=12, rollouts=1, seconds=0.5, search_only=True)
    events, error = await test_service_graph.ask(engine, request)
    assert error is None
    (generation,) = (event for event in events if isinstance(event, Generation))
    assert {len(choices) for choices in generation.alternatives} == {12}
    assert isinstance(events[-2], SearchReport)
