"""Frames between the processes: a 4-byte big-endian length, then one msgpack map.

The map is `{"id": request, "type": class name in schema.py, "body": fields}`. The same frames
travel over the engine's socket and over the test runner's pipes.
"""

import asyncio
import struct
from types import ModuleType
from typing import IO, Any, NamedTuple, TypeVar

import msgpack
from attrs import frozen
from cattrs.preconf.msgpack import make_converter

from attribution import schema
from attribution.errors import ProtocolMismatch, TokenBlameError

PROTOCOL = 5
MAX_FRAME = 256 * 2**20  # bytes; a longer one is a peer that speaks something else

T = TypeVar("T")

_LENGTH = struct.Struct(">I")
_CONVERTER = make_converter()


@frozen
class Hello:
    """The first frame in either direction."""

    protocol: int
    version: str


@frozen
class Cancel:
    """Give up the request with this frame's id; it ends in Failed("cancelled")."""


@frozen
class Done:
    """Last frame of a request that went well."""


@frozen
class Failed:
    """Last frame of a request that did not; `code` is one of errors.py."""

    code: str
    message: str


def failed(error: TokenBlameError) -> Failed:
    """The error as a frame; its message must arrive, also where it quotes half a character."""
    return Failed(error.code, error.message.encode(errors="replace").decode())


class Frame(NamedTuple):
    id: int
    value: Any  # one of the classes above or of schema.py (test runner: grading/messages.py)


_OWN = {kind.__name__: kind for kind in (Hello, Cancel, Done, Failed)}


class BrokenFrame(TokenBlameError):
    """Bytes that are no frame of this protocol, or a value that cannot become one."""

    code = "broken_frame"

    def __init__(self, message: str, request_id: int | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id  # where only the body is broken: the stream can go on


def encode(request_id: int, value: object) -> bytes:
    """One frame, ready to be written; raises BrokenFrame where `value` fits into none."""
    name, body = type(value).__name__, _CONVERTER.unstructure(value)
    try:
        packed: bytes = msgpack.packb({"id": request_id, "type": name, "body": body})
    except UnicodeEncodeError as error:
        character = ascii(error.object[error.start])
        raise BrokenFrame(
            f"{name} cannot be sent: its text holds {character}, which is no character of UTF-8."
        ) from error
    if len(packed) > MAX_FRAME:
        raise BrokenFrame(
            f"{name} cannot be sent: its {len(packed)} bytes are more than the {MAX_FRAME} of "
            "the largest frame."
        )
    return _LENGTH.pack(len(packed)) + packed


def pack(value: object) -> bytes:
    """One value of schema.py as msgpack, without an envelope (trace files)."""
    packed: bytes = msgpack.packb(_CONVERTER.unstructure(value))
    return packed


def unpack(data: bytes, kind: type[T]) -> T:
    """The inverse of `pack`; raises BrokenFrame when the bytes are something else."""
    try:
        return _CONVERTER.structure(msgpack.unpackb(data), kind)
    except Exception as error:  # cattrs and msgpack raise many unrelated classes
        raise BrokenFrame(f"Not a {kind.__name__}: {error}") from error


def check_hello(value: object) -> None:
    """Refuse a peer of another protocol version, naming both."""
    if not isinstance(value, Hello):
        raise ProtocolMismatch("The peer did not introduce itself; is it another program?")
    if value.protocol != PROTOCOL:
        raise ProtocolMismatch(
            f"The peer (version {value.version}) speaks protocol {value.protocol}, "
            f"this side speaks {PROTOCOL}. Stop the engine with `tokenblame engine stop` "
            "and use one version of tokenblame everywhere."
        )


async def read(stream: asyncio.StreamReader) -> Frame:
    """The next frame; raises asyncio.IncompleteReadError at the end of the stream."""
    header = await stream.readexactly(_LENGTH.size)
    return _decode(await stream.readexactly(_length(header)))


def read_blocking(stream: IO[bytes], kinds: ModuleType = schema) -> Frame:
    """The next frame of a pipe, made of the classes in `kinds`; raises EOFError at its end."""
    return _decode(_read_exactly(stream, _length(_read_exactly(stream, _LENGTH.size))), kinds)


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = stream.read(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _length(header: bytes) -> int:
    length: int = _LENGTH.unpack(header)[0]
    if length > MAX_FRAME:
        raise BrokenFrame(f"A frame of {length} bytes is not of this protocol.")
    return length


def _decode(packed: bytes, kinds: ModuleType = schema) -> Frame:
    try:
        envelope = msgpack.unpackb(packed)
        request_id, name, body = int(envelope["id"]), envelope["type"], envelope["body"]
    except Exception as error:  # msgpack raises many unrelated classes
        raise BrokenFrame(f"Unreadable frame: {error}") from error
    try:
        kind = _OWN.get(name) or getattr(kinds, name)
        return Frame(request_id, _CONVERTER.structure(body, kind))
    except Exception as error:  # cattrs raises many unrelated classes
        raise BrokenFrame(f"Unreadable {name}: {error}", request_id) from error
