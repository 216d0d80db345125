"""What an attribution, and all edges of its graph, cost over one plain forward and backward.

    python -m tests.benchmarks.bench_attribution [--model NAME] [--tokens 256] [--repeat 5]

All are measured alternately in one process. The plain pass is as lean as it can be: parameters
frozen, unembedding at the last position only. Time is the median; the ratio is the median of the
pairwise ratios. Memory is the peak of tensor bytes allocated on top of the model, measured in runs
of its own, beside what lrp/memory.py predicts.
"""

import argparse
import statistics
from functools import partial
from typing import Any

import torch

from attribution.lrp.closed_form import closed_form
from attribution.lrp.memory import estimate_memory
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute, backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Observers
from attribution.lrp.rules.layer_pass import LayerPass
from attribution.lrp.settings import Method, PassSettings
from tests.benchmarks.measure import (
    Run,
    add_options,
    alternate,
    load,
    peak,
    plain,
    python_text,
    ratio,
    top_two,
)


def all_edges(model: Any, ids: torch.Tensor, objective: Objective) -> list[torch.Tensor]:
    """The dense matrix of every transition (layers × (n, n)), from one pass."""
    model, rules = prepare(model, ids, objective)
    every, matrices = torch.arange(len(ids), device=ids.device), []

    def take(layer_pass: LayerPass, trace: BackwardTrace) -> None:
        matrices.append(closed_form(layer_pass, trace).edges(every))

    trace = BackwardTrace(observers=Observers(on_layer=take))
    backward(model, rules, ids, objective, trace)
    return matrices


def measure(model: Any, ids: torch.Tensor, objective: Objective, repeat: int) -> None:
    device = model.device
    runs: dict[str, Run] = {"plain": lambda: plain(model, ids, objective)}
    for method in (Method.ATTNLRP, Method.CPLRP, Method.GRADIENT):
        runs[method.value] = partial(attribute, model, ids, objective, PassSettings(method))
    runs["recompute"] = lambda: attribute(model, ids, objective, PassSettings(recompute=True))
    runs["all edges"] = lambda: all_edges(model, ids, objective)
    times = alternate(runs, repeat, device)
    base = peak(runs["plain"], device)
    print(f"{'':12} {'median s':>9} {'ratio':>6} {'peak MiB':>9} {'ratio':>6} {'predicted':>9}")
    for name, run in runs.items():
        used = peak(run, device)
        predicted = estimate_memory(
            model.config,
            len(ids),
            model.dtype,
            recompute=name == "recompute",
            graph=name == "all edges",
        )
        print(
            f"{name:12} {statistics.median(times[name]):9.3f} {ratio(times, name, 'plain'):6.2f} "
            f"{used / 2**20:9.1f} {used / base:6.2f} {predicted.total / 2**20:9.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_attribution", description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    model, tokenizer = load(options)
    ids = python_text(tokenizer, options.tokens).to(options.device)
    print(f"{options.tokens} tokens")
    measure(model, ids, top_two(model, ids), options.repeat)


if __name__ == "__main__":
    main()
