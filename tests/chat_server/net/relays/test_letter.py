"""One message as it is posted."""

import hashlib
import hmac
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.codec import encode
from chat_protocol.server_messages import DeleteFrame, EditFrame, MsgFrame
from chat_server.net.relays.letter import (
    LONGEST_PAUSE_SECONDS,
    LONGEST_WISH_SECONDS,
    Heard,
    Verdict,
    letter,
    pause,
    verdict,
    wished,
)
from tests.chat_protocol.strategies import message

read = msgspec.json.Decoder(Heard).decode


def heard(said: MsgFrame | EditFrame | DeleteFrame) -> Heard:
    """Return a line as a relay reads it."""
    return read(encode(said))


def test_a_message_is_told_with_its_place() -> None:
    """The place makes a repeat harmless for a receiver that remembers it."""
    said = heard(MsgFrame("t\u00e9a", 7, 1.5, "ann", "hi", account=True))
    assert said.is_said
    written = letter(3, "t\u00e9a", said)
    assert json.loads(written.body) == {
        "room": "t\u00e9a",
        "id": 7,
        "ts": 1.5,
        "from": "ann",
        "account": True,
        "text": "hi",
    }
    headers = written.headers("key", 1_790_000_000.7)
    assert headers["Idempotency-Key"] == '"t%C3%A9a:7"'
    assert (headers["X-Chat-Hook"], headers["X-Chat-Timestamp"]) == ("3", "1790000000")
    expected = hmac.new(b"key", b"1790000000." + written.body, hashlib.sha256).hexdigest()
    assert headers["X-Chat-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize(
    "line",
    [
        MsgFrame("tea", 1, 1.0, "ann", "", deleted=True),
        EditFrame("tea", 1, 1.0, "ann", 1, "x"),
        DeleteFrame("tea", 1, 1.0, "ann", 1),
    ],
)
def test_what_changes_a_message_is_told_to_nobody(line: MsgFrame | EditFrame | DeleteFrame) -> None:
    """Nor what was deleted before it could be told."""
    assert not heard(line).is_said


def test_what_a_program_says_is_told_to_nobody() -> None:
    """Or two programs could go on for ever."""
    assert not read(
        b'{"type":"MSG","room":"tea","id":1,"ts":1.0,"from":"ci","text":"x","notice":true}'
    ).is_said


@given(message(MsgFrame) | message(EditFrame) | message(DeleteFrame))
def test_any_stored_line_is_read(said: MsgFrame | EditFrame | DeleteFrame) -> None:
    """Whatever stands in it."""
    assert heard(said).id == said.id


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((each, Verdict.DONE) for each in (200, 201, 202, 204)),
        *((each, Verdict.NEVER) for each in (301, 302, 307, 400, 401, 403, 404, 410, 413, 422, 100)),
        *((each, Verdict.AGAIN) for each in (408, 425, 429, 500, 502, 503, 504, 599)),
    ],
)
def test_what_an_answer_means(status: int, expected: Verdict) -> None:
    """A redirect is not followed: it may lead anywhere."""
    assert verdict(status) is expected


@given(st.integers(1, 10_000), st.floats(0, 1e9))
def test_pauses_grow_to_a_bound(tries: int, wish: float) -> None:
    """A receiver may ask for more, up to another."""
    waits = pause(tries, wish)
    longest = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(tries - 1, 10))
    assert max(longest / 2, min(wish, LONGEST_WISH_SECONDS)) <= waits <= max(longest, LONGEST_WISH_SECONDS)
    assert pause(tries, 0.0) <= longest


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        (" 7 ", 7.0),
        ("-1", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        ("\u0667", 0.0),
        ("9" * 99, 0.0),
    ],
)
def test_for_how_long_a_receiver_wants_to_rest(header: str | None, seconds: float) -> None:
    """In seconds, as such servers answer; a date is not read."""
    assert wished(header) == seconds
