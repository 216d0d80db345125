"""Leave-one-out with the prefix cache and in batches, against doing it naively.

    python -m tests.benchmarks.bench_faithfulness [--model NAME] [--tokens 256] [--sample 24]

Naively, every token costs a forward over the whole sequence, one at a time, without a cache. The
naive time is measured on `--sample` tokens spread over the sequence and scaled to all of them; the
results of both are compared on these. `estimate` is the trust figure that an editor asks for.
"""

import argparse
import time
from typing import Any

import torch

from attribution.faithfulness.measure import estimate
from attribution.faithfulness.occlusion import Occlusion
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.schema import Perturbation
from tests.benchmarks.measure import add_options, load, python_text, seconds, top_two


def naive(model: Any, ids: torch.Tensor, objective: Objective, token: int) -> float:
    """Δℓ with the key of one token hidden: the whole sequence anew."""
    visible = torch.ones_like(ids)[None]
    visible[0, token] = 0
    positions = torch.arange(len(ids), device=ids.device)[None]
    with torch.inference_mode():
        row = model(
            ids[None],
            attention_mask=visible,
            position_ids=positions,
            use_cache=False,
            logits_to_keep=1,
        ).logits[0, -1]
    return float(row[objective.target] - row[objective.contrast])


def measure(model: Any, ids: torch.Tensor, options: argparse.Namespace) -> None:
    objective = top_two(model, ids)
    score = objective.resolve(torch.empty(0, device=ids.device)).score
    every = list(range(1, len(ids)))
    sample = every[:: max(1, len(every) // options.sample)]
    found: dict[str, Any] = {}

    def all_tokens() -> None:
        occlusion = Occlusion(model, ids, score, 0)
        found["ours"] = occlusion.without([[k] for k in every], Perturbation.MASK)
        found["rows"], found["fed"] = occlusion.forwards, occlusion.tokens

    def some_naively() -> None:
        found["naive"] = [naive(model, ids, objective, k) for k in sample]

    some_naively()  # warms up
    ours = seconds(all_tokens, model.device)
    slow = seconds(some_naively, model.device) * len(every) / len(sample)
    apart = max(abs(found["ours"][k - 1] - v) for k, v in zip(sample, found["naive"], strict=True))
    print(
        f"leave-one-out of {len(every)} tokens: {ours:.1f} s, naively {slow:.1f} s "
        f"({len(sample)} tokens, scaled): {slow / ours:.1f} ×; {found['fed']} tokens fed instead "
        f"of {len(every) * len(ids)}; they differ by at most {apart:.1e}"
    )
    relevance = attribute(model, ids, objective).relevance
    lines = [(start, min(start + 12, len(ids))) for start in range(1, len(ids), 12)]
    start = time.perf_counter()
    occlusion = Occlusion(model, ids, score, 0)
    trust = estimate(occlusion, relevance, every, lines, "attnlrp", report=lambda *_: None)
    print(
        f"estimate: {trust.forwards} rows, {time.perf_counter() - start:.1f} s, "
        f"{trust.agreements[0].measured} tokens and {len(trust.segments)} segments"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_faithfulness", description=__doc__)
    add_options(parser)
    parser.add_argument("--sample", type=int, default=24)
    options = parser.parse_args()
    model, tokenizer = load(options)
    ids = python_text(tokenizer, options.tokens).to(options.device)
    print(f"{options.tokens} tokens")
    measure(model, ids, options)


if __name__ == "__main__":
    main()
