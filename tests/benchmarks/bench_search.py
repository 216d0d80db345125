"""Time to the first proved pair, against the search in the order of margins.

    python -m tests.benchmarks.bench_search study/*/faults.jsonl [--count 8] [--seconds 60]

Takes failing samples of a study for which a pair was proved, and searches each anew, twice: as
shipped, and in the published order (positions where the model hesitated most, each with its second
to fourth choice), without substitutions and without what the tests say of the lines. Both decode
with the same machinery, so the figure is what order and substitution are worth; a search without
any proof counts with its budget.
"""

import argparse
import time
from pathlib import Path
from statistics import median

from attrs import evolve

from attribution.commands.common import add_model_options, model_settings
from attribution.decoding import prefill
from attribution.faults.candidates import Candidate, Evidence, candidates
from attribution.faults.search import Budget, Search
from attribution.faults.syntax import Kind
from attribution.generation import Split, from_text, with_scores
from attribution.grading.grader import Grader
from attribution.models.loader import LoadedModel, load
from attribution.schema import ContrastPair, Form, Generation, ochiai
from attribution.searches import judge_of, subject_of
from attribution.study import records
from attribution.study.records import Record

_LAST_RANK = 4


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
            kind=Kind.NAME,
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


def compare(
    record: Record, loaded: LoadedModel, grader: Grader, seconds: float
) -> tuple[float, float]:
    task = grader.task(record.task_id)
    generation: Generation = from_text(
        task, Split(Form.DIRECT, record.prompt, record.code[len(record.prompt) :]), loaded.tokenizer
    )
    prefix = prefill(loaded.model, [t.id for t in generation.tokens], generation.prompt_length)
    generation = with_scores(generation, prefix.scores, loaded.tokenizer)
    subject = subject_of(task, generation, prefix, loaded)
    began = time.monotonic()
    lines = ochiai(grader.spectrum(record.task_id, generation.code))
    traced = time.monotonic() - began  # part of what it costs
    ordered = candidates(generation, prefix.scores, loaded.tokenizer, Evidence(lines))
    ours = first_proof(Search.of(subject, ordered), grader, seconds)
    theirs = first_proof(Search.of(subject, by_margin(ordered), screen=False), grader, seconds)
    return (seconds if ours is None else ours + traced), (seconds if theirs is None else theirs)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_search", description=__doc__)
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    add_model_options(parser)
    options = parser.parse_args()
    loaded, grader = load(model_settings(options)), Grader()
    proved = [r for path in options.records for r in records.read(path) if r.pairs]
    chosen = proved[:: max(1, len(proved) // options.count)][: options.count]
    found = []
    for record in chosen:
        ours, theirs = compare(record, loaded, grader, options.seconds)
        found.append((ours, theirs))
        print(f"{record.task_id}: {ours:.1f} s, by margin {theirs:.1f} s", flush=True)
    grader.close()
    print(
        f"median of {len(found)}: {median(o for o, _ in found):.1f} s, "
        f"by margin {median(t for _, t in found):.1f} s"
    )


if __name__ == "__main__":
    main()
