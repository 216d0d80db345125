"""What a search says of itself when it ends."""

from collections.abc import Sequence

from attribution.decoding import DecodingCost, Scores
from attribution.faults import ranking
from attribution.faults.candidates import Candidate
from attribution.faults.findings import Findings
from attribution.schema import SearchReport


def report_of(
    findings: Findings,
    ordered: Sequence[Candidate],
    scores: Scores,
    work: DecodingCost,
    *,
    rollouts: int,
    seconds: float,
    trials: bool,
) -> SearchReport:
    """`ordered`: all candidates. `rollouts`: that were begun. `trials`: with the log of all."""
    generation, pairs = findings.generation, list(findings.pairs.values())
    programs = findings.programs.tested
    missing = [c for c in ordered if c not in findings.tried or findings.is_untested(c)]
    complete = not missing and not findings.undecided
    found = ranking.outcome(
        pairs,
        start=generation.prompt_length,
        length=len(generation.tokens),
        finished=generation.finished,
        complete=complete,
    )
    pivot, ranks = ranking.pivot(pairs), scores.chosen_ranks
    return SearchReport(
        rollouts=rollouts,
        decoded_tokens=work.written,
        proved=len(pairs),
        message=ranking.describe(found, pairs, rollouts, programs),
        outcome=found,
        programs=programs,
        accepted_tokens=work.accepted,
        computed_tokens=work.computed,
        plain_tokens=work.plain,
        seconds=seconds,
        first_seconds=findings.first_seconds,
        complete=complete,
        own_share=float((ranks == 1).float().mean()) if len(ranks) else 1.0,
        pivotal=pivot,
        pivotal_certain=pivot is not None and not any(c.position > pivot for c in missing),
        trials=tuple(findings.trials) if trials else (),
    )
