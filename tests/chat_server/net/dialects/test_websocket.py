"""JSON lines in frames: what is heard, what is sent, and how it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import CloseCode, Opcode

from chat_protocol.codec import client_decoder, encode
from chat_protocol.errors import PeerError
from chat_protocol.messages import Msg, Ping, Pong
from chat_protocol.reasons import CloseReason, RejectReason
from chat_protocol.server_messages import Limits, Notice, RegNameRequest
from chat_server.net.dialects.websocket import WebSocket, WebSocketSettings
from chat_server.net.dialects.websocket_frames import FrameReader, framed
from chat_server.net.http.exchange import Response
from chat_server.net.http.hosts import Hosts
from chat_server.net.http.pages import Page
from chat_server.net.http.site import Site
from chat_server.net.transport import TcpTransport
from chat_server.stream.frames import Frames
from tests.chat_server.net.support import available, tcp_pair
from tests.support.websocket import HANDSHAKE, answers, closing, masked, request, texts, unmasked

LIMIT = 500
SETTINGS = WebSocketSettings(
    client_decoder(LIMIT),
    RegNameRequest(1, "test", Limits(LIMIT, 32, 256, 50)),
    Site({"/": Page(Response(200, b"page", headers=(("ETag", '"1"'),)))}, Hosts()),
)


def opened() -> WebSocket:
    """Return one that is a WebSocket."""
    near, far = tcp_pair()
    with near, far:
        far.sendall(request("/ws", HANDSHAKE))
        dialect = WebSocket(SETTINGS)
        assert dialect.open(TcpTransport(near), 5.0, "::1") is None
        assert available(far).startswith(b"HTTP/1.1 101 ")
    assert dialect.is_open
    return dialect


def test_who_only_gets_a_page_does_not_open_it() -> None:
    """The connection ends; whatever others send meanwhile is not for it."""
    near, far = tcp_pair()
    with near, far:
        far.sendall(request(headers={"Connection": "close"}))
        dialect = WebSocket(SETTINGS)
        assert dialect.complete(framed(b"x\n")) == b""
        assert dialect.open(TcpTransport(near), 5.0, "::1") is CloseReason.HTTP_DONE
        assert answers(available(far))[0][2] == b"page"
    assert (dialect.is_open, dialect.over) == (False, None)
    assert dialect.farewell(CloseReason.HTTP_DONE) == b""


def test_one_that_is_turned_away_is_told_in_http() -> None:
    """Before anything is read of it."""
    ((status, headers, body),) = answers(WebSocket(SETTINGS).farewell(RejectReason.SERVER_FULL, 5.0))
    assert (status, headers["Retry-After"]) == (503, "5")
    assert body.startswith(b"the server is full")


def test_the_server_speaks_first() -> None:
    """As over any connection; and a browser's first bytes are taken for nothing else."""
    dialect = opened()
    assert texts(dialect.greeting()) == [encode(SETTINGS.request)]
    assert dialect.mistaken(b"GET ") is None


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_message_may_have_several_lines(end: bytes) -> None:
    """And may lack the end of the last; an error stands in its place among them."""
    dialect = opened()
    line = b'{"type":"MSG","text":"%d"}'
    heard = dialect.feed(masked(line % 1 + b"\nno\n" + line % 2 + end) + masked(line % 3 + end))
    kinds = [each.text if isinstance(each, Msg) else type(each).__base__ for each in heard]
    assert kinds == ["1", PeerError, "2", "3"]
    assert dialect.feed(masked(b"")) == []
    assert dialect.feed(b"") == ()
    assert (dialect.finish(), dialect.over) == ([], None)


def test_a_line_may_be_as_long_as_without_frames() -> None:
    """One byte more, the end that is added, and it is an error; a longer message ends it."""
    dialect = opened()
    line = b'{"type":"MSG","text":"%s"}'
    fits = line % (b"x" * (LIMIT - len(line % b"") - 1))
    assert [type(each) for each in dialect.feed(masked(fits))] == [Msg]
    (error,) = dialect.feed(masked(fits[:-2] + b'x"}'))
    assert isinstance(error, PeerError)
    assert error.code == "line_too_long"
    assert dialect.feed(masked(fits + b"xy")) == ()
    assert dialect.over is CloseReason.BAD_FRAMES
    assert closing(dialect.farewell(CloseReason.BAD_FRAMES)).code == CloseCode.MESSAGE_TOO_BIG


def test_all_share_one_frame() -> None:
    """The very bytes: nothing is copied for each."""
    frames = Frames(b'{"type":"NOTICE","text":"hi"}\n')
    one, other = opened(), opened()
    assert one.render is not None
    assert one.render is other.render
    sent = one.complete(frames.rendered(one.render))
    assert sent is other.complete(frames.rendered(other.render))
    assert texts(sent) == [frames.lines]


def test_a_pong_comes_in_its_place() -> None:
    """The chat answers the ping as any other; only that answer is replaced, and once."""
    dialect = opened()
    heard = dialect.feed(masked(b'{"type":"PING","ref":"a"}') + masked(b"data", 9))
    assert len(heard) == 2
    sent = []
    for each in heard:
        assert isinstance(each, Ping)
        sent.append(dialect.complete(framed(encode(Pong(each.ref)))))
        sent.append(dialect.complete(framed(encode(Notice("between")))))
    assert b'"a"' in sent[0]
    (pong,) = unmasked(sent[2])
    assert (pong.opcode, pong.data) == (Opcode.PONG, b"data")
    assert isinstance(heard[1], Ping)
    again = dialect.complete(framed(encode(Pong(heard[1].ref))))
    assert unmasked(again)[0].opcode is Opcode.TEXT


def test_pings_alone_are_heard() -> None:
    """A browser's proxy may send them."""
    assert [type(each) for each in opened().feed(masked(b"", 9))] == [Ping]
    assert opened().feed(masked(b"", 10)) == ()


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (CloseReason.EXIT, CloseCode.NORMAL_CLOSURE),
        (CloseReason.SERVER_SHUTDOWN, CloseCode.GOING_AWAY),
        (CloseReason.INTERNAL_ERROR, CloseCode.INTERNAL_ERROR),
        (CloseReason.SLOW_CONSUMER, CloseCode.POLICY_VIOLATION),
        (CloseReason.BANNED, CloseCode.POLICY_VIOLATION),
    ],
)
def test_the_end_is_told_twice(reason: CloseReason, code: int) -> None:
    """In a BYE for the client's code, and in a close frame for its library."""
    farewell = opened().farewell(reason, 3.0)
    (bye,) = texts(farewell)
    assert f'"reason":"{reason}"'.encode() in bye
    assert (closing(farewell).code, closing(farewell).reason) == (code, reason.text)


@pytest.mark.parametrize("reason", [*CloseReason, *RejectReason])
def test_every_reason_fits_a_close_frame(reason: CloseReason | RejectReason) -> None:
    """None is cut."""
    assert closing(opened().farewell(reason)).reason == reason.text


def test_a_peer_that_goes_gets_its_close_frame_back() -> None:
    """After what it said before; it reads nothing else any more."""
    dialect = opened()
    heard = dialect.feed(masked(b'{"type":"PING"}') + masked(b"\x03\xe9", 8))
    assert [type(each) for each in heard] == [Ping]
    assert dialect.over is CloseReason.PEER_CLOSED
    assert [each.opcode for each in unmasked(dialect.farewell(CloseReason.PEER_CLOSED))] == [Opcode.CLOSE]


def test_no_text_is_answered_by_its_code() -> None:
    """If that is why it ends; another reason that came first is told instead."""
    dialect = opened()
    assert dialect.feed(masked(b"\0", Opcode.BINARY)) == ()
    assert dialect.over is CloseReason.BAD_FRAMES
    assert closing(dialect.farewell(CloseReason.BAD_FRAMES)).code == CloseCode.UNSUPPORTED_DATA
    assert closing(dialect.farewell(CloseReason.EXIT)).code == CloseCode.NORMAL_CLOSURE


def test_a_begun_frame_is_finished() -> None:
    """As the reader of frames has it."""
    dialect = opened()
    block = dialect.complete(framed(b"a\n" * 100))
    assert block[:7] + dialect.rest(block, 7) == block


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_any_bytes_are_heard_or_end_it(pieces: list[bytes]) -> None:
    """Nothing is raised."""
    dialect = WebSocket(SETTINGS)
    dialect._reader = FrameReader(LIMIT)  # noqa: SLF001  # without a socket for each of them
    for piece in pieces:
        dialect.feed(piece)
        if dialect.over is not None:
            unmasked(dialect.farewell(dialect.over))
