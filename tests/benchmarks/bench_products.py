"""One pass of a few tokens: with torch's own products, turned ones, and packed weights.

    python -m tests.benchmarks.bench_products [--model NAME] [--rows 1 8 16 32 64 128]

Behind a text of 256 tokens, all logits computed; CPU only. Packing is timed as well, and what it
adds to the memory of the process.
"""

import argparse
import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median

import torch
from transformers import PreTrainedModel

from attribution.cli.commands.common import add_model_options, at_least_one, model_settings
from attribution.decoding import prefill
from attribution.decoding.caches import states
from attribution.decoding.linear import few_rows, is_packed, packed
from attribution.models.loader import load
from attribution.resources import human, resident_bytes

TEXT = 256  # tokens that were read before
REPEATS = 7
WAYS: dict[str, Callable[[PreTrainedModel], AbstractContextManager[None]]] = {
    "plain": lambda _: contextlib.nullcontext(),
    "turned": few_rows,
    "packed": packed,
}


@torch.inference_mode()
def seconds(model: PreTrainedModel, rows: int) -> float:
    """Of one pass, median."""
    ids = [5 + place % 1000 for place in range(TEXT)]
    taken = []
    for _ in range(REPEATS):
        cache = prefill(model, ids, TEXT - 1).cache
        began = time.perf_counter()
        model(input_ids=torch.tensor([ids[:rows]]), past_key_values=cache, use_cache=True)
        taken.append(time.perf_counter() - began)
        assert len(states(cache)[0][0][0, 0]) == TEXT + rows
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_products", description=__doc__)
    add_model_options(parser)
    parser.add_argument("--rows", type=at_least_one, nargs="+", default=[1, 8, 16, 32, 64, 128])
    model = load(model_settings(options := parser.parse_args())).model
    found: dict[str, list[float]] = {}
    for name, way in WAYS.items():
        before, began = resident_bytes(), time.perf_counter()
        with way(model):
            entered, grown = time.perf_counter() - began, resident_bytes() - before
            found[name] = [seconds(model, rows) for rows in options.rows]
            if name == "packed":
                if not is_packed(model):
                    raise SystemExit("Nothing was packed: other weights, or too little memory.")
                print(f"packing: {entered:.1f} s, {human(grown)}")
    for index, rows in enumerate(options.rows):
        figures = ", ".join(f"{name} {1000 * times[index]:.0f} ms" for name, times in found.items())
        gain = found["turned"][index] / found["packed"][index]
        print(f"{rows} tokens: {figures}; packed {gain:.1f} × as fast as turned")


if __name__ == "__main__":
    main()
