"""What one attribution costs over one plain forward and backward of the same logit difference.

    python -m tests.benchmarks.bench_attribution [--model NAME] [--tokens 256] [--repeat 7]

Both are measured alternately in one process. The plain pass is as lean as it can be: parameters
frozen, unembedding at the last position only. Time is the median; the ratio is the median of the
pairwise ratios. Memory is the peak of tensor bytes allocated on top of the model, measured in runs
of its own: by torch's profiler on the CPU, by the caching allocator's counters on CUDA.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM

from attribution.lrp.relevance import Method, Objective, attribute
from attribution.models.catalogue import SMALL
from attribution.models.store import ensure

Run = Callable[[], object]


def plain(model: Any, ids: torch.Tensor, target: int, contrast: int) -> torch.Tensor:
    """∂Δℓ/∂h0 (1, n, d) of the untouched model."""
    embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()
    logits = model(inputs_embeds=embedded, use_cache=False, logits_to_keep=1).logits[0, -1]
    (grad,) = torch.autograd.grad(logits[target] - logits[contrast], embedded)
    return grad


def seconds(run: Run, device: torch.device) -> float:
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def peak(run: Run, device: torch.device) -> int:
    """Bytes of tensors alive at once, beyond those alive before."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    events = profiled.profiler.kineto_results.events()  # type: ignore[union-attr]
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    alive = highest = 0
    for _, change in changes:
        alive += change
        highest = max(highest, alive)
    return highest


def measure(model: Any, tokens: int, repeat: int) -> None:
    generator = torch.Generator().manual_seed(0)
    vocabulary = model.get_input_embeddings().num_embeddings
    ids = torch.randint(vocabulary, (tokens,), generator=generator).to(model.device)
    with torch.no_grad():
        target, contrast = model(ids[None], logits_to_keep=1).logits[0, -1].topk(2).indices.tolist()
    runs: dict[str, Run] = {"plain": lambda: plain(model, ids, target, contrast)}
    for method in Method:
        runs[method.value] = lambda m=method: attribute(
            model, ids, Objective(target, contrast), method=m
        )
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeat + 1):
        for name, run in runs.items():
            times[name].append(seconds(run, model.device))
    base = peak(runs["plain"], model.device)
    print(f"{'':10} {'median s':>9} {'ratio':>6} {'peak MiB':>9} {'ratio':>6}")
    for name, run in runs.items():
        measured = times[name][1:]  # the first round warms up
        ratio = statistics.median(a / b for a, b in zip(measured, times["plain"][1:], strict=True))
        used = peak(run, model.device)
        print(
            f"{name:10} {statistics.median(measured):9.3f} {ratio:6.2f} "
            f"{used / 2**20:9.1f} {used / base:6.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_attribution", description=__doc__)
    parser.add_argument("--model", default=SMALL, help="name, folder or hub id (%(default)s)")
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    dtype = getattr(torch, options.dtype)
    model: Any = AutoModelForCausalLM.from_pretrained(ensure(options.model), dtype=dtype)
    model.to(options.device).eval().requires_grad_(False)
    print(f"{options.model}, {options.tokens} tokens, {options.dtype}, {options.device}")
    measure(model, options.tokens, options.repeat)


if __name__ == "__main__":
    main()
