"""Time to the first proved pair, against the search in the order of margins.

    python -m tests.benchmarks.bench_search study/*/faults.jsonl [--failures] [--limit 8]

Takes failing samples of studies, token by token as they are recorded: those for which a pair was
proved, or all `--failures`, which neither order has chosen. Each is searched anew, twice: as
shipped, and in the published order (positions where the model hesitated most, each with its second
to fourth choice), without substitutions and without what the tests say of the lines. Both decode
with the same machinery, so the figure is what order and substitution are worth; a search without
any proof counts with its budget.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from attrs import evolve

from attribution.cli.commands.common import (
    add_model_options,
    at_least_one,
    model_settings,
    positive_seconds,
)
from attribution.decoding import Completion, prefill
from attribution.engine.stages.fault_search import judge_of, subject_of
from attribution.errors import InvalidSample
from attribution.faults.candidates import Candidate, Evidence, candidates
from attribution.faults.search import Budget, Search
from attribution.faults.syntax import TokenKind
from attribution.grading.grader import Grader
from attribution.models.loader import LoadedModel, load
from attribution.samples.tokenisation import from_completion, with_scores
from attribution.schema import ContrastPair, Form, Generation, Task, ochiai
from attribution.study import records
from attribution.study.records import Record

_LAST_RANK = 4
SEARCHES = ("shipped", "by margin")


def by_margin(ordered: list[Candidate]) -> list[Candidate]:
    """The same alternatives with scores that give the published order."""
    margins: dict[int, float] = {}
    for candidate in ordered:
        known = margins.get(candidate.position, candidate.logit_diff)
        margins[candidate.position] = min(known, candidate.logit_diff)
    return [
        evolve(
            c,
            log_probability=-margins[c.position] - 1e-6 * c.contrast.rank,
            entropy=0.0,
            kind=TokenKind.NAME,
            suspicion=0.0,
        )
        for c in ordered
        if c.contrast.rank <= _LAST_RANK
    ]


def first_proof(search: Search, grader: Grader, seconds: float) -> float | None:
    """Seconds to the first pair."""
    judge = judge_of(grader, search.subject.generation.task_id)
    began = time.monotonic()
    for event in search.run(Budget(10_000, seconds), judge, lambda: None, exhaust=True):
        if isinstance(event, ContrastPair):
            return time.monotonic() - began
    return None


def chosen(
    found: Iterable[Record], fingerprint: str, limit: int, *, failures: bool = False
) -> list[Record]:
    """Up to `limit` samples of this model, spread over all there are.

    Those with a proved pair, or all `failures` that were searched.
    """
    own = [r for r in found if r.fingerprint == fingerprint and r.failed]
    fit = [r for r in own if (r.search if failures else r.pairs)]
    count = min(limit, len(fit))
    return [fit[k * len(fit) // count] for k in range(count)]


def sample_of(record: Record, task: Task, loaded: LoadedModel) -> Generation:
    """The very tokens of the record: its text may well be read as others."""
    direct, start = record.form is Form.DIRECT, record.prompt_length
    output = record.code.removeprefix(record.prompt) if direct else record.code
    done = Completion(record.ids[start:], output, record.finished)
    made = from_completion(task, record.form, loaded.tokenizer, record.prompt, done)
    if tuple(token.id for token in made.tokens) != record.ids:
        raise InvalidSample(f"The prompt in the record of {record.task_id} has other tokens here.")
    return evolve(made, finished=record.finished)


def compare(record: Record, loaded: LoadedModel, grader: Grader, seconds: float) -> list[float]:
    """Seconds to the first pair of each of `SEARCHES`."""
    task = grader.task(record.task_id)
    generation = sample_of(record, task, loaded)
    prefix = prefill(loaded.model, record.ids, generation.prompt_length)
    generation = with_scores(generation, prefix, loaded.tokenizer)
    subject = subject_of(task, generation, prefix, loaded)
    began = time.monotonic()
    lines = ochiai(grader.spectrum(record.task_id, generation.code))
    traced = time.monotonic() - began  # part of what the shipped search costs
    ordered = candidates(generation, prefix.scores, loaded.tokenizer, Evidence(lines))
    margins = by_margin(ordered)
    shipped = first_proof(Search.of(subject, ordered), grader, seconds)
    published = first_proof(Search.of(subject, margins, screen=False), grader, seconds)
    found = [None if shipped is None else shipped + traced, published]
    return [seconds if one is None else min(one, seconds) for one in found]


def told(figures: Iterable[float]) -> str:
    return ", ".join(f"{name} {one:.1f} s" for name, one in zip(SEARCHES, figures, strict=True))


def proofs(found: Iterable[list[float]], seconds: float) -> str:
    """How many samples each search has a pair for."""
    counts = [sum(one < seconds for one in column) for column in zip(*found, strict=True)]
    return ", ".join(f"{name} {count}" for name, count in zip(SEARCHES, counts, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_search", description=__doc__)
    parser.add_argument("records", type=Path, nargs="+", help="faults.jsonl of studies")
    parser.add_argument("--limit", type=at_least_one, default=8, metavar="N", help="samples")
    parser.add_argument("--seconds", type=positive_seconds, default=60.0, help="a search")
    parser.add_argument("--failures", action="store_true", help="with or without a proved pair")
    add_model_options(parser)
    options = parser.parse_args()
    loaded, grader = load(model_settings(options)), Grader()
    recorded = [r for path in options.records for r in records.read(path)]
    found = []
    samples = chosen(recorded, loaded.fingerprint, options.limit, failures=options.failures)
    for record in samples:
        found.append(compare(record, loaded, grader, options.seconds))
        print(f"{record.task_id}: {told(found[-1])}", flush=True)
    grader.close()
    if not found:
        wanted = "is a failure that was searched" if options.failures else "has a proved pair"
        raise SystemExit(f"No record of {loaded.name} (--model) {wanted}.")
    print(f"median of {len(found)}: {told(map(median, zip(*found, strict=True)))}")
    print(f"proofs within {options.seconds:g} s: {proofs(found, options.seconds)}")


if __name__ == "__main__":
    main()
