"""The benchmarks of the graph in a tiny model: what they print."""

import argparse
import re
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.stages.explain.graph import graph_settings_of
from attribution.lrp import graph
from tests.attribution.cases import EVERYTHING
from tests.benchmarks import bench_graph, bench_long


def test_the_speed_up_is_printed_for_every_length(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = argparse.Namespace(threshold=0.01, layers=1, lengths=[8, 16, 24])
    bench_graph.compare(model, tokenizer, options)
    told = capsys.readouterr().out
    for threshold in ("1%", "0%"):
        row = rf"^speed-up at threshold {threshold}: 8: \d+ ×, 16: \d+ ×, 24: \d+ ×$"
        assert re.search(row, told, re.MULTILINE)
    assert "(packed: 1 layers, scaled)" in told


def test_a_long_prompt_takes_the_graph_of_the_engine(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All edges between strong nodes: a share of the mass would be measured as less."""
    seen: list[Any] = []
    real = graph.build_raw_graph

    def build(*arguments: Any, **options: Any) -> Any:
        seen.append(arguments[3])
        return real(*arguments, **options)

    monkeypatch.setattr(bench_long, "build_raw_graph", build)
    monkeypatch.setattr(bench_long, "load", lambda _options: (model, tokenizer))
    bench_long.measure(argparse.Namespace(tokens=20, device="cpu"))
    assert seen == [graph_settings_of(evolve(EVERYTHING, node_threshold=0.01))]
    assert seen[0].mass == 1.0
    assert "20 tokens" in capsys.readouterr().out


def test_what_loading_took_is_not_the_peak(
    tokenizer: PreTrainedTokenizerFast, model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counters of a GPU start after loading; here its calls are written down."""
    called: list[str] = []

    class OnGpu:
        device = torch.device("cuda")

        def parameters(self) -> list[torch.nn.Parameter]:
            called.append("loaded")
            return list(model.parameters())

    fake = OnGpu()
    fake.config = model.config  # type: ignore[attr-defined]
    fake.dtype = model.dtype  # type: ignore[attr-defined]
    monkeypatch.setattr(bench_long, "load", lambda _options: (fake, tokenizer))
    monkeypatch.setattr(bench_long, "top_two", lambda *_: None)
    monkeypatch.setattr(
        torch.cuda, "reset_peak_memory_stats", lambda _device: called.append("reset")
    )
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _device: 1000)

    class Graph:
        transitions: tuple[()] = ()
        logit_diff = 0.0

    def build(*_arguments: object, **_options: object) -> Graph:
        called.append("built")
        return Graph()

    monkeypatch.setattr(bench_long, "build_raw_graph", build)
    bench_long.measure(argparse.Namespace(tokens=20, device="cpu"))
    assert called.index("reset") < called.index("built")
