"""Plain downloads, from a local server: whole, gzipped, interrupted, changed, out of reach."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from attribution.errors import Cancelled, Unavailable, WrongHash
from attribution.fetch.artefact import Artefact, Url
from attribution.fetch.cache import cache_folder
from attribution.fetch.sources import fetch
from attribution.job import Job
from attribution.schema import Progress

DATA = bytes(range(256)) * 2000


@contextmanager
def server(
    content: bytes, *, ranges: bool = True, cut: int | None = None
) -> Iterator[tuple[str, list[str | None]]]:
    """Its address, and the ranges it was asked for; it breaks off after `cut` bytes."""
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            asked.append(wanted)
            start = int(wanted[len("bytes=") : -1]) if wanted and ranges else 0
            if start > len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:cut])

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/file", asked
        http.shutdown()
        thread.join()


def artefact(address: str, content: bytes = DATA, *, gzipped: bool = False) -> Artefact:
    return Artefact(
        name="a file",
        file="file.bin",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        sources=(Url(address),),
        gzipped=gzipped,
    )


@pytest.mark.parametrize("gzipped", [False, True])
def test_what_arrives_is_the_pinned_content(tmp_path: Path, gzipped: bool) -> None:
    with server(gzip.compress(DATA) if gzipped else DATA) as (address, asked):
        assert fetch(artefact(address, gzipped=gzipped), tmp_path, Job()) == address
    assert (tmp_path / "file.bin").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]
    assert asked == [None]


def test_an_interrupted_download_goes_on(tmp_path: Path) -> None:
    with server(DATA, cut=70_000) as (address, _asked), pytest.raises(Unavailable):
        fetch(artefact(address), tmp_path, Job())
    with server(DATA) as (address, asked):
        fetch(artefact(address), tmp_path, Job())
    assert asked == ["bytes=70000-"]
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_cancelled_download_goes_on_too(tmp_path: Path) -> None:
    said: list[Progress] = []

    def checkpoint() -> None:
        if any("Downloading" in each.message for each in said):
            raise Cancelled

    with server(DATA) as (address, asked):
        with pytest.raises(Cancelled):
            fetch(artefact(address), tmp_path, Job.reporting(said.append, checkpoint))
        fetch(artefact(address), tmp_path, Job())
    assert asked[0] is None
    assert asked[1] is not None
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_server_that_knows_no_ranges_begins_anew(tmp_path: Path) -> None:
    with server(DATA, cut=70_000) as (address, _asked), pytest.raises(Unavailable):
        fetch(artefact(address), tmp_path, Job())
    with server(DATA, ranges=False) as (address, _asked):
        fetch(artefact(address), tmp_path, Job())
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_file_that_became_shorter_begins_anew(tmp_path: Path) -> None:
    with server(DATA, cut=70_000) as (address, _asked), pytest.raises(Unavailable):
        fetch(artefact(address), tmp_path, Job())
    short = DATA[:1000]
    with server(short) as (address, asked):
        fetch(artefact(address, short), tmp_path, Job())
    assert asked == ["bytes=70000-", None]
    assert (tmp_path / "file.bin").read_bytes() == short


@pytest.mark.parametrize("gzipped", [False, True])
def test_another_content_is_deleted(tmp_path: Path, gzipped: bool) -> None:
    with server(b"\x1f\x8bsomething else") as (address, _asked), pytest.raises(WrongHash):
        fetch(artefact(address, gzipped=gzipped), tmp_path, Job())
    assert [*tmp_path.iterdir()] == []


def test_an_address_out_of_reach_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9/none: "):
        fetch(artefact("http://127.0.0.1:9/none"), tmp_path, Job())


def test_one_rule_for_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path))
    assert cache_folder("models") == tmp_path / "models"
    monkeypatch.delenv("TOKENBLAME_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_folder("data").parts[-2:] == ("tokenblame", "data")
