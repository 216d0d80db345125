"""The relevance of every token before the target."""

from attribution.engine.stages.explain.case import Case, pass_settings
from attribution.job import Job
from attribution.lrp.relevance import attribute
from attribution.schema import Attribution


def relevance(case: Case, job: Job) -> Attribution:
    """The relevance of every token before the target."""
    settings = pass_settings(case, job, graph=False)
    result = attribute(case.loaded.model, case.ids, case.objective, settings)
    return Attribution(
        pair=case.pair,
        method=case.method.value,
        objective=case.kind.value,
        logit_diff=result.logit_diff,
        relevance=tuple(result.relevance.tolist()),
        sum=result.sum,
        leak=result.leak,
        bias=result.bias,
        baseline=result.baseline,
        profile=tuple(map(tuple, result.nodes[::2].tolist())),
    )
