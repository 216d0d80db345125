"""What the benchmarks share: a model, a text, time and peak memory, all within one run."""

import argparse
import inspect
import statistics
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, AutoTokenizer

from attribution.lrp.objective import Objective
from attribution.models.catalogue import SMALL
from attribution.models.store import ensure

Run = Callable[[], object]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=SMALL, help="name, folder or hub id (%(default)s)")
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")


def load(options: argparse.Namespace) -> tuple[Any, Any]:
    """Model and tokenizer as the options say; the header line is printed."""
    folder, dtype = ensure(options.model), getattr(torch, options.dtype)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    model.to(options.device).eval().requires_grad_(False)
    print(f"{options.model}, {options.dtype}, {options.device}, {torch.get_num_threads()} threads")
    return model, AutoTokenizer.from_pretrained(folder)


def python_text(tokenizer: Any, tokens: int) -> torch.Tensor:
    """(tokens,) ids of Python code that every installation has (the module textwrap)."""
    ids = tokenizer(inspect.getsource(textwrap)).input_ids
    ids = (ids * (tokens // len(ids) + 1))[:tokens]
    return torch.tensor(ids)


def top_two(model: Any, ids: torch.Tensor) -> Objective:
    """What the model would write against its second choice."""
    with torch.no_grad():
        logits = model(ids[None].to(model.device), logits_to_keep=1).logits[0, -1]
    target, contrast = logits.topk(2).indices.tolist()
    return Objective(target, contrast)


def plain(model: Any, ids: torch.Tensor, objective: Objective) -> torch.Tensor:
    """∂Δℓ/∂h0 (1, n, d) of the untouched model: frozen parameters, one row of logits."""
    embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()
    logits = model(inputs_embeds=embedded, use_cache=False, logits_to_keep=1).logits[0, -1]
    (grad,) = torch.autograd.grad(logits[objective.target] - logits[objective.contrast], embedded)
    return grad


def seconds(run: Run, device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def peak(run: Run, device: torch.device) -> int:
    """Bytes of tensors alive at once, beyond those alive before.

    By torch's profiler on the CPU, by the caching allocator's counters on CUDA.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    events = profiled.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    alive = highest = 0
    for _, change in changes:
        alive += change
        highest = max(highest, alive)
    return highest


def alternate(runs: Mapping[str, Run], repeat: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of each run, measured in turn so that a busy machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeat + 1):
        for name, run in runs.items():
            times[name].append(seconds(run, device))
    return {name: measured[1:] for name, measured in times.items()}  # the first round warms up


def ratio(times: Mapping[str, list[float]], name: str, base: str) -> float:
    """Median of the pairwise ratios."""
    return statistics.median(a / b for a, b in zip(times[name], times[base], strict=True))
