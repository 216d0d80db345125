"""Tell models apart in milliseconds: a hash over configuration, tokenizer and weights.

Of the weights it reads the headers (names, shapes, types), the sizes and evenly spaced blocks,
not every byte: it recognises another model or another training, not an attacker's single bit
(`store.verify` reads everything). Paths, dates and library versions do not enter.
"""

import hashlib
import json
import math
import os
import struct
from pathlib import Path
from typing import IO, Any

from attribution.errors import ModelUnavailable

_BLOCKS = 256  # per weight file
_BLOCK = 4096  # bytes
_SETTINGS = ("config.json", "tokenizer_config.json")
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "chat_template.jinja", "added_tokens.json")
# Where a file was, and what wrote it: nothing of the model itself.
_INCIDENTAL = frozenset(
    {"_name_or_path", "is_local", "local_files_only", "name_or_path", "transformers_version"}
)
_MAX_HEADER = 100_000_000  # bytes, the limit of the safetensors format


def fingerprint(folder: Path) -> str:
    """32 hex digits for the model in `folder`. Raises ModelUnavailable on broken files."""
    digest = hashlib.sha256()
    for name in _SETTINGS:
        if (folder / name).exists():
            fields = {
                key: value
                for key, value in _read_json(folder / name).items()
                if key not in _INCIDENTAL
            }
            _add(digest, name, json.dumps(fields, sort_keys=True).encode())
    for name in _TOKENIZER:
        if (folder / name).exists():
            _add(digest, name, (folder / name).read_bytes())
    for path in weight_files(folder):
        _add(digest, path.name, _sample(path))
    return digest.hexdigest()[:32]


def weight_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def parameters(folder: Path) -> int:
    """How many numbers the weight files hold."""
    return sum(
        math.prod(tensor["shape"])
        for path in weight_files(folder)
        for name, tensor in _header(path).items()
        if name != "__metadata__"
    )


def _add(digest: "hashlib._Hash", name: str, data: bytes) -> None:
    digest.update(f"{name}\0{len(data)}\0".encode())
    digest.update(data)


def _sample(path: Path) -> bytes:
    """The size of a weight file, its header, and blocks spread evenly over the rest."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _raw_header(file, path)
        start = file.tell()
        step = max(_BLOCK, (size - start) // _BLOCKS)
        pieces = [struct.pack("<Q", size), header]
        for offset in range(start, size, step):
            file.seek(offset)
            pieces.append(file.read(_BLOCK))
        file.seek(max(start, size - _BLOCK), os.SEEK_SET)
        pieces.append(file.read(_BLOCK))
    return b"".join(pieces)


def _raw_header(file: IO[bytes], path: Path) -> bytes:
    prefix = file.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else _MAX_HEADER + 1
    header = file.read(length) if length <= _MAX_HEADER else b""
    if not header or len(header) < length:
        raise ModelUnavailable(f"{path} is damaged or no safetensors file; fetch it anew.")
    return header


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return _parse(_raw_header(file, path), path)


def _read_json(path: Path) -> dict[str, Any]:
    return _parse(path.read_bytes(), path)


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise ModelUnavailable(f"{path} is damaged: {error}") from error
    if not isinstance(fields, dict):
        raise ModelUnavailable(f"{path} is damaged: it holds no JSON object.")
    return fields
