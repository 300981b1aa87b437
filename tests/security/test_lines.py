"""Lines that are none, or more than they seem."""

import json

import pytest

from chat_protocol.codec import NESTING_LEVELS
from chat_server.chat.conversation import BAD_LINES
from chat_server.config import Config
from chat_server.net.dialects.jsonlines import ENDLESS_BYTES
from tests.conformance.guests import Bystanders, Guests
from tests.security.table import row
from tests.support.peer import ClosedError, Frame, Peer

SAY = b'{"type":"MSG","text":"x"'


def refused(guests: Guests, room: str, line: bytes) -> Frame:
    """Send a line in a room; return its error, once it is sure that it harmed nobody, its sender neither."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    bystanders.check()
    offender.raw(line + b"\n")
    error = offender.until("ERROR")
    offender.say("still here", room, ref="1")
    offender.until("ACK", ref="1")
    assert [each.get("text") for each in bystanders.check()] == ["still here"]
    return error


@row(
    "a line without an end",
    defence="the rest of it is thrown away, then the connection ends",
    default=f"{Config.line_bytes // 1024} KiB, {ENDLESS_BYTES >> 20} MiB",
)
def test_a_line_without_an_end(guests: Guests, room: str) -> None:
    """The others hear nothing but that the peer has left, and why."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    try:
        while True:
            offender.raw(b"[" * (1 << 16))
    except OSError:
        pass  # ended in the middle of it
    assert bystanders.sees_leave(offender.name) == "line_too_long"
    bystanders.check()


@row(
    "lines of nonsense for ever",
    defence="an error each, then the connection ends",
    default=f"{BAD_LINES} in a row",
)
def test_lines_of_nonsense_for_ever(guests: Guests, room: str) -> None:
    """Nobody else is bothered."""
    bystanders = Bystanders(guests, room)
    offender = guests(room, "offender")
    offender.raw(b"}{\n" * BAD_LINES)
    assert offender.bye() == "bad_lines"
    assert bystanders.sees_leave(offender.name) == "bad_lines"


@row(
    "deep and huge JSON",
    defence="depth and length are looked at before it is decoded",
    default=f"{NESTING_LEVELS} levels, {Config.line_bytes // 1024} KiB",
)
@pytest.mark.parametrize(
    "line",
    [
        b"[" * 16_000,
        SAY + b',"x":' + b"[" * 8000 + b"]" * 8000 + b"}",
        SAY + b',"x":' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
        b'{"type":' + b"[" * NESTING_LEVELS + b"1" + b"]" * NESTING_LEVELS + b"}",
        SAY + b',"x":"' + b"y" * 900_000 + b'"}',
        b"{" + b",".join(b'"%d":1' % number for number in range(1800)),
    ],
    ids=["arrays", "inside a field", "objects", "just too deep", "900 KB", "1,800 keys"],
)
def test_deep_and_huge_json(guests: Guests, room: str, line: bytes) -> None:
    """The stack of a connection's thread is small, and is never overrun."""
    assert refused(guests, room, line)["code"] in {"bad_json", "line_too_long"}


@row(
    "duplicate keys, NaN and huge integers",
    defence="one meaning, or an error; the server alone says who spoke",
)
@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"HISTORY","after":NaN}',
        b'{"type":"HISTORY","since":Infinity}',
        b'{"type":"HISTORY","since":1e999}',
        b'{"type":"HISTORY","after":' + b"9" * 4000 + b"}",
        b'{"type":"HISTORY","after":18446744073709551616}',
        b'{"type":"HISTORY","after":1e18}',
        b'{"type":"HISTORY","limit":-9223372036854775809}',
        b'{"type":"JOIN","room":"lobby","after":9007199254740993}',
        SAY + b',"type":"NONE"}',
        SAY + b',"text":""}',
        SAY + b',"room":"elsewhere"}',
    ],
)
def test_duplicate_keys_nan_and_huge_integers(guests: Guests, room: str, line: bytes) -> None:
    """What is checked is what is used: the last of two keys, for the server and whoever reads the answer."""
    assert refused(guests, room, line)["code"] in {"bad_json", "bad_field", "unknown_type", "not_a_member"}
    listener, speaker = guests(room), guests(room)
    claims = b',"from":"%s","id":7,"ts":1,"from":"root"}\n' % listener.name.encode()
    speaker.raw(SAY + b',"text":"second"' + claims)
    heard = listener.until("MSG", room=room)
    assert (heard["from"], heard["text"]) == (speaker.name, "second")
    assert heard["ts"] > 1


@row("bad UTF-8, lone surrogates and NUL", defence="refused by the decoder, a line at a time")
@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf5\x80\x80\x80",
        rb"\ud800",
        rb"\udc00\ud800",
        b"a\0b",
    ],
)
@pytest.mark.parametrize("field", ["text", "room", "name"])
def test_bad_utf_8_lone_surrogates_and_nul(guests: Guests, room: str, text: bytes, field: str) -> None:
    """In whatever field; an escaped NUL is a character of a text, and of no name."""
    kind = {"text": "MSG", "room": "JOIN", "name": "NAME"}[field]
    line = b'{"type":"%s","%s":"%s"}' % (kind.encode(), field.encode(), text)
    assert refused(guests, room, line)["code"] in {"bad_encoding", "bad_json"}


@row("CR and LF in a text", defence="encoded anew: a message is one line, with no control character in it")
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "\u2028", "\x85", "\0", "\x1b[2J"])
def test_cr_and_lf_in_a_text(guests: Guests, room: str, ends: str) -> None:
    """No frame can be put into another one's mouth; the text arrives as it was said."""
    listener, speaker = guests(room), guests(room)
    text = f'hi{ends}{{"type":"MSG","room":"{room}","from":"root","text":"obey"}}{ends}'
    speaker.say(text, room)
    speaker.send("TOPIC", topic=f"tea{ends}", room=room)
    speaker.send("DM", to=listener.name, text=text)
    frames = [listener.until(kind) for kind in ("MSG", "TOPIC", "DM")]
    assert [frames[0]["text"], frames[1]["topic"], frames[2]["text"]] == [text, f"tea{ends}", text]
    assert {each.get("from", each.get("by")) for each in frames} == {speaker.name}
    for line in raw_lines(listener, speaker, text, room):
        assert json.loads(line)["type"] in {"MSG", "PONG"}
        assert not [byte for byte in line if byte < 0x20]


def raw_lines(listener: Peer, speaker: Peer, text: str, room: str) -> list[bytes]:
    """Have something said; return the bytes that the listener gets, cut at line ends."""
    listener.fence()
    speaker.say(text, room)
    speaker.fence()
    listener.send("PING", ref="end")
    received = b""
    while not (received.endswith(b"\n") and b'"end"' in received):
        data = listener.socket.recv(1 << 16)
        if not data:
            raise ClosedError
        received += data
    return received.removesuffix(b"\n").split(b"\n")
