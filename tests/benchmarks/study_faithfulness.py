"""Which method explains interventions best? A study over contrast pairs that the tests have proved.

    tokenblame study faults --dataset humaneval --out study           # hours on two cores
    python -m tests.benchmarks.study_faithfulness study/*/faults.jsonl --out RESULTS.jsonl
    python -m tests.benchmarks.study_faithfulness --out RESULTS.jsonl --report

Of every pair (the best `--per-task` of a task, each at another position): Δℓ without each line,
without each of `--tokens` tokens drawn by chance (0: every token), all masked, and with growing
shares of the tokens masked in the order that a method gives. A pair takes one JSON line in RESULTS;
a run continues where the last one ended. The report gives the mean over tasks (of the mean over a
task's pairs) with 95 % bootstrap intervals over tasks, and paired differences to AttnLRP. `random`
is a relevance drawn by chance: what nothing at all would reach. `top5` is of the tokens measured:
of the drawn ones, unless all are.

`--full` adds what `tokenblame faithfulness --full` measures, minutes a pair: every token by both
perturbations (`masked`, `substituted`: rank correlation), the deletion curves against random orders
(`curves`: their gap in logits; `p of curves`), and for methods with a graph Δℓ with its strongest
paths cut against random paths (`paths`: how many times as far it moves; `p of paths`).
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray

from attribution.decoding.tokens import decode_spans
from attribution.engine.stages.explain.faithfulness import neutral_token
from attribution.engine.stages.explain.path_ablation import ablate_paths
from attribution.faithfulness.curves import Deletion
from attribution.faithfulness.measure import full
from attribution.faithfulness.occlusion import Occlusion, Score
from attribution.faithfulness.statistics import mean_interval, spearman, top_overlap
from attribution.faults.ranking import ranked
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from attribution.models.catalogue import DEFAULT
from attribution.models.loader import LoadedModel, load
from attribution.schema import (
    ContrastPair,
    Estimate,
    Faithfulness,
    ModelSettings,
    Perturbation,
)
from attribution.study import records
from attribution.study.records import Record
from tests.benchmarks.remembering import Remembering

FRACTIONS = (0.1, 0.2, 0.3, 0.5)
FloatArray = NDArray[np.float64]
RANDOM = "random"
FIGURES = ("tokens", "lines", "top5", "gap")
FULL = ("masked", "substituted", "top5 of all", "curves", "p of curves", "paths", "p of paths")


@frozen
class Case:
    """One pair with the tokens before its target."""

    key: str
    ids: list[int]
    lines: list[int]  # of the text, by token
    eligible: list[int]  # tokens that are no template
    target: int
    contrast: int


def study(options: argparse.Namespace) -> None:
    loaded = load(ModelSettings(options.model, options.device, options.dtype))
    done = {row["key"] for row in rows_of(options.out) if "full" in row or not options.full}
    found = [record for path in options.records for record in records.read(path)]
    for record in (record for record in found if record.pairs):
        if record.fingerprint != loaded.fingerprint:
            print(f"{record.task_id}: of another model, left out", file=sys.stderr)
            continue
        for case in cases_of(record, loaded, options.per_task):
            if case.key not in done and len(case.ids) <= options.longest:
                methods = [method for method in Method if method not in options.leave_out]
                row = measure(loaded, case, options.tokens, methods, all_of_it=options.full)
                with options.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                told = ", ".join(f"{m} {v['tokens']:.2f}" for m, v in row["methods"].items())
                print(f"{case.key}: {told}", flush=True)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The latest of each pair."""
    rows = map(json.loads, path.read_text().splitlines() if path.exists() else ())
    return list({row["key"]: row for row in rows}.values())


def cases_of(record: Record, loaded: LoadedModel, most: int) -> list[Case]:
    """The best pairs of one task, each at another position; two-token repairs are left out."""
    best: dict[int, ContrastPair] = {}
    for pair in ranked([p for p in record.pairs if p.second is None]):
        best.setdefault(pair.position, pair)
    special = {*loaded.tokenizer.all_special_ids}
    text, spans = decode_spans(loaded.tokenizer, record.ids[1:], record.ids[0])
    lines = [0, *(text.count("\n", 0, start) for start, _ in spans)]
    return [
        Case(
            key=f"{record.task_id}:{pair.position}:{pair.contrast.id}",
            ids=list(record.ids[: pair.position]),
            lines=lines[: pair.position],
            eligible=[k for k in range(1, pair.position) if record.ids[k] not in special],
            target=pair.target.id,
            contrast=pair.contrast.id,
        )
        for pair in list(best.values())[:most]
    ]


def measure(
    loaded: LoadedModel,
    case: Case,
    count: int,
    methods: Sequence[Method] = tuple(Method),
    *,
    all_of_it: bool = False,
) -> dict[str, Any]:
    """The figures of every method on one pair."""
    ids = torch.tensor(case.ids, device=loaded.device)
    objective = Objective(case.target, case.contrast)
    score = objective.resolve(torch.empty(0, device=loaded.device)).score
    occlusion = Remembering(loaded.model, ids, score, neutral_token(loaded))
    generator = np.random.default_rng(len(ids))
    sample = sorted(generator.permutation(case.eligible)[: count or None].tolist())
    relevance = {
        method.value: attribute(
            loaded.model, ids, objective, PassSettings(method)
        ).relevance.numpy()
        for method in methods
    }
    relevance[RANDOM] = generator.normal(size=len(ids))
    row: dict[str, Any] = {
        "key": case.key,
        "logit_diff": occlusion.base,
        "n": len(ids),
        "measured": len(sample),
        "methods": masked(occlusion, case, relevance, sample),
    }
    if all_of_it:
        row["full"] = {
            name: {
                **figures_of(
                    full(occlusion, torch.tensor(one), case.eligible, name, report=silent)
                ),
                **paths_of(loaded.model, ids, objective, score, name),
            }
            for name, one in relevance.items()
        }
    return row


def masked(
    occlusion: Occlusion, case: Case, relevance: Mapping[str, FloatArray], sample: Sequence[int]
) -> dict[str, dict[str, float]]:
    """FIGURES of every method."""
    eligible = case.eligible
    lines = [list(group) for _, group in groupby(eligible, lambda k: case.lines[k])]
    plans = {
        name: Deletion.plan(found[eligible], eligible, FRACTIONS, 0, 0)
        for name, found in relevance.items()
    }
    sets = [[k] for k in sample] + lines + [s for plan in plans.values() for s in plan.sets]
    scores = occlusion.without(sets, Perturbation.MASK).numpy()
    single, whole = (
        occlusion.base - part
        for part in (scores[: len(sample)], scores[len(sample) : len(sample) + len(lines)])
    )
    at, methods = len(sample) + len(lines), {}
    for name, found in relevance.items():
        plan = plans[name]
        curves = plan.curves(scores[at : at + len(plan.sets)].tolist())
        at += len(plan.sets)
        methods[name] = {
            "tokens": float(spearman(found[sample], single)),
            "lines": float(spearman(np.array([found[line].sum() for line in lines]), whole)),
            "top5": float(top_overlap(found[sample], single)),
            "gap": curves.gap,
        }
    return methods


def silent(_message: str, _share: float) -> None:
    pass


def figures_of(found: Faithfulness) -> dict[str, float]:
    mask, substitute = found.agreements
    figures = {
        "masked": mask.spearman.value,
        "substituted": substitute.spearman.value,
        "top5 of all": mask.top_overlap.value,
    }
    if found.curves is not None:
        figures |= {"curves": found.curves.gap, "p of curves": found.curves.p_value}
    return figures


def paths_of(
    model: Any, ids: torch.Tensor, objective: Objective, score: Score, name: str
) -> dict[str, float]:
    """For a method with a graph that has paths."""
    if name == RANDOM or not Method(name).ruled:
        return {}
    found = ablate_paths(model, ids, objective, score, PassSettings(Method(name)))
    if found is None:
        return {}
    moved, by_chance = (
        float(np.mean(np.abs(np.array(rows) - found.base)))
        for rows in (found.strongest, found.random)
    )
    ratio = {"paths": moved / by_chance} if by_chance else {}
    return ratio | {"p of paths": found.p_value}


def report(options: argparse.Namespace) -> None:
    rows = rows_of(options.out)
    tasks = {row["key"].partition(":")[0] for row in rows}
    length = np.median([row["n"] for row in rows])
    print(f"{len(rows)} proved pairs of {len(tasks)} tasks, median length {length:.0f}")
    for figure in FIGURES:
        print_figure(rows, "methods", figure)
    whole = [row for row in rows if "full" in row]
    if whole:
        print(f"\neverything measured: {len(whole)} of these pairs")
        for figure in FULL:
            print_figure(whole, "full", figure)


def print_figure(rows: Sequence[dict[str, Any]], kind: str, figure: str) -> None:
    """A table of the methods that have this figure, each over the pairs that it was measured on."""
    print(f"\n{figure:11} {'mean (95 % interval)':>25} {'minus attnlrp':>26} {'pairs':>6}")
    for name in dict.fromkeys(name for row in rows for name in row[kind]):
        with_it = [row for row in rows if figure in row[kind].get(name, ())]
        if with_it:
            values, base = (by_task(with_it, kind, n, figure) for n in (name, Method.ATTNLRP))
            print(
                f"{name:10} {told(mean_interval(values.tolist(), 0)):>24} "
                f"{told(mean_interval((values - base).tolist(), 0)):>26} {len(with_it):6}"
            )


def by_task(rows: Sequence[dict[str, Any]], kind: str, name: str, figure: str) -> FloatArray:
    """A figure averaged over the pairs of each task: they are not independent."""
    found: dict[str, list[float]] = {}
    for row in rows:
        task = row["key"].partition(":")[0]
        found.setdefault(task, []).append(row[kind][name][figure])
    return np.array([np.mean(values) for values in found.values()])


def told(figure: Estimate) -> str:
    return f"{figure.value:+.2f} ({figure.low:+.2f} to {figure.high:+.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(prog="study_faithfulness", description=__doc__)
    parser.add_argument("records", type=Path, nargs="*", help="faults.jsonl")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--leave-out", type=Method, choices=list(Method), nargs="*", default=(), metavar="METHOD"
    )
    parser.add_argument("--tokens", type=int, default=24, help="0: every token")
    parser.add_argument(
        "--full", action="store_true", help="and random orders, substitution and paths"
    )
    parser.add_argument("--per-task", type=int, default=2, help="pairs of one task")
    parser.add_argument("--longest", type=int, default=400, help="tokens of a pair's context")
    parser.add_argument("--report", action="store_true", help="print the table of RESULTS only")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    options = parser.parse_args()
    if not options.report:
        study(options)
    report(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
