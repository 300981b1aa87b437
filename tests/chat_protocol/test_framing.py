"""The framer is fed three ways: whole, byte by byte, and with a tail."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.framing import Framer, rest_of_line

LIMIT = 16
STREAM = b'{"a":1}\n\r\n{"b":2}\r\n{"c"'
LINES = b'{"a":1}\n\r\n{"b":2}\r\n'


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return the data cut at these places, in order."""
    bounds = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def fed(pieces: list[bytes], limit: int = LIMIT) -> tuple[list[bytes], Framer]:
    """Return the lines that a framer finds in the pieces and the end, and the framer."""
    framer = Framer(limit)
    blocks = [framer.feed(piece) for piece in pieces]
    assert all(not block or block.endswith(b"\n") for block in blocks), "a block is complete lines"
    return b"".join([*blocks, framer.finish()]).split(b"\n")[:-1], framer


def test_whole() -> None:
    """All complete lines of one read come as one block, the rest at the end."""
    framer = Framer(LIMIT)
    assert framer.feed(STREAM) == LINES
    assert framer.finish() == b'{"c"\n'
    assert framer.finish() == b""


def test_byte_by_byte() -> None:
    """A line comes when its end does, however small the reads."""
    framer = Framer(LIMIT)
    blocks = [framer.feed(STREAM[at : at + 1]) for at in range(len(STREAM))]
    assert [block for block in blocks if block] == [b'{"a":1}\n', b"\r\n", b'{"b":2}\r\n']
    assert framer.finish() == b'{"c"\n'


def test_with_a_tail() -> None:
    """What follows a complete line waits for its own end."""
    framer = Framer(LIMIT)
    assert framer.feed(b"one\ntw") == b"one\n"
    assert framer.feed(b"o") == b""
    assert framer.feed(b"\nthree\nfo") == b"two\nthree\n"
    assert framer.feed(b"ur\n") == b"four\n"
    assert framer.finish() == b""


def test_nothing() -> None:
    """Nothing in is nothing out."""
    framer = Framer(LIMIT)
    assert framer.feed(b"") == b""
    assert framer.finish() == b""


def test_a_line_of_the_limit_passes_however_it_comes() -> None:
    """The limit counts the end of the line, and is itself allowed."""
    line = b"x" * (LIMIT - 1) + b"\n"
    for pieces in ([line], [line[:-1], b"\n"], [line[at : at + 1] for at in range(LIMIT)]):
        lines, framer = fed(pieces)
        assert lines == [line[:-1]]
        assert framer.overlong == 0


def test_an_unfinished_line_past_the_limit_is_thrown_away() -> None:
    """It is counted once, and what follows its end is heard."""
    framer = Framer(LIMIT)
    assert framer.feed(b"ok\n" + b"x" * LIMIT) == b"ok\n"
    assert (framer.overlong, framer.skipped) == (1, LIMIT)
    assert framer.feed(b"x" * 100) == b""
    assert (framer.overlong, framer.skipped) == (1, LIMIT + 100)
    assert framer.feed(b"xx\nnext\n") == b"next\n"
    assert (framer.overlong, framer.skipped) == (1, 0)


def test_a_whole_line_past_the_limit_is_left_to_the_decoder() -> None:
    """It is among the lines, since the decoder can say what is wrong with it."""
    framer = Framer(LIMIT)
    long = b"x" * (LIMIT * 4) + b"\n"
    assert framer.feed(b"a\n" + long + b"b\n") == b"a\n" + long + b"b\n"
    assert framer.overlong == 0


def test_an_endless_line_costs_no_memory() -> None:
    """A line without an end is counted and not kept."""
    framer = Framer(LIMIT)
    for _ in range(1000):
        assert framer.feed(b"x" * 1024) == b""
    assert framer.overlong == 1
    assert framer.skipped == 1000 * 1024
    assert framer.finish() == b""


def test_two_overlong_lines_are_two() -> None:
    """Each line that is thrown away is counted."""
    framer = Framer(LIMIT)
    framer.feed(b"x" * 20)
    assert framer.feed(b"\n" + b"y" * 20) == b""
    assert framer.overlong == 2
    assert framer.feed(b"\nz\n") == b"z\n"


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=12))
def test_any_split_gives_the_same_lines(data: bytes, places: list[int]) -> None:
    """Where a stream is cut makes no difference to its lines."""
    assert fed(cut(data, places), limit=1000)[0] == fed([data], limit=1000)[0]


@given(
    st.lists(st.integers(0, 40).map(lambda size: b"x" * size), max_size=8),
    st.lists(st.integers(0, 300), max_size=12),
)
def test_any_split_keeps_what_fits_and_counts_the_rest(lines: list[bytes], places: list[int]) -> None:
    """What fits comes through in order; what does not is either shown to the decoder or counted."""
    stream = b"\n".join(lines)
    got, framer = fed(cut(stream, places))
    whole = stream.split(b"\n") if stream.endswith(b"\n") or not stream else [*stream.split(b"\n"), b""]
    expected = whole[:-1]
    assert [each for each in got if len(each) < LIMIT] == [each for each in expected if len(each) < LIMIT]
    too_long = sum(len(each) >= LIMIT for each in expected)
    assert framer.overlong + sum(len(each) >= LIMIT for each in got) == too_long


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_ends(end: bytes) -> None:
    r"""A `\r` before the end is left to the decoder, for which it is white space."""
    assert Framer(LIMIT).feed(b"{}" + end) == b"{}" + end


@pytest.mark.parametrize(
    ("sent", "rest"), [(0, b"ab\n"), (1, b"b\n"), (3, b""), (4, b"\n"), (5, b"")], ids=str
)
def test_what_must_follow_so_that_no_line_is_torn(sent: int, rest: bytes) -> None:
    """The rest of the line that has begun; between two lines nothing."""
    assert rest_of_line(b"ab\nc\n", sent) == rest
