"""The relevance of every token before the target."""

from attribution.engine.stages.explain.case import Case, must_recompute
from attribution.job import Job
from attribution.lrp.relevance import attribute
from attribution.schema import (
    Attribution,
)


def relevance(case: Case, job: Job) -> Attribution:
    """The relevance of every token before the target."""
    found = attribute(
        case.loaded.model,
        case.ids,
        case.objective,
        method=case.method,
        checkpoint=job.checkpoint,
        recompute=must_recompute(case, graph=False),
    )
    return Attribution(
        pair=case.pair,
        method=case.method.value,
        objective=case.kind.value,
        logit_diff=found.logit_diff,
        relevance=tuple(found.relevance.tolist()),
        sum=found.sum,
        leak=found.leak,
        bias=found.bias,
        baseline=found.baseline,
        profile=tuple(map(tuple, found.nodes[::2].tolist())),
    )
