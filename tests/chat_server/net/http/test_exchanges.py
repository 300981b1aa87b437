"""The requests of one connection: each is answered in a bounded time and space, whatever they are."""

import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.http import exchanges as module
from chat_server.net.http.exchange import BODY_BYTES, Request, Response, Route
from chat_server.net.http.exchanges import HEAD_BYTES, IDLE_SECONDS, REQUESTS, Exchanges, HttpStage
from chat_server.net.http.hosts import Hosts
from chat_server.net.http.pages import Page
from chat_server.net.http.site import SAFE, Site
from chat_server.net.transport import TcpTransport
from tests.chat_server.net.support import Clock, available
from tests.support.asking import Asking
from tests.support.websocket import ACCEPT, HANDSHAKE, answers, request

SECONDS = 10.0


def echo(asked: Request) -> Response:
    """Answer with what was asked, and by whom; one request is too much for it."""
    if asked.query == "fail":
        raise RuntimeError("a fault")
    return Response(200, f"{asked.method} {asked.path}?{asked.query} {asked.peer} ".encode() + asked.body)


PAGE = Response(200, b"page", "text/html", (("ETag", '"1"'), ("Cache-Control", "no-cache")))
SITE = Site(
    {"/": Page(PAGE)}, Hosts(), [Route("/echo", echo, ("GET", "POST")), Route("/less", echo, ("POST",), 3)]
)


def served(*pieces: bytes, ends: bool = True) -> tuple[CloseReason | None, Asking, Exchanges]:
    """Serve a peer that sends these."""
    clock = Clock()
    peer = Asking(pieces, clock, ends=ends)
    exchanges = Exchanges(SITE, clock)
    reason = exchanges.serve(peer, SECONDS, "192.0.2.1")
    assert clock.now <= 1000 + SECONDS
    return reason, peer, exchanges


def test_requests_are_answered_one_after_the_other() -> None:
    """On one connection, until the peer ends it; however they are cut."""
    asked = request() + request("/echo?a=1", method="POST", headers={"Content-Length": "2"}, body=b"hi")
    for pieces in ([asked], [bytes((byte,)) for byte in asked], [asked[:70], asked[70:]]):
        reason, peer, _ = served(*pieces)
        assert reason is CloseReason.PEER_CLOSED
        first, second = answers(peer.sent)
        assert (first[0], first[2]) == (200, b"page")
        assert (second[0], second[2]) == (200, b"POST /echo?a=1 192.0.2.1 hi")


def test_every_answer_is_safe_and_dated() -> None:
    """Pages, routes, errors; only pages may be kept, and asked for again."""
    for path, cached in (("/", "no-cache"), ("/echo", "no-store"), ("/nothing", "no-store")):
        ((_, headers, _),) = answers(served(request(path))[1].sent)
        assert headers.items() >= dict(SAFE).items()
        assert headers["Cache-Control"] == cached
        assert headers["Date"].endswith(" GMT")
        assert not set(headers) & {"Server", "Set-Cookie", "Access-Control-Allow-Origin"}


def test_answers_without_a_body() -> None:
    """The length is that of the page."""
    head = served(request(method="HEAD"))[1].sent
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 4\r\n" in head
    assert head.endswith(b"\r\n\r\n")
    same = served(request(headers={"If-None-Match": '"1"'}))[1].sent
    assert same.startswith(b"HTTP/1.1 304 ")
    assert b"Content-Length" not in same


def test_a_body_may_come_in_chunks() -> None:
    """Its length is not known before."""
    chunked = request("/echo", {"Transfer-Encoding": "chunked"}, "POST", b"2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n")
    ((status, _, body),) = answers(served(chunked)[1].sent)
    assert (status, body[-3:]) == (200, b"hi!")


def test_who_asks_before_sending_a_body_is_told_to() -> None:
    """As curl does; but not if it would be too large."""
    wanted = {"Content-Length": "2", "Expect": "100-continue"}
    _, peer, _ = served(request("/echo", wanted, "POST"), b"hi")
    assert peer.sent.startswith(b"HTTP/1.1 100 ")
    assert peer.sent.endswith(b"hi")
    _, peer, _ = served(request("/less", {**wanted, "Content-Length": "4"}, "POST"), b"hihi")
    assert peer.sent.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request("/less", {"Content-Length": "4"}, "POST", b"1234"), 413),
        (request("/less", {"Transfer-Encoding": "chunked"}, "POST", b"4\r\n1234\r\n0\r\n\r\n"), 413),
        (request("/", {"Content-Length": str(BODY_BYTES + 1)}, "POST"), 413),
        (request("/", {"Content-Length": "9" * 20}, "POST"), 413),
        (request("/", {"Content-Length": "-1"}, "POST"), 400),
        (request("/", {"Content-Length": "x"}, "POST"), 400),
        (request("/", {"Transfer-Encoding": "gzip"}, "POST"), 501),
        (request("/", {"X": "y" * 2 * HEAD_BYTES}), 431),
        (request("/" + "x" * 2 * HEAD_BYTES), 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b'{"type":"REG_NAME","name":"dave"}\n\n', 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (request("/", {"Host": "<script>"}), 400),
        (request("/ws", {**HANDSHAKE, "Origin": "http://evil.example"}), 403),
        (request("/", {"Host": "evil.example"}), 421),
        (request("/ws"), 426),
        (request("/ws", {"X": "\1"}), 400),
        (request("/ws", {"X": "\x7f"}), 400),
    ],
)
def test_what_cannot_be_answered_is_told_so(asked: bytes, status: int) -> None:
    """In one sentence of plain text; and nothing that a request says becomes markup."""
    with capture_logs():
        reason, peer, _ = served(*[asked[at : at + HEAD_BYTES] for at in range(0, len(asked), HEAD_BYTES)])
    found = answers(peer.sent)
    assert [each[0] for each in found] == [status]
    assert found[0][1]["Content-Type"] == "text/plain; charset=utf-8"
    assert found[0][2].endswith(b"\n")
    assert reason in {CloseReason.HTTP_DONE, CloseReason.PEER_CLOSED}


def test_a_fault_of_a_route_is_its_own() -> None:
    """It is logged, and the connection goes on."""
    with capture_logs() as logs:
        _, peer, _ = served(request("/echo?fail") + request())
    assert [each[0] for each in answers(peer.sent)] == [500, 200]
    assert [each["event"] for each in logs] == ["http_failed"]


def test_who_is_refused_is_in_the_log() -> None:
    """A browser shows nobody why a WebSocket is refused; an operator finds it."""
    with capture_logs() as logs:
        served(request("/ws", {**HANDSHAKE, "Origin": "http://evil.example"}), request("/nothing"))
    assert [(each["event"], each["status"]) for each in logs] == [("http_refused", 403)]


def test_a_request_may_name_the_server_in_its_first_line() -> None:
    """As to a proxy; that name counts."""
    _, peer, _ = served(request("http://localhost/") + request("http://evil.example/") + request("http://a"))
    assert [each[0] for each in answers(peer.sent)] == [200, 421, 200]


def test_a_websocket_is_opened() -> None:
    """The answer has the proof, and no request may follow."""
    reason, peer, exchanges = served(request() + request("/ws", HANDSHAKE))
    assert (reason, exchanges.stage) == (None, HttpStage.SWITCHED)
    switched = peer.sent[peer.sent.index(b"HTTP/1.1 101 ") :]
    assert f"Sec-WebSocket-Accept: {ACCEPT}\r\n".encode() in switched
    assert switched.endswith(b"\r\n\r\n")


def test_frames_before_the_answer_are_refused() -> None:
    """A client must wait for it (RFC 6455, 4.1)."""
    reason, peer, _ = served(request("/ws", HANDSHAKE) + b"\x81\x80\0\0\0\0")
    assert reason is CloseReason.HTTP_DONE
    assert answers(peer.sent)[0][0] == 400


def test_a_connection_has_so_many_requests() -> None:
    """The last answer says so."""
    reason, peer, _ = served(*[request()] * (REQUESTS + 1))
    found = answers(peer.sent)
    assert (reason, len(found), len(peer.pieces)) == (CloseReason.HTTP_DONE, REQUESTS, 1)
    assert [each for each in found if "Connection" in each[1]] == found[-1:]


@pytest.mark.parametrize("header", [{"Connection": "close"}, None])
def test_a_peer_may_ask_for_the_end(header: dict[str, str] | None) -> None:
    """As every one of HTTP/1.0 does."""
    asked = request(headers=header) if header else b"GET / HTTP/1.0\r\n\r\n"
    reason, peer, _ = served(asked, ends=False)
    found = answers(peer.sent)
    assert found[0][0] == (200 if header else 400)  # nobody knows for whom it is without a Host
    assert reason is CloseReason.HTTP_DONE


def test_a_silent_peer_is_let_go() -> None:
    """Without a word if it has asked nothing; soon if it has an answer."""
    reason, peer, exchanges = served(ends=False)
    assert (reason, peer.sent, peer.waited) == (CloseReason.REGISTER_TIMEOUT, b"", [SECONDS])
    assert exchanges.farewell(CloseReason.REGISTER_TIMEOUT, None) == b""
    reason, peer, exchanges = served(request(), ends=False)
    assert (reason, peer.waited) == (CloseReason.HTTP_DONE, [SECONDS, IDLE_SECONDS])
    assert exchanges.farewell(CloseReason.HTTP_DONE, None) == b""


def test_a_slow_peer_has_no_more_time_for_it() -> None:
    """However it spreads what it sends; it is told."""
    reason, peer, _ = served(request(), request()[:9], ends=False)
    assert [each[0] for each in answers(peer.sent)] == [200, 408]
    assert reason is CloseReason.HTTP_DONE
    reason, peer, _ = served(request("/echo", {"Content-Length": "9"}, "POST", b"half"), ends=False)
    assert answers(peer.sent)[0][0] == 408


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", CloseReason.TLS_HELLO),
        (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n\r\n", CloseReason.PROXY_UNEXPECTED),
    ],
)
def test_who_speaks_something_else_is_told(first: bytes, reason: CloseReason) -> None:
    """As far as it is known."""
    ended, peer, exchanges = served(first)
    assert (ended, peer.sent) == (reason, b"")
    ((status, headers, body),) = answers(exchanges.farewell(reason, None))
    assert (status, body) == (400, f"{reason.text}\n".encode())
    assert headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (RejectReason.SERVER_FULL, 503),
        (RejectReason.ADDRESS_RATE, 503),
        (RejectReason.ADDRESS_BANNED, 403),
        (CloseReason.SERVER_SHUTDOWN, 503),
        (CloseReason.TLS_HELLO, 400),
        (CloseReason.INTERNAL_ERROR, 500),
    ],
)
def test_who_is_turned_away_gets_an_answer(reason: CloseReason | RejectReason, status: int) -> None:
    """With when to come back, in whole seconds, if that is known."""
    ((found, headers, body),) = answers(Exchanges(SITE).farewell(reason, 2.1))
    assert (found, headers["Retry-After"], body) == (status, "3", f"{reason.text}\n".encode())
    ((_, headers, _),) = answers(Exchanges(SITE).farewell(reason, None))
    assert "Retry-After" not in headers


def test_nothing_is_added_to_an_answer() -> None:
    """Between two requests nobody is told that the server stops: it would be taken for the next answer."""
    _, _, exchanges = served(request(), ends=False)
    assert exchanges.farewell(CloseReason.SERVER_SHUTDOWN, None) == b""
    _, _, exchanges = served(request("/ws", HANDSHAKE))
    assert exchanges.farewell(CloseReason.SERVER_SHUTDOWN, None) == b""


def test_a_begun_request_is_answered_at_a_stop() -> None:
    """The reading end is shut, which looks like the peer's own end."""
    for begun in (request()[:9], request("/echo", {"Content-Length": "9"}, "POST", b"half")):
        reason, peer, exchanges = served(request(), begun)
        assert reason is CloseReason.PEER_CLOSED
        assert len(answers(peer.sent)) == 1
        assert answers(exchanges.farewell(CloseReason.SERVER_SHUTDOWN, None))[0][0] == 503
        assert answers(exchanges.farewell(CloseReason.REGISTER_TIMEOUT, None))[0][0] == 408
        assert exchanges.farewell(CloseReason.PEER_CLOSED, None) == b""


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(
                request(),
                request("/ws"),
                request("/ws", HANDSHAKE),
                request("/echo", {"Content-Length": "3"}, "POST"),
            ),
            *(
                request("/less", {"Transfer-Encoding": "chunked"}, "POST"),
                b"3\r\nabc\r\n",
                b"0\r\n\r\n",
                b"\r\n",
            ),
            *(
                request("http://[::1/", {"Origin": "null"}),
                b"Host: x\r\n",
                b"GET / HTTP/1.0\r\n",
                b"\n",
                b"abc",
            ),
            *(request(method="HEAD"), request("/echo?fail"), request(method="CONNECT"), b"\x16\x03\x01"),
        ]
    ),
)


@given(st.lists(PIECES, max_size=12), st.booleans())
@example([request("/", {"Upgrade": "h2c", "Connection": "Upgrade"}), request()], True)
def test_any_bytes_are_answered_or_ended(pieces: list[bytes], ends: bool) -> None:  # noqa: FBT001  # hypothesis names no keyword
    """With whole answers, a reason or a WebSocket; nothing is raised, and nothing grows."""
    with capture_logs():
        reason, peer, exchanges = served(*filter(None, pieces), ends=ends)
    assert (reason is None) is (exchanges.stage is HttpStage.SWITCHED)
    assert not peer.sent or peer.sent.startswith(b"HTTP/1.1 ")
    exchanges.farewell(reason or CloseReason.EXIT, None)


def test_an_answer_goes_out_over_a_socket() -> None:
    """A real one, with the system's own clock."""
    near, far = socket.socketpair()
    with near, far:
        far.sendall(request())
        far.shutdown(socket.SHUT_WR)
        assert Exchanges(SITE).serve(TcpTransport(near), SECONDS, "::1") is CloseReason.PEER_CLOSED
        assert answers(available(far))[0][2] == b"page"


def test_a_page_comes_within_the_idle_time() -> None:
    """A connection that has an answer is kept for less than one may take for its name."""
    assert module.IDLE_SECONDS < SECONDS
