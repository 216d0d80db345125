"""Graphs and trust figures as clients of the resident engine meet them, with a tiny model."""

import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.cli import main
from attribution.errors import ExecutionRefused, InvalidRequest, TokenBlameError, UnknownTask
from attribution.ipc import client
from attribution.ipc.client import EngineClient
from attribution.schema import (
    Attribution,
    AttributionGraph,
    CompareRequest,
    Comparison,
    ContrastPair,
    Event,
    ExplainRequest,
    Faithfulness,
    FaithfulnessRequest,
    Generation,
    GraphRequest,
    ModelSettings,
    NodeKind,
    Origin,
    Progress,
    Request,
    SearchReport,
    Timings,
    TokenChoice,
    Verdict,
)

GOOD = "def truncate_number(number: float) -> float:\n    return number - int(number)\n"
BAD = "def truncate_number(number: float) -> float:\n    return number + int(number)\n"
NONE = ContrastPair(1, TokenChoice(0, "", 1), TokenChoice(0, "", 1), 0.0, Origin.MANUAL)

both = pytest.mark.parametrize("kind", [GraphRequest, FaithfulnessRequest])


@pytest.fixture
async def engine(shared_engine_folder: Path) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    async with await client.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def explain(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> ExplainRequest:
    """Of a failing sample, by the tiny model."""
    folder = tmp_path_factory.mktemp("saved")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = ModelSettings(str(folder), "cpu", "float64")
    return ExplainRequest(BAD, task_id="HumanEval/2", settings=settings, rollouts=4, trusted=True)


async def ask(engine: EngineClient, request: Request) -> tuple[list[Event], TokenBlameError | None]:
    """All events, and the error that ended them."""
    events: list[Event] = []
    try:
        async for event in engine.stream(request):
            events.append(event)
    except TokenBlameError as error:
        return events, error
    return events, None


def kinds(events: Sequence[Event]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, Progress)]


async def pair_of(engine: EngineClient, explain: ExplainRequest) -> ContrastPair:
    """The first token that was written, against another; a wrong pair tells the tokens."""
    events, _ = await ask(engine, GraphRequest(evolve(explain, pair=NONE)))
    (generation,) = (event for event in events if isinstance(event, Generation))
    target = generation.tokens[generation.prompt_length]
    contrast = (target.id + 1) % 400
    return ContrastPair(
        generation.prompt_length,
        TokenChoice(target.id, target.text, 1),
        TokenChoice(contrast, "", 2),
        1.0,
        Origin.MANUAL,
    )


@both
async def test_an_unknown_task_is_named(engine: EngineClient, kind: type) -> None:
    events, error = await ask(engine, kind(ExplainRequest(BAD, task_id="HumanEval/999")))
    assert isinstance(error, UnknownTask)
    assert "HumanEval/999" in error.message
    assert kinds(events) == []


@both
async def test_nothing_runs_in_a_workspace_that_is_not_trusted(
    engine: EngineClient, kind: type
) -> None:
    events, error = await ask(engine, kind(ExplainRequest(BAD, task_id="HumanEval/2")))
    assert isinstance(error, ExecutionRefused)
    assert kinds(events) == []


@both
async def test_a_sample_that_passes_has_nothing_to_explain(
    engine: EngineClient, kind: type, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, kind(evolve(explain, code=GOOD)))
    assert error is None
    assert kinds(events) == [Verdict, Timings]


@both
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "magic"}, "no method 'magic'"),
        ({"objective": "fame"}, "no objective 'fame'"),
    ],
)
async def test_a_method_or_objective_that_is_none_is_refused_before_anything_is_run(
    engine: EngineClient, kind: type, change: dict[str, Any], said: str, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, kind(evolve(explain, **change)))
    assert isinstance(error, InvalidRequest)
    assert said in error.message
    assert events == []


@pytest.mark.parametrize("method", ["gradient", "integrated"])
async def test_a_graph_of_a_method_without_edges_is_refused_before_anything_is_run(
    engine: EngineClient, method: str, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, GraphRequest(evolve(explain, method=method)))
    assert isinstance(error, InvalidRequest)
    assert f"{method} has no edges" in error.message
    assert events == []


@pytest.mark.parametrize(
    "change", [{"mass": 0.0}, {"mass": math.nan}, {"node_threshold": -1.0}, {"refine": -1}]
)
async def test_wrong_thresholds_are_refused_before_anything_is_run(
    engine: EngineClient, change: dict[str, Any], explain: ExplainRequest
) -> None:
    events, error = await ask(engine, evolve(GraphRequest(explain), **change))
    assert isinstance(error, InvalidRequest)
    assert events == []


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
async def test_a_budget_that_is_none_is_refused_before_anything_is_run(
    engine: EngineClient, seconds: float, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, FaithfulnessRequest(explain, seconds=seconds))
    assert isinstance(error, InvalidRequest)
    assert events == []


async def test_layers_that_do_not_exist_are_refused_before_the_search(
    engine: EngineClient, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, GraphRequest(explain, layers=(0, 7)))
    assert isinstance(error, InvalidRequest)
    assert "no layer 7; the model has layers 0 to 1" in error.message
    assert kinds(events) == [Verdict]  # only the loaded model knows its layers


@both
async def test_without_a_pair_the_search_says_why(
    engine: EngineClient, kind: type, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, kind(explain))
    assert error is None
    assert kinds(events) == [Verdict, Generation, SearchReport, Timings]


@both
async def test_a_pair_of_another_text_is_refused(
    engine: EngineClient, kind: type, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, kind(evolve(explain, pair=NONE)))
    assert isinstance(error, InvalidRequest)
    assert "another text" in error.message
    assert kinds(events) == [Generation]


async def test_a_graph_of_a_given_pair_needs_no_trust(
    engine: EngineClient, explain: ExplainRequest
) -> None:
    untrusted = evolve(explain, trusted=False)  # nothing is run, so nothing is refused
    pair = await pair_of(engine, untrusted)
    request = GraphRequest(
        evolve(untrusted, pair=pair),
        layers=(1,),
        node_threshold=0.0,
        mass=1.0,
        reach=False,
        refine=2,
    )
    events, error = await ask(engine, request)
    assert error is None
    assert kinds(events) == [Generation, Attribution, AttributionGraph, Timings]
    graph = next(event for event in events if isinstance(event, AttributionGraph))
    assert graph.pair == pair
    assert graph.stages == ("embedding", "1.mlp")
    assert len(graph.details) == 2
    handed = [0.0] * len(graph.nodes)
    for edge in graph.edges:
        handed[edge.target] += edge.weight
    last = [k for k, n in enumerate(graph.nodes) if n.stage == 1 and n.kind is NodeKind.TOKEN]
    assert last
    for k in last:
        assert handed[k] == pytest.approx(graph.nodes[k].relevance, abs=1e-9)
    timings = events[-1]
    assert isinstance(timings, Timings)
    assert "graph" in timings.seconds
    assert "grade" not in timings.seconds


@pytest.mark.parametrize("full", [False, True])
async def test_trust_figures_of_a_given_pair(
    engine: EngineClient, explain: ExplainRequest, full: bool
) -> None:
    pair = await pair_of(engine, explain)
    events, error = await ask(engine, FaithfulnessRequest(evolve(explain, pair=pair), full, 0.01))
    assert error is None
    assert kinds(events) == [Generation, Attribution, Faithfulness, Timings]
    found = next(event for event in events if isinstance(event, Faithfulness))
    assert found.complete is full
    assert (found.paths is not None) is full
    assert found.agreements[0].of == pair.position - 1  # all but the first


@pytest.mark.usefixtures("shared_engine_folder")
def test_what_was_found_before_an_error_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = tmp_path / "HumanEval_2" / "0.py"
    sample.parent.mkdir()
    sample.write_text("def truncate_number(number: float) -> float:\n    return number\n")
    empty = tmp_path / "no model"
    empty.mkdir()
    assert main.main(["explain", str(sample), "--model", str(empty)]) == 1
    told = capsys.readouterr().err
    assert told.index("HumanEval/2: It returns a wrong result") < told.index("tokenblame:")


async def test_a_comparison_comes_after_the_attribution(
    engine: EngineClient, explain: ExplainRequest
) -> None:
    pair = await pair_of(engine, explain)
    request = CompareRequest(evolve(explain, pair=pair), explain.settings)
    events, error = await ask(engine, request)
    assert error is None
    assert kinds(events) == [Generation, Attribution, Comparison, Timings]
    own, found = (e for e in events if isinstance(e, Attribution | Comparison))
    assert isinstance(own, Attribution)
    assert isinstance(found, Comparison)
    assert found.attribution.relevance == own.relevance  # its sibling is the model itself
