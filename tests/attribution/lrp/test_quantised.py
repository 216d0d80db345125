"""Weights of four bits: a linear layer of bitsandbytes is a linear map like any other."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as tf

from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.refine import refine
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from attribution.models.quantised import keep_unpacked
from tests.attribution.lrp.tiny import FAMILIES, Shape, logits, tokens
from tests.attribution.lrp.tiny import build as build_model

PAIR = Objective(3, 5)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_explained_completely(family: str, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    build_model(Shape(family, window=4), dtype=torch.float32).save_pretrained(tmp_path)
    options = tf.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32
    )
    model = tf.AutoModelForCausalLM.from_pretrained(
        tmp_path, quantization_config=options, device_map={"": "cpu"}, dtype=torch.float32
    ).eval()
    keep_unpacked(model)
    assert "Linear4bit" in {type(module).__name__ for module in model.modules()}
    ids = tokens(12)
    row = logits(model, ids)[-1]
    for method in (Method.ATTNLRP, Method.CPLRP):
        found = attribute(model, ids, PAIR, PassSettings(method))
        scale = float(found.nodes.abs().sum(1).max())
        assert found.logit_diff == pytest.approx(float(row[3] - row[5]), abs=1e-5)
        assert abs(found.error) <= 1e-5 * scale
        graph = build_raw_graph(
            model,
            ids,
            PAIR,
            GraphSettings(layers=(0,), midpoints=True),
            PassSettings(method),
        )
        for t, transition in enumerate(graph.transitions):
            handed = np.bincount(transition.sources, transition.weights, len(ids))
            assert np.abs(handed - graph.relevance[t]).max() <= 1e-5 * scale
        (parts,) = refine(model, ids, PAIR, [(4, 11)], PassSettings(method), top=1000).values()
        total = sum(relevance for _, relevance in parts.dimensions)
        assert total == pytest.approx(graph.relevance[-1][11], rel=1e-4, abs=1e-5 * scale)
    assert torch.equal(logits(model, ids)[-1], row)
