"""From a failing sample to the curve of its pass rates, as an engine's request wants it."""

import math
from collections.abc import Iterator

from attribution.engine.stages.fault_search import judge_of
from attribution.errors import InvalidRequest
from attribution.faults.curve import CurveSearch, Plan
from attribution.faults.search import Subject
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.schema import CurveRequest, PassCurve, Progress

_MOST_SAMPLES = 1000  # per point; the interval is then 3 % to either side


def check(request: CurveRequest) -> None:
    """Raise InvalidRequest for what makes no sense for any sample."""
    if not 1 <= request.samples <= _MOST_SAMPLES:
        raise InvalidRequest(f"{request.samples} samples: it must be 1 to {_MOST_SAMPLES}.")
    if not 0 < request.temperature < math.inf:  # NaN fails, too
        raise InvalidRequest(
            f"The temperature is {request.temperature}; sampling needs one above 0."
        )
    if not 0 < request.seconds < math.inf:
        raise InvalidRequest(f"The budget is {request.seconds} seconds; it must be above 0.")
    if not 0 < request.drop <= 1:
        raise InvalidRequest(f"The drop is {request.drop}; it must be above 0 and up to 1.")


def curve(
    request: CurveRequest, subject: Subject, grader: Grader, job: Job
) -> Iterator[PassCurve | Progress]:
    """Curves, each more complete than the one before, with progress between them."""
    plan = Plan(request.samples, request.temperature, request.drop)
    judge = judge_of(grader, subject.generation.task_id)
    yield from CurveSearch.of(subject, plan).run(request.seconds, judge, job.checkpoint)
