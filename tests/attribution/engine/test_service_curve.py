"""Curves of pass rates as clients of the resident engine meet them, with a tiny model."""

import io
from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from attribution.engine.priority import priority
from attribution.errors import ExecutionRefused, InvalidRequest
from attribution.ipc import client, wire
from attribution.ipc.client import EngineClient
from attribution.schema import (
    CurveRequest,
    ExplainRequest,
    FaithfulnessRequest,
    GenerateRequest,
    Generation,
    PassCurve,
    PassRate,
    Progress,
    Timings,
    Verdict,
)
from tests.attribution.engine import test_service_graph
from tests.attribution.engine.test_service_graph import BAD, GOOD, ask, kinds

explain = test_service_graph.explain


@pytest.fixture
async def engine(shared_engine_folder: object) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    async with await client.connect() as connection:
        yield connection


async def test_a_sample_that_passes_has_no_curve(
    engine: EngineClient, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, CurveRequest(evolve(explain, code=GOOD)))
    assert error is None
    assert kinds(events) == [Verdict, Timings]


async def test_nothing_runs_in_a_workspace_that_is_not_trusted(engine: EngineClient) -> None:
    events, error = await ask(engine, CurveRequest(ExplainRequest(BAD, task_id="HumanEval/2")))
    assert isinstance(error, ExecutionRefused)
    assert kinds(events) == []


async def test_a_plan_that_makes_no_sense_is_refused_before_anything_is_run(
    engine: EngineClient, explain: ExplainRequest
) -> None:
    events, error = await ask(engine, CurveRequest(explain, temperature=0.0))
    assert isinstance(error, InvalidRequest)
    assert "temperature" in error.message
    assert events == []


async def test_a_failing_sample_has_a_curve(engine: EngineClient, explain: ExplainRequest) -> None:
    """The tiny model writes no working program; the ends and the middle say so."""
    events, error = await ask(engine, CurveRequest(explain, samples=2))
    assert error is None
    answered = [event for event in events if not isinstance(event, Progress)]
    assert kinds(answered[:2]) == [Verdict, Generation]
    generation, curves, timings = answered[1], answered[2:-1], answered[-1]
    assert isinstance(generation, Generation)
    assert isinstance(timings, Timings)
    assert {"grade", "score", "curve"} <= set(timings.seconds)
    assert all(isinstance(event, PassCurve) for event in curves)
    last = curves[-1]
    assert isinstance(last, PassCurve)
    assert last.complete
    start, end = generation.prompt_length, len(generation.tokens)
    assert [point.position for point in last.points] == [start, (start + end) // 2, end]
    assert all((point.passed, point.samples) == (0, 2) for point in last.points)


def test_others_go_first() -> None:
    request = ExplainRequest("")
    assert priority(CurveRequest(request)) == priority(GenerateRequest(()))
    assert priority(CurveRequest(request)) > priority(FaithfulnessRequest(request))


def test_a_curve_travels() -> None:
    points = (PassRate.of(3, 1, 2), PassRate.of(4, 0, 2))
    fall = points[0].fall_to(points[1])
    full = PassCurve(points, 2, 0.8, 0.2, "so", (3, 4), fall, 3, True, 4, 99, 2, 1.5)
    for value in (full, PassCurve((), 2, 0.8, 0.2, ""), CurveRequest(ExplainRequest("x"))):
        assert wire.read_blocking(io.BytesIO(wire.encode(1, value))) == (1, value)
