"""GGUF to safetensors: the copy computes and tokenises what the original does, or is refused."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from attribution.errors import ModelUnavailable, ResourceExhausted
from attribution.fetch import child
from attribution.job import Job
from attribution.models import convert, store
from attribution.models.catalogue import CATALOGUE, SMALL
from attribution.models.conversion import convert as convert_in_child
from attribution.schema import Progress
from tests.attribution.weights import entry, write_gguf

PROMPT = "def add(a, b):\n    return a +"


@pytest.fixture(scope="module")
def tiny(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, tokenizer)
    return path


def said_nothing(_stage: str, _fraction: float | None) -> None:
    """Progress that nobody reads."""


def test_the_copy_equals_the_original(tiny: Path, tmp_path: Path) -> None:
    said: list[tuple[str, float | None]] = []
    convert.convert(tiny, tmp_path, lambda stage, fraction: said.append((stage, fraction)))
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".jinja", ".safetensors"}
    assert ("reading the weights", 1.0) in said
    config = json.loads((tmp_path / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["dtype"] == "float32"
    _assert_equal(tiny, tmp_path)


def _assert_equal(source: Path, copy: Path) -> None:
    """Logits and ids of another text than the conversion itself compares."""
    original = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype=torch.float32
    )
    words = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    ids = words(PROMPT, return_tensors="pt").input_ids
    assert convert.load_tokenizer(copy)(PROMPT).input_ids == ids[0].tolist()
    with torch.no_grad():
        assert torch.equal(original(ids).logits, convert.load_model(copy)(ids).logits)


def test_a_copy_with_other_logits_is_refused(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = convert.load_model

    def nudged(folder: Path) -> torch.nn.Module:
        model: Any = load(folder)
        with torch.no_grad():
            model.get_input_embeddings().weight[:, 0] += 1e-3
        return model

    monkeypatch.setattr(convert, "load_model", nudged)
    with pytest.raises(ModelUnavailable, match="logits"):
        convert.convert(tiny, tmp_path, said_nothing)


def test_a_copy_with_another_tokenizer_is_refused(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = convert.load_tokenizer

    def changed(folder: Path) -> object:
        tokenizer = load(folder)
        tokenizer.chat_template = "{{ 'another' }}"
        return tokenizer

    monkeypatch.setattr(convert, "load_tokenizer", changed)
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        convert.convert(tiny, tmp_path, said_nothing)


def test_what_a_library_prints_does_not_disturb_the_answers() -> None:
    code = (
        "from attribution.fetch.child import json_lines; say = json_lines(); print('x'); say(a=1)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert child.parse(told.stdout.decode()) == {"a": 1}
    assert told.stderr == b"x\n"


def test_a_child_is_killed_with_all_it_started_when_the_caller_gives_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = (
        "import subprocess, sys, time; "
        "p = subprocess.Popen(['sleep', '1000'], stderr=open(sys.argv[1], 'w')); "
        "print(p.pid, flush=True); time.sleep(1000)"
    )
    started: list[str] = []

    def tick() -> None:
        if started:
            raise KeyboardInterrupt

    command = [sys.executable, "-c", code, str(pipe)]
    with pipe_reader(pipe) as reader:
        with pytest.raises(KeyboardInterrupt):
            child.run(command, tmp_path, env={}, tick=tick, line=started.append)
        # The pipe ends when the last process that could write to it is gone.
        assert select.select([reader], [], [], 30)[0]
        assert os.read(reader, 1) == b""


@contextlib.contextmanager
def pipe_reader(pipe: Path) -> Iterator[int]:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield reader
    finally:
        os.close(reader)


@pytest.mark.slow
def test_a_file_that_is_no_gguf_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "tiny.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelUnavailable, match="could not be converted"):
        convert_in_child(entry(broken.read_bytes()), broken, _folder(tmp_path), Job())


def test_a_child_killed_for_its_memory_is_told(tiny: Path, tmp_path: Path) -> None:
    def kill() -> None:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(ResourceExhausted, match="memory"):
        convert_in_child(entry(tiny.read_bytes()), tiny, _folder(tmp_path), Job(checkpoint=kill))


def _folder(parent: Path) -> Path:
    folder = parent / "copy"
    folder.mkdir()
    return folder


def _children() -> list[int]:
    """This process' children that convert."""
    found = Path("/proc/self/task").glob("*/children")
    pids = [int(pid) for path in found for pid in path.read_text().split()]
    return [pid for pid in pids if b"models.convert" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_the_small_model_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path))
    kept = tmp_path / CATALOGUE[SMALL].file
    said: list[Progress] = []

    def keep(progress: Progress) -> None:
        """The original goes after its conversion: hold on to it for the comparison."""
        said.append(progress)
        artefact = tmp_path / "models" / ".staging" / SMALL / kept.name
        if progress.message.startswith("Converting") and not kept.exists():
            kept.hardlink_to(artefact)

    try:
        folder = store.ensure(SMALL, keep)
    except ModelUnavailable as error:
        pytest.skip(f"no source of the weights: {error.message}")
    assert said[-1].fraction == 1.0
    _assert_equal(kept, folder)
    said.clear()
    assert store.ensure(SMALL, keep) == store.verify(SMALL) == folder
    assert said == []
