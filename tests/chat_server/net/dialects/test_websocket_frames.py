"""Lines into frames, and a peer's frames into messages, however they are cut and whatever they are."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from chat_server.net.dialects.websocket_frames import (
    FRAME_BYTES,
    FrameReader,
    close_frame,
    framed,
    pong_frame,
    rest_of,
)
from tests.support.websocket import closing, masked, texts, unmasked

LIMIT = 400
LINES = st.lists(st.integers(0, 300).map(lambda size: b"x" * size + b"\n"), min_size=1, max_size=5)
#: Blocks of lines around the sizes from which on a length takes more bytes.
SIZES = [1, 125, 126, 127, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lines", [1, 2, 100])
def test_lines_come_out_of_their_frames(size: int, lines: int) -> None:
    """Whole and in order; only a line that is longer by itself makes a frame longer."""
    block = (b"x" * (size // lines) + b"\n") * lines
    found = texts(framed(block))
    assert b"".join(found) == block
    assert all(each.endswith(b"\n") for each in found)
    assert all(len(each) <= FRAME_BYTES or each.count(b"\n") == 1 for each in found)


def test_what_fits_into_one_frame_is_one() -> None:
    """A client gets a delivery pass in one message."""
    assert len(unmasked(framed(b"x" * 1000 + b"\n"))) == 1


@given(LINES, st.integers(0, 2000))
def test_a_frame_that_has_begun_is_finished(lines: Sequence[bytes], sent: int) -> None:
    """With as little as it takes."""
    pieces = [framed(each) for each in lines]
    block = b"".join(pieces)
    sent = min(sent, len(block))
    rest = rest_of(block, sent)
    ends = [0, *itertools.accumulate(map(len, pieces))]
    assert sent + len(rest) == min(each for each in ends if each >= sent)


def test_long_frames_are_finished_too() -> None:
    """Each form of a length is understood."""
    for size in SIZES:
        block = framed(b"x" * size + b"\n")
        assert block[:3] + rest_of(block, 3) == block


def test_a_close_frame_says_what_fits() -> None:
    """A control frame has 125 bytes at the most."""
    close = closing(close_frame(1008, "x" * 200))
    assert (close.code, close.reason) == (1008, "x" * 123)
    assert unmasked(pong_frame(b"abc"))[0].data == b"abc"


def cuts(data: bytes, places: Sequence[int]) -> Iterator[bytes]:
    """Cut bytes at these places, modulo their number."""
    ends = sorted({each % (len(data) + 1) for each in places} | {0, len(data)})
    return (data[start:end] for start, end in itertools.pairwise(ends))


def reference(data: bytes) -> tuple[list[bytes], int | None]:
    """Return the messages that the library alone finds, and the code with which it ends, if it does."""
    library = ServerProtocol(state=State.OPEN, max_size=LIMIT)
    library.receive_data(data)
    found: list[bytes] = []
    parts = b""
    for frame in library.events_received():
        assert isinstance(frame, Frame)
        if frame.opcode is Opcode.CLOSE:
            assert library.close_rcvd is not None
            return found, library.close_rcvd.code
        if frame.opcode is Opcode.BINARY:
            return found, CloseCode.UNSUPPORTED_DATA
        if frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            parts += frame.data
            if frame.fin:
                try:
                    parts.decode()
                except UnicodeDecodeError:
                    return found, CloseCode.INVALID_DATA
                found.append(parts)
                parts = b""
    if library.parser_exc is not None:
        assert library.close_sent is not None
        return found, library.close_sent.code
    return found, None


FRAMES = st.builds(
    lambda data, opcode, fin: (
        masked(data[:125], opcode) if opcode >= Opcode.CLOSE else masked(data, opcode, fin=fin)
    ),
    st.one_of(st.binary(max_size=6), st.integers(0, LIMIT + 1).map(lambda size: b"x" * size)),
    st.sampled_from([0, 1, 1, 1, 2, 8, 9, 10]),
    st.sampled_from([True, True, True, False]),
)
STREAMS = st.one_of(
    st.lists(FRAMES, max_size=8).map(b"".join),
    st.lists(st.one_of(FRAMES, st.binary(max_size=5)), max_size=8).map(b"".join),
    st.binary(max_size=60),
)


def told(reader: FrameReader) -> int | None:
    """Return the code with which a reader ended, none if it has not; 1005 if the peer gave none."""
    if reader.ended is None:
        return None
    frame = unmasked(reader.ended.frame)[-1]
    return int.from_bytes(frame.data[:2], "big") if frame.data else CloseCode.NO_STATUS_RCVD


@given(STREAMS, st.lists(st.integers(0, 3000), max_size=12))
@example(masked(b"a") + masked(b"b", 9) + masked(b"c"), [3, 9])
@example(masked(b"x" * 200)[:3], [])
def test_any_bytes_however_cut_are_what_the_library_finds_in_them(data: bytes, places: list[int]) -> None:
    """Messages and the code at the end; and never is more kept than a message and a header."""
    reader = FrameReader(LIMIT)
    found: list[bytes] = []
    for piece in cuts(data, places):
        found += reader.feed(piece)
        kept = len(reader._tail) + len(reader._parts) + len(reader._library.reader.buffer)  # noqa: SLF001  # nothing else shows it
        assert kept <= LIMIT + 14
    assert (found, told(reader)) == reference(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(b"\xff"), CloseCode.INVALID_DATA),
        (masked(b"\xc3", fin=False) + masked(b"\x28", 0), CloseCode.INVALID_DATA),
        (masked(b"x" * (LIMIT + 1)), CloseCode.MESSAGE_TOO_BIG),
        (masked(b"x" * LIMIT, fin=False) + masked(b"x", 0), CloseCode.MESSAGE_TOO_BIG),
        (b"\x81\xff" + (1 << 40).to_bytes(8, "big"), CloseCode.MESSAGE_TOO_BIG),
        (masked(b"x", Opcode.BINARY), CloseCode.UNSUPPORTED_DATA),
        (framed(b"not masked\n"), CloseCode.PROTOCOL_ERROR),
        (masked(b"x", 0), CloseCode.PROTOCOL_ERROR),
        (masked(b"x", fin=False) + masked(b"y"), CloseCode.PROTOCOL_ERROR),
        (b"\xc1\x80\0\0\0\0", CloseCode.PROTOCOL_ERROR),
        (b"\x83\x80\0\0\0\0", CloseCode.PROTOCOL_ERROR),
        (b"\x89\xfe\0\x7e\0\0\0\0" + b"x" * 126, CloseCode.PROTOCOL_ERROR),
        (b"\x09\x80\0\0\0\0", CloseCode.PROTOCOL_ERROR),
        (masked(b"\x03", 8), CloseCode.PROTOCOL_ERROR),
        (masked(b"\x03\xe8\xff", 8), CloseCode.INVALID_DATA),
    ],
)
def test_what_is_against_the_rules_ends_it(data: bytes, code: int) -> None:
    """With the code for that; what came before counts, and nothing after it."""
    reader = FrameReader(LIMIT)
    assert reader.feed(masked(b"before") + data + masked(b"after")) == [b"before"]
    assert reader.ended is not None
    assert not reader.ended.wanted
    assert closing(reader.ended.frame).code == code
    assert reader.feed(masked(b"after")) == ()


def test_the_peer_may_go() -> None:
    """Its close frame is given back to it."""
    reader = FrameReader(LIMIT)
    assert reader.feed(masked(b"\x03\xe9bye", 8) + masked(b"after")) == []
    assert reader.ended is not None
    assert reader.ended.wanted
    assert closing(reader.ended.frame).code == CloseCode.GOING_AWAY


def test_the_last_ping_is_answered() -> None:
    """It stays until whoever answers it takes it away."""
    reader = FrameReader(LIMIT)
    assert reader.feed(masked(b"1", 9) + masked(b"hi") + masked(b"2", 9)) == [b"hi"]
    assert reader.ping == b"2"


def test_a_long_message_may_come_byte_by_byte() -> None:
    """It is not looked at again for each of them."""
    reader = FrameReader(60_000)
    data = masked(b"x" * 50_000)
    found = [message for byte in data for message in reader.feed(bytes((byte,)))]
    assert found == [b"x" * 50_000]


def test_no_lines_are_no_frame() -> None:
    """A room whose past was just thrown away has none to replay; a page would take it for a message."""
    assert framed(b"") == b""
