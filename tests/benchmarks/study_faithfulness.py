"""Which method explains interventions best? A study over contrast pairs that the tests have proved.

    python -m tests.benchmarks.collect_pairs PAIRS.jsonl              # hours on two cores
    python -m tests.benchmarks.study_faithfulness PAIRS.jsonl --out RESULTS.jsonl
    python -m tests.benchmarks.study_faithfulness PAIRS.jsonl --out RESULTS.jsonl --report

Of every pair: Δℓ without each line, without each of `--tokens` tokens drawn by chance (0: every
token), all masked, and with growing shares of the tokens masked in the order that a method gives.
A pair takes one JSON line in RESULTS; a run continues where the last one ended. The report gives
the mean over pairs with 95 % bootstrap intervals, and paired differences to AttnLRP. `random` is a
relevance drawn by chance: what nothing at all would reach. `top5` is of the tokens measured: of
the drawn ones, unless all are.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attribution.explaining import neutral_token
from attribution.faithfulness.curves import Deletion
from attribution.faithfulness.probe import Probe
from attribution.faithfulness.statistics import mean_interval, spearman, top_overlap
from attribution.lrp.relevance import Method, Objective, attribute
from attribution.models.catalogue import DEFAULT
from attribution.models.loader import LoadedModel, load
from attribution.schema import Estimate, ModelSettings, Perturbation, Role

FRACTIONS = (0.1, 0.2, 0.3, 0.5)
RANDOM = "random"
FIGURES = ("tokens", "lines", "top5", "gap")


def study(options: argparse.Namespace) -> None:
    loaded = load(ModelSettings(options.model, options.device, options.dtype))
    done = {row["key"] for row in rows_of([options.out])} if options.out.exists() else set()
    for pair in rows_of(options.pairs):
        if pair["fingerprint"] != loaded.fingerprint:
            print(f"{pair['task_id']}: of another model, left out", file=sys.stderr)
        elif key(pair) not in done and len(pair["ids"]) <= options.longest:
            row = measure(loaded, pair, options.tokens)
            with options.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            told = ", ".join(f"{m} {v['tokens']:.2f}" for m, v in row["methods"].items())
            print(f"{pair['task_id']}: {told}", flush=True)


def rows_of(paths: Sequence[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def key(pair: dict[str, Any]) -> str:
    return f"{pair['task_id']}:{len(pair['ids'])}:{pair['contrast']}"


def measure(loaded: LoadedModel, pair: dict[str, Any], count: int) -> dict[str, Any]:
    """The figures of every method on one pair."""
    ids = torch.tensor(pair["ids"], device=loaded.device)
    objective = Objective(pair["target"], pair["contrast"])
    score = objective.resolve(torch.empty(0, device=loaded.device)).score
    probe = Probe(loaded.model, ids, score, neutral_token(loaded))
    eligible = [k for k, role in enumerate(pair["roles"]) if role != Role.TEMPLATE]
    lines = [list(group) for _, group in groupby(eligible, lambda k: pair["lines"][k])]
    generator = np.random.default_rng(len(ids))
    sample = sorted(generator.permutation(eligible)[: count or None].tolist())
    relevance = {
        method.value: attribute(loaded.model, ids, objective, method=method).relevance.numpy()
        for method in Method
    }
    relevance[RANDOM] = generator.normal(size=len(ids))
    plans = {
        name: Deletion.plan(found[eligible], eligible, FRACTIONS, 0, 0)
        for name, found in relevance.items()
    }
    sets = [[k] for k in sample] + lines + [s for plan in plans.values() for s in plan.sets]
    scores = probe.without(sets, Perturbation.MASK).numpy()
    single, whole = (
        probe.base - part
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
    return {
        "key": key(pair),
        "logit_diff": probe.base,
        "n": len(ids),
        "measured": len(sample),
        "methods": methods,
    }


def report(options: argparse.Namespace) -> None:
    rows = rows_of([options.out])
    print(f"{len(rows)} proved pairs, median length {np.median([row['n'] for row in rows]):.0f}")
    for figure in FIGURES:
        print(f"\n{figure:8} {'mean (95 % interval)':>26} {'minus attnlrp':>26}")
        base = np.array([row["methods"][Method.ATTNLRP][figure] for row in rows])
        for name in rows[0]["methods"]:
            values = np.array([row["methods"][name][figure] for row in rows])
            print(
                f"{name:10} {told(mean_interval(values, 0)):>24} "
                f"{told(mean_interval(values - base, 0)):>26}"
            )


def told(figure: Estimate) -> str:
    return f"{figure.value:+.2f} ({figure.low:+.2f} to {figure.high:+.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(prog="study_faithfulness", description=__doc__)
    parser.add_argument("pairs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=24, help="0: every token")
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
