"""Whether the relevance of a pair predicts what interventions do."""

import math
import time
from collections.abc import Callable

import torch
from attrs import evolve

from attribution.engine.stages.explain.case import Case, pass_settings
from attribution.engine.stages.explain.path_ablation import ablate_paths
from attribution.errors import InvalidRequest
from attribution.faithfulness.measure import estimate as estimate_faithfulness
from attribution.faithfulness.measure import full as measure_fully
from attribution.faithfulness.occlusion import Occlusion
from attribution.job import Job
from attribution.models.loader import LoadedModel
from attribution.samples import segments
from attribution.schema import (
    Attribution,
    Faithfulness,
    Progress,
)

_ESTIMATE_SECONDS = {"cuda": 2.0}  # that a trust figure may take
_ESTIMATE_ELSEWHERE = 30.0


def check_seconds(seconds: float | None) -> None:
    """Raise InvalidRequest for a budget that is none."""
    if seconds is not None and not 0 < seconds < math.inf:  # NaN fails, too
        raise InvalidRequest(f"The budget is {seconds} seconds; it must be above 0.")


def budget(device: torch.device) -> float:
    """Seconds that an estimate may take where nobody says how many."""
    return _ESTIMATE_SECONDS.get(device.type, _ESTIMATE_ELSEWHERE)


def measure(
    case: Case, found: Attribution, *, full: bool, seconds: float | None, job: Job
) -> Faithfulness:
    """Does the relevance that was found predict what interventions do?"""
    started = time.perf_counter()  # reading the text is a part of what the estimate may take
    known = torch.tensor(found.relevance, dtype=torch.float64)
    occlusion = Occlusion(
        case.loaded.model, case.ids, score(case), neutral_token(case.loaded), job.checkpoint
    )
    tokens = segments.eligible(case.generation, case.pair.position)

    def report(message: str, fraction: float) -> None:
        job.emit(Progress(message, fraction))

    if full:
        paths = None
        if case.method.ruled:  # first: it takes the most memory, and the rest takes minutes
            job.emit(Progress("Cutting paths of the graph"))
            paths = ablate_paths(
                case.loaded.model,
                case.ids,
                case.objective,
                score(case),
                pass_settings(case, job, graph=True),
            )
        whole = measure_fully(occlusion, known, tokens, case.method.value, report=report)
        return evolve(whole, paths=paths)
    return estimate_faithfulness(
        occlusion,
        known,
        tokens,
        segments.lines(case.generation, tokens),
        case.method.value,
        seconds=budget(case.loaded.device) if seconds is None else seconds,
        report=report,
        started=started,
    )


def score(case: Case) -> Callable[[torch.Tensor], torch.Tensor]:
    """The objective as a function of logits (batch, vocabulary) → (batch,)."""
    none = torch.empty(0, device=case.loaded.device, dtype=case.loaded.dtype)
    logits = _last_logits(case) if case.objective.needs_logits else none
    return case.objective.resolve(logits).score


def _last_logits(case: Case) -> torch.Tensor:
    """(vocabulary,): what the model says of the target's place."""
    with torch.inference_mode():
        logits: torch.Tensor = case.loaded.model(case.ids[None], logits_to_keep=1).logits[0, -1]
    return logits


def neutral_token(loaded: LoadedModel) -> int:
    """A single space: it says nothing, and breaks no syntax where a word stood."""
    ids = loaded.tokenizer(" ", add_special_tokens=False).input_ids
    return int(ids[-1])
