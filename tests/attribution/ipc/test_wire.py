"""Frames: whatever goes in comes out, and what is no frame is refused with a reason."""

import asyncio
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution import errors, schema
from attribution.ipc import client, runtime_folder, wire

TEXT = st.text(max_size=20)


@given(
    number=st.integers(0, 2**31),
    value=st.one_of(
        st.builds(schema.ExplainRequest, code=TEXT, form=st.sampled_from([None, *schema.Form])),
        st.builds(schema.Progress, TEXT, st.none() | st.floats(0, 1)),
        st.builds(schema.Timings, st.dictionaries(TEXT, st.floats(0, 9))),
        st.builds(
            schema.ContrastPair,
            st.integers(0, 9),
            st.builds(schema.TokenChoice, st.integers(0, 9), TEXT, st.integers(1, 5)),
            st.builds(schema.TokenChoice, st.integers(0, 9), TEXT, st.integers(1, 5)),
            st.floats(-9, 9),
            st.sampled_from(list(schema.Origin)),
            st.none() | TEXT,
        ),
    ),
)
def test_round_trip(number: int, value: object) -> None:
    frame = wire.read_blocking(io.BytesIO(wire.encode(number, value)))
    assert frame == (number, value)
    assert wire.unpack(wire.pack(value), type(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", 2**31),
        struct.pack(">I", 1) + b"\xc1",
        struct.pack(">I", 1) + b"\x01",
        wire.encode(1, wire.Done()).replace(b"Done", b"Nope"),
        wire.encode(1, wire.Done()).replace(b"Done", b"attr"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(wire.BrokenFrame):
        wire.read_blocking(io.BytesIO(data))


def test_a_broken_body_keeps_its_request() -> None:
    data = wire.encode(7, wire.Done()).replace(b"Done", b"Nope")
    with pytest.raises(wire.BrokenFrame, match="Unreadable Nope") as caught:
        wire.read_blocking(io.BytesIO(data))
    assert caught.value.request_id == 7


def test_what_cannot_be_sent_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(wire.BrokenFrame, match=r"Progress cannot be sent.*'\\ud800'"):
        wire.encode(1, schema.Progress("a\ud800"))
    monkeypatch.setattr(wire, "MAX_FRAME", 99)
    with pytest.raises(wire.BrokenFrame, match="more than the 99"):
        wire.encode(1, schema.Progress("a" * 99))


def test_an_error_always_arrives() -> None:
    failure = wire.failed(errors.UnknownTask("no \ud800"))
    assert failure == wire.Failed(errors.UnknownTask.code, "no ?")
    assert wire.read_blocking(io.BytesIO(wire.encode(1, failure))).value == failure


async def test_the_end_of_a_stream() -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(wire.encode(1, wire.Done())[:-1])
    stream.feed_eof()
    with pytest.raises(asyncio.IncompleteReadError):
        await wire.read(stream)
    with pytest.raises(EOFError):
        wire.read_blocking(io.BytesIO(b"\0\0"))


def test_another_protocol_is_refused_with_both_versions() -> None:
    wire.check_hello(wire.Hello(wire.PROTOCOL, "1"))
    with pytest.raises(
        errors.ProtocolMismatch, match=f"protocol 99, this side speaks {wire.PROTOCOL}"
    ):
        wire.check_hello(wire.Hello(99, "9.9"))
    with pytest.raises(errors.ProtocolMismatch):
        wire.check_hello(wire.Done())


def test_errors_travel_by_code() -> None:
    for kind in (errors.UnknownTask, errors.Cancelled, errors.WrongHash, wire.BrokenFrame):
        assert type(errors.from_code(kind.code, "m")) is kind
    assert type(errors.from_code("from the future", "m")) is errors.TokenBlameError


async def test_a_refused_connection_says_why(engine_folder: Path) -> None:
    """Also where the reason belongs to no request."""
    engine_folder.mkdir(mode=0o700)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.read(reader)
        writer.write(wire.encode(0, wire.Hello(wire.PROTOCOL, "1")))
        await wire.read(reader)
        writer.write(wire.encode(0, wire.Failed(wire.BrokenFrame.code, "Unreadable frame: x")))
        writer.close()

    async with (
        await asyncio.start_unix_server(refuse, runtime_folder.socket_path()),
        await client.connect(start=False) as connection,
    ):
        with pytest.raises(wire.BrokenFrame, match="Unreadable frame: x"):
            await anext(connection.stream(schema.StatusRequest()))
    runtime_folder.socket_path().unlink(missing_ok=True)
