"""Loading: device and dtype, what is refused, and what tells models apart."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.errors import (
    InvalidRequest,
    ModelUnavailable,
    ResourceExhausted,
    UnsupportedModel,
)
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.models.fingerprint import fingerprint, parameters
from attribution.models.loader import choose_device, choose_dtype, load
from attribution.schema import ModelSettings, Progress

LOAD = """
import sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise SystemExit(f"not offline: {event} {args}")
sys.addaudithook(refuse)
import torch
from attribution.models.loader import load
from attribution.schema import ModelSettings
assert not torch.cuda.is_initialized()  # importing looks for no device
loaded = load(ModelSettings(sys.argv[1], "cpu"))
sys.stderr.write(loaded.fingerprint)
"""


@pytest.fixture(scope="session")
def saved(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The tiny model as a folder."""
    folder = tmp_path_factory.mktemp("saved")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return shutil.copytree(saved, tmp_path / "copy")


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_loaded_model_computes_and_asks_for_no_gradients(
    saved: Path, model: PreTrainedModel
) -> None:
    said: list[Progress] = []
    loaded = load(ModelSettings(str(saved), "cpu", "float64"), said.append)
    assert (loaded.device, loaded.dtype) == (torch.device("cpu"), torch.float64)
    assert not loaded.model.training
    assert not any(each.requires_grad for each in loaded.model.parameters())
    ids = loaded.tokenizer("def f():", return_tensors="pt").input_ids
    assert torch.equal(loaded.model(ids).logits, model(ids).logits)
    assert "float64" in said[-1].message


def test_auto_is_resolved_when_loading(saved: Path) -> None:
    loaded = load(ModelSettings(str(saved)))
    assert loaded.device == choose_device("auto")
    assert loaded.dtype == choose_dtype("auto", loaded.device)
    assert next(loaded.model.parameters()).device == loaded.device


def test_auto_on_a_machine_without_accelerator() -> None:
    assert choose_dtype("auto", torch.device("cpu")) is torch.float32
    assert choose_dtype("auto", torch.device("mps")) is torch.float32
    assert choose_dtype("bfloat16", torch.device("cpu")) is torch.bfloat16


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "CPU", "", "cuda:99"])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"auto|cuda:0"):
        choose_device(name)


@pytest.mark.parametrize("name", ["int8", "float", "torch.float32", ""])
def test_an_unknown_dtype_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="bfloat16"):
        choose_dtype(name, torch.device("cpu"))


def test_mps_has_no_float64() -> None:
    with pytest.raises(InvalidRequest, match="mps"):
        choose_dtype("float64", torch.device("mps"))


def test_a_device_that_is_not_there_is_refused_before_anything_is_fetched() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(InvalidRequest, match="no usable CUDA"):
        load(ModelSettings("qwen2.5-coder-1.5b", "cuda"))


def test_missing_tensors_are_not_filled_with_random_ones(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"layers\.1\.mlp\.up_proj"):
        load(ModelSettings(str(folder), "cpu"))


def test_damaged_files_are_told(folder: Path) -> None:
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelUnavailable, match="damaged"):
        load(ModelSettings(str(folder), "cpu"))
    weights.write_bytes(b"PK")
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors"):
        load(ModelSettings(str(folder), "cpu"))
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        load(ModelSettings(str(folder), "cpu"))


def test_code_of_the_repository_is_never_run(folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    change(
        folder / "config.json",
        model_type="evil",
        architectures=["Evil"],
        auto_map={"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"},
    )
    with pytest.raises(UnsupportedModel, match="cannot be loaded"):
        load(ModelSettings(str(folder), "cpu"))


def test_a_model_larger_than_the_memory_is_refused(folder: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**16], "data_offsets": [0, 0]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ResourceExhausted, match="memory"):
        load(ModelSettings(str(folder), "cpu"))


@pytest.mark.slow
def test_loading_is_silent_and_offline(saved: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOAD, str(saved)], capture_output=True, text=True, check=False
    )
    assert told.stdout == ""
    assert told.stderr == fingerprint(saved)


def test_the_fingerprint_is_of_the_content(folder: Path, saved: Path) -> None:
    assert fingerprint(folder) == fingerprint(saved)
    change(folder / "config.json", transformers_version="0", _name_or_path="elsewhere")
    assert fingerprint(folder) == fingerprint(saved)
    marks = {fingerprint(saved)}
    change(folder / "config.json", rms_norm_eps=1e-3)
    marks.add(fingerprint(folder))
    change(folder / "tokenizer.json", truncation={"max_length": 7})
    marks.add(fingerprint(folder))
    path = folder / "model.safetensors"
    tensors = {name: tensor + 1e-3 for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})
    marks.add(fingerprint(folder))
    assert len(marks) == 4


def test_parameters_are_counted_from_the_header(saved: Path, model: PreTrainedModel) -> None:
    assert parameters(saved) == sum(each.numel() for each in model.parameters())


def test_weights_of_four_bits_are_loaded_and_explained(saved: Path) -> None:
    pytest.importorskip("bitsandbytes")
    loaded = load(ModelSettings(str(saved), "cpu", "4bit"))
    names = {type(module).__name__ for module in loaded.model.modules()}
    assert "Linear4bit" in names
    ids = loaded.tokenizer("def f(x):\n    return", return_tensors="pt").input_ids[0]
    with torch.no_grad():
        row = loaded.model(ids[None]).logits[0, -1].float()
    found = attribute(loaded.model, ids, Objective(3, 5))
    assert found.logit_diff == pytest.approx(float(row[3] - row[5]), abs=1e-3)
    assert found.logit_diff == pytest.approx(found.sum + found.leak + found.bias, abs=1e-2)


def test_spreading_over_devices_needs_one(saved: Path) -> None:
    if torch.cuda.is_available():
        loaded = load(ModelSettings(str(saved), "balanced"))
        assert loaded.model.hf_device_map
    else:
        with pytest.raises(InvalidRequest, match="no usable CUDA device"):
            load(ModelSettings(str(saved), "balanced"))
