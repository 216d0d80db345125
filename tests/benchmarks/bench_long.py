"""Long prompts: time and peak memory of an attribution with its graph, beside the memory model.

    python -m tests.benchmarks.bench_long [--model NAME] [--tokens 4000]

The graph is what the engine computes before it prunes. The peak is that of the whole process
(Python, torch and weights included) on a CPU; on CUDA it is the allocator's while the graph is
computed, weights included. Layers are run anew on the way back, as the engine decides where
memory is short. Then the memory model (lrp/memory.py) is printed for 12 000 tokens of some
published shapes.
"""

import argparse
import resource
import time

import torch
from transformers import LlamaConfig, Qwen2Config

from attribution.engine.stages.explain.graph import graph_settings_of
from attribution.lrp.graph import build_raw_graph
from attribution.lrp.memory import estimate_memory
from attribution.lrp.settings import PassSettings
from attribution.resources import human
from attribution.schema import ExplainRequest, GraphRequest
from tests.benchmarks.measure import add_options, load, python_text, top_two

# hidden size, layers, heads, kv heads, intermediate size, parameters
SHAPES = {
    "SmolLM2-135M": (LlamaConfig, 576, 30, 9, 3, 1536, 0.135e9),
    "Qwen2.5-Coder-0.5B": (Qwen2Config, 896, 24, 14, 2, 4864, 0.49e9),
    "Qwen2.5-Coder-7B": (Qwen2Config, 3584, 28, 28, 4, 18944, 7.6e9),
    "Llama-3.1-8B": (LlamaConfig, 4096, 32, 32, 8, 14336, 8.0e9),
    "Qwen2.5-Coder-32B": (Qwen2Config, 5120, 64, 40, 8, 27648, 32.8e9),
}


def measure(options: argparse.Namespace) -> None:
    model, tokenizer = load(options)
    ids = python_text(tokenizer, options.tokens).to(options.device)
    objective = top_two(model, ids)
    if model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(model.device)  # loading may have taken more
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    start = time.perf_counter()
    graph_settings = graph_settings_of(GraphRequest(ExplainRequest("")))
    graph = build_raw_graph(model, ids, objective, graph_settings, PassSettings(recompute=True))
    seconds = time.perf_counter() - start
    if model.device.type == "cuda":
        used = torch.cuda.max_memory_allocated(model.device)
    else:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    predicted = estimate_memory(model.config, len(ids), model.dtype, recompute=True, graph=True)
    edges = sum(len(transition.weights) for transition in graph.transitions)
    print(f"{len(ids)} tokens: {seconds:.0f} s, Δℓ {graph.logit_diff:.2f}, {edges} candidate edges")
    print(
        f"peak {human(used)}; weights {human(weights)}, predicted beside them "
        f"{human(predicted.total)}"
    )


def predict(tokens: int) -> None:
    print(f"memory model at {tokens} tokens, bfloat16, graph, layers run anew:")
    for name, (kind, d, layers, heads, kv_heads, m, parameters) in SHAPES.items():
        config = kind(
            hidden_size=d,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            intermediate_size=m,
        )
        whole = estimate_memory(config, tokens, torch.bfloat16, graph=True)
        anew = estimate_memory(config, tokens, torch.bfloat16, recompute=True, graph=True)
        weights = int(2 * parameters)
        print(
            f"  {name:20} weights {human(weights):>7}, beside them {human(anew.total):>7} "
            f"({human(whole.total)} with all layers kept)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_long", description=__doc__)
    add_options(parser)
    parser.set_defaults(tokens=4000)
    options = parser.parse_args()
    measure(options)
    predict(12_000)


if __name__ == "__main__":
    main()
