"""The closed form of the graph against the batch-packed backward, and how both grow.

    python -m tests.benchmarks.bench_graph [--model NAME] [--lengths 128 256 512]

For the same retained targets, at batch 16: `closed` is the one pass with its edges, `packed` the
one pass plus a backward per batch of targets and layer (arXiv 2604.17761, appendix A). With all
targets the packed method is timed on `--layers` layers spread over the model and scaled to all of
them, because it takes minutes. The speed-up of each length stands in one row, to be seen growing.
Growth is the slope of log time over log tokens.
"""

import argparse
import math
import statistics
from collections.abc import Callable
from typing import Any

import torch
from attrs import frozen

from attribution.lrp.closed_form import closed_form
from attribution.lrp.objective import Objective
from attribution.lrp.packed import LayerRange, packed_edges
from attribution.lrp.relevance import attribute, backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Observers
from attribution.lrp.rules.layer_pass import LayerCall, LayerPass
from attribution.lrp.settings import PassSettings
from attribution.lrp.transitions import tokens_above
from tests.benchmarks.bench_attribution import all_edges
from tests.benchmarks.measure import (
    add_options,
    alternate,
    load,
    plain,
    python_text,
    seconds,
    top_two,
)


@frozen(eq=False)
class Traced:
    """One pass with all that the packed method needs."""

    layers: list[LayerRange]
    targets: list[torch.Tensor]  # retained, per layer


def traced_backward(
    model: Any, ids: torch.Tensor, objective: Objective, threshold: float
) -> Traced:
    model, rules = prepare(model, ids, objective)
    states: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
    trace = BackwardTrace(
        observers=Observers(on_stage=lambda stage, h, g: states.update({stage: (h[0], g[0])}))
    )
    backward(model, rules, ids, objective, trace)
    floor = threshold * abs(trace.logit_diff)
    calls: list[LayerCall] = [trace.calls[layer] for layer in sorted(trace.calls)]
    return Traced(
        [LayerRange([c], states[2 * k][0], states[2 * k + 2][1]) for k, c in enumerate(calls)],
        [tokens_above(trace.nodes[2 * k + 2][0], floor) for k in range(len(calls))],
    )


def closed(model: Any, ids: torch.Tensor, objective: Objective, threshold: float) -> None:
    """The one pass, with the edges of the targets that the threshold retains."""
    model, rules = prepare(model, ids, objective)

    def take(layer_pass: LayerPass, trace: BackwardTrace) -> None:
        kept = tokens_above(layer_pass.relevance[2], threshold * abs(trace.logit_diff))
        closed_form(layer_pass, trace).edges(kept)

    trace = BackwardTrace(observers=Observers(on_layer=take))
    backward(model, rules, ids, objective, trace)


def packed_seconds(model: Any, traced: Traced, layers: list[int], device: torch.device) -> float:
    """Seconds of the packed backward over these layers."""
    _, rules = prepare(model, torch.tensor([0]), Objective(0, 1))

    def run() -> None:
        for layer in layers:
            packed_edges(model, rules, traced.layers[layer], traced.targets[layer], PassSettings())

    return seconds(run, device)


def compare(model: Any, tokenizer: Any, options: argparse.Namespace) -> None:
    """The speed-up at every length, for the retained targets and for all of them."""
    for threshold in (options.threshold, 0.0):
        speed_ups = []
        for n in options.lengths:
            ids = python_text(tokenizer, n).to(model.device)
            speed_ups.append(f"{n}: {speed_up(model, ids, threshold, options.layers):.0f} ×")
        print(f"speed-up at threshold {threshold:.0%}: {', '.join(speed_ups)}", flush=True)


def speed_up(model: Any, ids: torch.Tensor, threshold: float, max_layers: int) -> float:
    """Packed over closed form; with all targets the packed method runs on `max_layers` layers."""
    objective = top_two(model, ids)
    traced = traced_backward(model, ids, objective, threshold)
    count = model.config.num_hidden_layers
    layers = list(range(count))
    if not threshold:
        step = max(1, count // max_layers)
        layers = layers[step // 2 :: step][:max_layers]
    runs: dict[str, Callable[[], object]] = {
        "closed": lambda: closed(model, ids, objective, threshold)
    }
    runs["pass"] = lambda: attribute(model, ids, objective)
    times = alternate(runs, 3, model.device)
    one_pass = statistics.median(times["pass"])
    packed = packed_seconds(model, traced, layers, model.device)
    whole = one_pass + packed * count / len(layers)
    ours = statistics.median(times["closed"])
    retained = statistics.mean(len(t) for t in traced.targets)
    note = "" if len(layers) == count else f" (packed: {len(layers)} layers, scaled)"
    print(
        f"{len(ids)} tokens, threshold {threshold:.0%}: {retained:.1f} targets a layer, closed "
        f"{ours:.2f} s, packed {whole:.2f} s{note}",
        flush=True,
    )
    return whole / ours


def growth(model: Any, tokenizer: Any, lengths: list[int]) -> None:
    names = ("plain", "attribution", "all edges")
    measured: dict[str, list[float]] = {name: [] for name in names}
    for n in lengths:
        ids = python_text(tokenizer, n).to(model.device)
        objective = top_two(model, ids)
        runs = (
            lambda i=ids, o=objective: plain(model, i, o),
            lambda i=ids, o=objective: attribute(model, i, o),
            lambda i=ids, o=objective: all_edges(model, i, o),
        )
        times = alternate(dict(zip(names, runs, strict=True)), 2, model.device)
        for name in names:
            measured[name].append(statistics.median(times[name]))
    for name, medians in measured.items():
        slope = math.log(medians[-1] / medians[0]) / math.log(lengths[-1] / lengths[0])
        listed = ", ".join(f"{n}: {t:.2f} s" for n, t in zip(lengths, medians, strict=True))
        print(f"growth of {name}: n^{slope:.2f} ({listed})")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_graph", description=__doc__)
    add_options(parser)
    parser.add_argument("--threshold", type=float, default=0.01, help="share of |Δℓ|")
    parser.add_argument("--layers", type=int, default=2, help="timed with all targets")
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 256, 512])
    options = parser.parse_args()
    model, tokenizer = load(options)
    compare(model, tokenizer, options)
    growth(model, tokenizer, options.lengths)


if __name__ == "__main__":
    main()
