"""JSON lines as a dialect: bytes in, messages and errors out, however the bytes are cut."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import LineTooLongError, PeerError
from chat_protocol.messages import Msg, Ping
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.dialects import jsonlines
from tests.chat_server.net.support import json_lines

LINES = b'{"type":"MSG","text":"hi"}\n\n{"type":"PING"}\nno\n'


@given(st.sets(st.integers(1, len(LINES) - 1)))
def test_however_the_bytes_are_cut(cuts: set[int]) -> None:
    """Whole, byte by byte, or anyhow: the same comes out."""
    dialect = json_lines()
    places = [0, *sorted(cuts), len(LINES)]
    heard = [each for start, end in itertools.pairwise(places) for each in dialect.feed(LINES[start:end])]
    assert heard[:2] == [Msg("hi"), Ping()]
    assert [type(each).__name__ for each in heard[2:]] == ["BadJsonError"]
    assert (dialect.finish(), dialect.over) == ([], None)


def test_a_last_line_without_an_end() -> None:
    """Is heard when the stream is over."""
    dialect = json_lines()
    assert dialect.feed(b'{"type":"PING"}') == []
    assert dialect.finish() == [Ping()]


def test_a_line_that_is_too_long_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is found to be, with what came before it; one without an end is endless at last."""
    monkeypatch.setattr(jsonlines, "ENDLESS_BYTES", 60_000)
    dialect = json_lines()
    first, error = dialect.feed(b'{"type":"PING"}\n' + b"x" * 20_000)
    assert first == Ping()
    assert isinstance(error, LineTooLongError)
    assert "16384 bytes" in error.text
    assert (dialect.feed(b"x" * 30_000), dialect.over) == ([], None)
    assert (dialect.feed(b"x" * 30_000), dialect.over) == ([], CloseReason.LINE_TOO_LONG)
    assert dialect.feed(b'x\n{"type":"PING"}\n') == [Ping()]


def test_what_it_says() -> None:
    """A question first, and a BYE with the reason at last."""
    dialect = json_lines()
    assert json.loads(dialect.greeting())["type"] == "REG_NAME"
    for reason in (*CloseReason, *RejectReason):
        bye = json.loads(dialect.farewell(reason))
        assert (bye["type"], bye["reason"], bye["text"]) == ("BYE", str(reason), reason.text)


def test_what_rooms_hand_out_is_sent_as_it_is() -> None:
    """It is what is stored."""
    assert json_lines().render is None
    assert not any(isinstance(each, PeerError) for each in json_lines().feed(b'{"type":"PING"}\n'))
