"""Bad input gets a named error or close reason, and touches nobody else."""

import json
import socket

import pytest

from tests.conformance.guests import Bystanders, Guests
from tests.conformance.running import Running

LIMIT = 16 * 1024
REGISTER = b'{"type":"REG_NAME","name":"%s"}'

BAD_LINES = {
    "not JSON": (b"hello", "bad_json"),
    "half an object": (b'{"type":"MSG"', "bad_json"),
    "not an object": (b'["MSG"]', "not_an_object"),
    "a number": (b"5", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "no type": (b'{"text":"x"}', "no_type"),
    "a type that is no string": (b'{"type":5}', "no_type"),
    "an unknown type": (b'{"type":"SHOUT"}', "unknown_type"),
    "a type in small letters": (b'{"type":"msg","text":"x"}', "unknown_type"),
    "a text that is a number": (b'{"type":"MSG","text":5}', "bad_field"),
    "a text that is null": (b'{"type":"MSG","text":null}', "bad_field"),
    "an empty text": (b'{"type":"MSG","text":""}', "bad_field"),
    "a missing field": (b'{"type":"MSG"}', "bad_field"),
    "a negative id": (b'{"type":"HISTORY","after":-1}', "bad_field"),
    "a page too large": (b'{"type":"HISTORY","limit":201}', "bad_field"),
    "a ref too long": (b'{"type":"PING","ref":"' + b"r" * 65 + b'"}', "bad_field"),
    "bad UTF-8 in a string": (b'{"type":"MSG","text":"\xff\xfe"}', "bad_encoding"),
    "UTF-8 cut short": (b'{"type":"MSG","text":"\xe2\x82"}', "bad_encoding"),
    "a surrogate in UTF-8": (b'{"type":"MSG","text":"\xed\xa0\x80"}', "bad_encoding"),
    "bytes that are no text": (b"\xff\xfe\x00\x80", "bad_json"),
    "a NUL": (b"\0", "bad_json"),
    "a NUL in a string": (b'{"type":"MSG","text":"a\0b"}', "bad_json"),
    "a lone surrogate": (rb'{"type":"MSG","text":"\ud800"}', "bad_json"),
    "arrays 10,000 deep": (b"[" * 10_000, "bad_json"),
    "objects 3,000 deep": (b'{"type":' * 1_500 + b"0" + b"}" * 1_500, "bad_json"),
    "a field 8,000 deep": (b'{"type":"MSG","text":' + b"[" * 8_000 + b"]" * 8_000 + b"}", "bad_json"),
    "a number of 16,000 digits": (b'{"type":"HISTORY","after":' + b"9" * 16_000 + b"}", "bad_json"),
    "a number of a million digits": (
        b'{"type":"HISTORY","after":' + b"9" * 1_000_000 + b"}",
        "line_too_long",
    ),
    "a line over the limit": (b'{"type":"MSG","text":"' + b"x" * LIMIT + b'"}', "line_too_long"),
    "an HTTP request once the name is given": (b"GET / HTTP/1.1", "bad_json"),
}


@pytest.mark.parametrize(("line", "code"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_costs_only_itself(guests: Guests, room: str, line: bytes, code: str) -> None:
    """The offender is told which rule was broken and may go on; the others see nothing of it."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    offender.raw(line + b"\n")
    assert offender.until("ERROR", code=code)["text"]
    assert [each["type"] for each in bystanders.check()] == ["JOINED"]
    offender.say("I am still here", room, ref="1")
    offender.until("ACK", ref="1")
    assert [each["text"] for each in bystanders.check()] == ["I am still here"]


@pytest.mark.parametrize(
    ("line", "code"),
    [pytest.param(*case, id=name) for name, case in BAD_LINES.items() if "HTTP" not in name],
)
def test_a_bad_line_before_the_name_gets_the_same_answer(guests: Guests, line: bytes, code: str) -> None:
    """Who has no name yet is told the same, and may still give one."""
    offender = guests.stranger()
    offender.raw(line + b"\n")
    offender.until("ERROR", code=code)
    offender.raw(b'{"type":"PING","ref":"p"}\n')
    offender.until("PONG", ref="p")


def test_the_error_says_which_message_was_wrong(guests: Guests, room: str) -> None:
    """An ERROR carries the ref of the message that broke the rule."""
    peer = guests(room)
    peer.say("x", "never-joined", ref="mine")
    assert peer.until("ERROR")["ref"] == "mine"


def test_good_lines_around_a_bad_one_are_taken(guests: Guests, room: str) -> None:
    """A bad line in the middle of one packet costs none of its neighbours, and order stays."""
    bystander, offender = guests(room), guests(room)
    lines = [json.dumps({"type": "MSG", "room": room, "text": text}).encode() for text in ("one", "two")]
    offender.raw(lines[0] + b"\nnonsense\n" + lines[1] + b"\n")
    assert [each["text"] for each in bystander.messages(room, "two")] == ["one", "two"]


def test_a_line_of_just_the_limit_is_taken(guests: Guests, room: str) -> None:
    """The limit counts the end of the line; the longest that fits arrives whole."""
    bystander, peer = guests(room), guests(room)
    head = json.dumps({"type": "MSG", "room": room, "text": ""}).encode()[:-2]
    text = "x" * (LIMIT - len(head) - 3)
    peer.raw(head + text.encode() + b'"}\n')
    assert bystander.until("MSG", room=room)["text"] == text
    peer.raw(head + text.encode() + b'x"}\n')
    peer.until("ERROR", code="line_too_long")


def test_a_line_over_the_limit_without_an_end_is_answered_before_its_end(guests: Guests, room: str) -> None:
    """The error comes while the line still has no end; what follows its end is a line again."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    offender.raw(b"x" * (LIMIT + 1))
    offender.until("ERROR", code="line_too_long")
    offender.raw(b"still the same line\n" + json.dumps({"type": "MSG", "room": room, "text": "hi"}).encode())
    offender.raw(b"\n")
    bystanders.check()
    assert [each["code"] for each in offender.fence() if each["type"] == "ERROR"] == []


def test_a_line_that_never_ends_ends_the_connection(guests: Guests, room: str) -> None:
    """Who sends megabytes without an end is not read for ever."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    try:
        for _ in range(64):
            offender.raw(b"x" * (1 << 16))
    except OSError:
        pass  # the server closed while it was sent
    assert bystanders.sees_leave(offender.name) == "line_too_long"
    bystanders.check()


def test_a_hundred_bad_lines_in_a_row_end_the_connection(guests: Guests, room: str) -> None:
    """Who speaks something else altogether is not answered for ever."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    offender.raw(b"nonsense\n" * 100)
    assert offender.bye() == "bad_lines"
    assert bystanders.sees_leave(offender.name) == "bad_lines"
    bystanders.check()


def test_a_good_line_ends_a_row_of_bad_ones(guests: Guests) -> None:
    """Only bad lines in a row count."""
    offender = guests()
    offender.raw((b"nonsense\n" * 99 + b'{"type":"PING"}\n') * 3)
    offender.fence()


@pytest.mark.parametrize(
    "request_",
    [b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n"],
)
def test_an_http_request_is_told_where_http_is_spoken(guests: Guests, room: str, request_: bytes) -> None:
    """A browser on the wrong port gets one clear answer and an end."""
    bystanders = Bystanders(guests, room)
    stranger = guests.stranger()
    stranger.raw(request_)
    assert stranger.bye() == "http_request"
    assert bystanders.check() == []


def test_a_tls_hello_is_told_that_there_is_no_tls(guests: Guests, room: str) -> None:
    """A TLS client on this port gets an answer and an end instead of silence."""
    bystanders = Bystanders(guests, room)
    stranger = guests.stranger()
    stranger.raw(bytes.fromhex("16030100c5010000c10303") + b"\n" * 186)
    assert stranger.bye() == "tls_hello"
    assert bystanders.check() == []


def test_bytes_one_at_a_time_make_the_same_lines(guests: Guests, room: str) -> None:
    """A line may come in as many packets as it has bytes, characters cut in the middle too."""
    bystander, peer = guests(room), guests(room)
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = json.dumps({"type": "MSG", "room": room, "text": "grüße 👋"}, ensure_ascii=False).encode() + b"\n"
    for byte in line:
        peer.raw(bytes((byte,)))
    assert bystander.until("MSG", room=room)["text"] == "grüße 👋"


def test_who_says_nothing_is_let_go(hasty_guests: Guests) -> None:
    """A peer that connects and gives no name is told why it is closed."""
    assert hasty_guests.stranger().bye() == "register_timeout"


def test_who_trickles_is_let_go_too(hasty_guests: Guests) -> None:
    """The time to give a name counts from the connection, not from the last byte."""
    stranger = hasty_guests.stranger()
    stranger.until("REG_NAME")
    stranger.socket.settimeout(0.02)
    for _ in range(100):
        try:
            stranger.raw(b" ")
            stranger.read()
            break
        except TimeoutError:
            continue
    assert stranger.seen[-1].get("reason") == "register_timeout"


def test_a_reset_is_a_reason_of_its_own(guests: Guests, room: str) -> None:
    """Who breaks the connection leaves the room at once, and the others hear why."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    offender.reset()
    assert bystanders.sees_leave(offender.name) == "peer_reset"
    assert bystanders.check() == []


def test_a_half_close_is_answered_and_ended(guests: Guests, room: str) -> None:
    """Who ends the sending side gets what is under way and a BYE, and the line without an end counts."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    offender.raw(json.dumps({"type": "MSG", "room": room, "text": "last", "ref": "r"}).encode())
    offender.socket.shutdown(socket.SHUT_WR)
    assert offender.until("ACK", ref="r")["id"] == 1
    assert offender.bye() == "peer_closed"
    assert bystanders.sees_leave(offender.name) == "peer_closed"
    bystanders.check()


@pytest.mark.parametrize("reading", [True, False], ids=["reads", "frozen"])
def test_the_end_of_a_stream_costs_no_cpu(server: Running, guests: Guests, room: str, reading: bool) -> None:  # noqa: FBT001  # a case
    """After a half-close nothing spins, not even while the peer has not read what is under way."""
    quiet, speaker = guests(), guests(room)
    ended = guests.stranger(None if reading else 4096)
    ended.register(f"ended{reading}")
    ended.join(room)
    for _ in range(1 if reading else 60):
        speaker.say("x" * 10_000, room)
    speaker.fence()
    ended.socket.shutdown(socket.SHUT_WR)
    if reading:
        ended.rest()
    quiet.socket.settimeout(0.5)
    before = server.cpu_seconds()
    with pytest.raises(TimeoutError):
        quiet.until("NOTHING")
    assert server.cpu_seconds() - before < 0.15
