"""Experts by the kernels that transformers has for them; the other tests run the eager one."""

from typing import Any

import numpy as np
import pytest
import torch

from attribution.graphs.raw import RawGraph
from attribution.lrp.families import rules_for
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.lrp.rules.attach import attached
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.lrp.tiny import Shape, build, build_config, logits, tokens

PAIR = Objective(3, 5)
DEFAULT = "grouped_mm"
kernels = pytest.mark.parametrize("kernel", [DEFAULT, "batched_mm"])
ruled = pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])


def experts(kernel: str, dtype: torch.dtype = torch.float32) -> Any:
    """Widths are multiples of 8, as the grouped kernel wants them in bfloat16."""
    shape = Shape("qwen3_moe", layers=3)
    config = build_config(shape)
    config.moe_intermediate_size = 16
    model = build(shape, config, dtype)
    model.set_experts_implementation(kernel)
    return model


def graph_of(model: Any, ids: torch.Tensor, method: Method, recompute: bool = False) -> RawGraph:
    return build_raw_graph(
        model,
        ids,
        PAIR,
        GraphSettings(layers=(1,)),
        PassSettings(method, recompute=recompute),
    )


def test_a_model_as_transformers_loads_it_has_the_grouped_kernel() -> None:
    config = build_config(Shape("qwen3_moe"))
    config._experts_implementation = None
    assert build(Shape("qwen3_moe"), config).config._experts_implementation == DEFAULT


@kernels
@ruled
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_logits_stay_as_they_are(kernel: str, method: Method, dtype: torch.dtype) -> None:
    model, ids = experts(kernel, dtype), tokens(12)
    plain = logits(model, ids)
    with attached(model, rules_for(model), BackwardTrace(PassSettings(method))):
        assert torch.equal(logits(model, ids), plain)


@kernels
@ruled
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_every_kernel_gives_the_same_relevance(
    kernel: str, method: Method, dtype: torch.dtype, tolerance: float
) -> None:
    ids = tokens(12)
    eager, found = (
        attribute(experts(name, dtype), ids, PAIR, PassSettings(method))
        for name in ("eager", kernel)
    )
    scale = float(eager.nodes.abs().max())
    assert torch.allclose(found.nodes, eager.nodes, rtol=0, atol=tolerance * scale)
    assert found.leak == pytest.approx(eager.leak, abs=tolerance * scale)


@kernels
@ruled
@pytest.mark.parametrize("recompute", [False, True])
def test_every_kernel_gives_the_same_graph(kernel: str, method: Method, recompute: bool) -> None:
    ids = tokens(12)
    eager, found = (graph_of(experts(name), ids, method, recompute) for name in ("eager", kernel))
    for a, b in zip(found.transitions, eager.transitions, strict=True):
        assert np.array_equal(a.targets, b.targets)
        assert np.array_equal(a.sources, b.sources)
        assert np.abs(a.weights - b.weights).max() <= 1e-5 * np.abs(b.weights).max()
