"""Browsers over the wire: the page, WebSockets beside other clients, slow and hostile peers, and the end."""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode, Opcode
from websockets.sync.client import ClientConnection as Client
from websockets.sync.client import connect as connect_client

from chat_protocol.reasons import CloseReason
from chat_server.config import Config
from chat_server.journal.memory import MemoryJournal
from chat_server.net.dialects.websocket import WebSocket
from chat_server.net.server import Server
from chat_server.values import Endpoint
from tests.chat_server.net.support import PATIENCE, until, until_end, wait_for
from tests.support.certificates import client_context, made
from tests.support.websocket import HANDSHAKE, answers, closing, masked, request, texts, unmasked


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers for browsers and for JSON lines; they are stopped in the end."""
    servers: list[Server] = []

    def start(*schemes: str, **settings: Any) -> Server:  # noqa: ANN401  # of many types
        listen = tuple(Endpoint(each, "127.0.0.1", 0) for each in schemes or ("http", "chat"))
        usual: dict[str, Any] = {"listen": listen, "profile": "trusted", "drain_timeout": 2.0}
        server = Server(Config(**{**usual, **settings}), MemoryJournal())
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.ready:
            server.stop()


def port(server: Server, scheme: str = "http") -> int:
    """Return where it listens for this."""
    return next(each.port for each in server.endpoints if each.scheme == scheme)


class Browser:
    """A WebSocket as a page has it, with what has come and was not looked at."""

    def __init__(self, socket: Client) -> None:
        self.socket = socket
        self._unheard: list[dict[str, Any]] = []

    def say(self, **message: object) -> None:
        """Send one message."""
        self.socket.send(json.dumps(message))

    def hear(self, wanted: str) -> dict[str, Any]:
        """Return the first message of this type that was not heard yet; others wait."""
        while True:
            for message in self._unheard:
                if message["type"] == wanted:
                    self._unheard.remove(message)
                    return message
            self._unheard += map(json.loads, str(self.socket.recv(PATIENCE)).splitlines())

    def code(self) -> int | None:
        """Read to the end; return the code of the close frame."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.socket.recv(PATIENCE)
        return self.socket.close_code


@contextlib.contextmanager
def connect(server: Server, **settings: Any) -> Iterator[Browser]:  # noqa: ANN401  # those of the library
    """Open a WebSocket, as the page does; pings of the library's own are not sent."""
    url = f"ws://127.0.0.1:{port(server)}"
    usual = {"origin": url.replace("ws", "http"), "proxy": None, "ping_interval": None}
    with connect_client(f"{url}/ws", **{**usual, **settings}) as client:
        yield Browser(client)


@contextlib.contextmanager
def join(server: Server, name: str) -> Iterator[Browser]:
    """Open a WebSocket and come into the lobby."""
    with connect(server) as browser:
        browser.say(type="REG_NAME", name=name)
        browser.hear("JOINED")
        yield browser


def raw(server: Server, data: bytes = b"", scheme: str = "http") -> socket.socket:
    """Connect without a library, and send this."""
    sock = socket.create_connection(("127.0.0.1", port(server, scheme)), PATIENCE)
    sock.sendall(data)
    return sock


def switched(server: Server) -> socket.socket:
    """Open a WebSocket without a library; the greeting has come."""
    sock = raw(server, request("/ws", HANDSHAKE))
    until(sock, b'"REG_NAME"')
    return sock


def test_the_page_is_there(start: Callable[..., Server]) -> None:
    """Its index and each file that it names, over one connection."""
    server = start()
    with raw(server, request() + request("/index.html", {"Connection": "close"})) as sock:
        root, index = answers(until_end(sock))
    assert root[2] == index[2]
    assert b"<html" in root[2].lower()


def test_browsers_and_others_share_a_room(start: Callable[..., Server]) -> None:
    """Each sees what the other says; the acknowledgement comes in its place."""
    server = start()
    with join(server, "ann") as ann, raw(server, b'{"type":"REG_NAME","name":"bob"}\n', "chat") as bob:
        until(bob, b'"JOINED"')
        assert ann.hear("JOINED")["name"] == "bob"
        ann.say(type="MSG", text="hello", ref="1")
        assert ann.hear("ACK")["ref"] == "1"
        assert b'"text":"hello"' in until(bob, b'"MSG"')
        bob.sendall(b'{"type":"MSG","text":"hi"}\n')
        assert ann.hear("MSG")["text"] == "hi"
        ann.say(type="EXIT")
        assert ann.hear("BYE")["reason"] == "exit"
        assert ann.code() == CloseCode.NORMAL_CLOSURE
        assert b'"reason":"exit"' in until(bob, b'"LEFT"')


def test_a_page_that_is_loaded_again_goes_on(start: Callable[..., Server]) -> None:
    """Closing the WebSocket is no EXIT: the session waits."""
    server = start()
    with connect(server) as ann:
        ann.say(type="REG_NAME", name="ann")
        session = ann.hear("WELCOME")["session"]
        ann.socket.close(CloseCode.GOING_AWAY)
        assert ann.code() == CloseCode.GOING_AWAY
    wait_for(lambda: server.totals()[1].closed[CloseReason.PEER_CLOSED] == 1)
    with connect(server) as again:
        again.say(type="REG_NAME", name="ann", session=session)
        assert again.hear("WELCOME")["name"] == "ann"


def test_a_delivery_is_one_message_and_the_same_bytes(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pass hands out is framed once, and no member gets a copy."""
    handed: list[bytes] = []
    complete = WebSocket.complete

    def noted(self: WebSocket, rendered: bytes) -> bytes:
        handed.append(complete(self, rendered))
        return handed[-1]

    monkeypatch.setattr(WebSocket, "complete", noted)
    server = start()
    with join(server, "ann") as ann, join(server, "bob") as bob, raw(server, scheme="chat") as cat:
        cat.sendall(b'{"type":"REG_NAME","name":"cat"}\n')
        until(cat, b'"JOINED"')
        cat.sendall(b'{"type":"MSG","text":"hello"}\n')
        assert ann.hear("MSG") == bob.hear("MSG")
    one, other = [each for each in handed if b'"hello"' in each]
    assert one is other


def test_a_ping_frame_is_answered(start: Callable[..., Server]) -> None:
    """By a pong with its data, also before there is a name."""
    server = start()
    with connect(server) as ann:
        assert ann.socket.ping("data").wait(PATIENCE)


def test_the_server_asks_whether_somebody_is_there(start: Callable[..., Server]) -> None:
    """With the protocol's own PING, which the page answers; who answers once must go on."""
    server = start(ping_interval=0.1, ping_timeout=0.1)
    with join(server, "ann") as ann:
        ann.hear("PING")
        ann.say(type="PONG")
        assert ann.hear("BYE")["reason"] == "ping_timeout"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (masked(b"\xff"), CloseCode.INVALID_DATA),
        (masked(b"{}", 2), CloseCode.UNSUPPORTED_DATA),
        (b"\x81\x02{}", CloseCode.PROTOCOL_ERROR),
        (b"\x81\xff" + b"\xff" * 8, CloseCode.PROTOCOL_ERROR),
        (masked(b"x" * 20_000), CloseCode.MESSAGE_TOO_BIG),
        (masked(b"x" * 10_000, fin=False) + masked(b"x" * 10_000, 0), CloseCode.MESSAGE_TOO_BIG),
    ],
)
def test_what_is_no_text_ends_with_a_code(start: Callable[..., Server], frame: bytes, code: int) -> None:
    """And a reason for the client; what came before it was done, what comes after it is not."""
    server = start()
    with switched(server) as sock:
        name = masked(b'{"type":"REG_NAME","name":"ann"}')
        sock.sendall(name + frame + masked(b'{"type":"MSG","text":"no"}'))
        received = until_end(sock)
    assert b'"WELCOME"' in received
    assert json.loads(texts(received)[-1])["reason"] == "bad_frames"
    assert closing(received).code in {code, CloseCode.MESSAGE_TOO_BIG if frame[1] == 0xFF else code}
    assert server.totals()[1].received == {"REG_NAME": 1}


def test_a_message_in_many_pieces_is_one(start: Callable[..., Server]) -> None:
    """Cut into frames, and each of those into bytes, with a ping between."""
    server = start()
    with switched(server) as sock:
        line = b'{"type":"REG_NAME","name":"ann"}'
        frames = [
            masked(line[:5], fin=False),
            masked(b"", 0, fin=False),
            masked(b"?", 9),
            masked(line[5:], 0),
        ]
        for byte in b"".join(frames):
            sock.sendall(bytes((byte,)))
        sock.sendall(masked(b"", 8))
        received = until_end(sock)
    assert json.loads(texts(received)[0])["name"] == "ann"
    assert Opcode.PONG in [each.opcode for each in unmasked(received)]


def test_a_slow_reader_is_cut_alone(start: Callable[..., Server]) -> None:
    """With whole frames to the end, the reason, and a close frame; others read on."""
    server = start(send_queue_bytes=30_000)
    with switched(server) as slow, join(server, "ann") as ann:
        slow.sendall(masked(b'{"type":"REG_NAME","name":"slow"}'))
        assert ann.hear("JOINED")["name"] == "slow"
        said = 0
        while server.totals()[1].lost == 0:
            ann.say(type="MSG", text="x" * 9000, ref=str(said))
            assert ann.hear("ACK")["ref"] == str(said)
            said += 1
        assert ann.hear("LEFT")["reason"] == "slow_consumer"
        received = until_end(slow)
        ann.say(type="PING")
        ann.hear("PONG")
    *_, bye = texts(received)
    assert json.loads(bye)["reason"] == "slow_consumer"
    assert closing(received).code == CloseCode.POLICY_VIOLATION


def test_who_is_turned_away_is_told_when_to_come_back(start: Callable[..., Server]) -> None:
    """As a page is: 503, and the library's client raises it."""
    server = start(connections=1)
    with join(server, "ann"):
        with raw(server, request()) as sock:
            ((status, headers, body),) = answers(until_end(sock))
        assert (status, headers["Retry-After"]) == (503, "5")
        assert body == b"the server is full; try again later\n"


def test_another_site_s_page_gets_no_websocket(start: Callable[..., Server]) -> None:
    """Its browser says whose page it is; a program need not."""
    server = start()
    with pytest.raises(InvalidStatus) as refused, connect(server, origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    with connect(server, origin=None) as program:
        program.hear("REG_NAME")


@pytest.mark.parametrize("data", [b"", b"GET / HT", request(), request("/ws", HANDSHAKE)])
def test_nobody_holds_a_thread_longer_than_it_takes_to_give_a_name(
    start: Callable[..., Server], data: bytes
) -> None:
    """Silent, slow, with an answer, or with a WebSocket."""
    server = start(register_timeout=0.3)
    with raw(server, data) as sock:
        until_end(sock)
    wait_for(lambda: not server.connections())


def test_who_gives_no_name_is_told(start: Callable[..., Server]) -> None:
    """On a WebSocket, as everywhere."""
    server = start(register_timeout=0.3)
    with switched(server) as sock:
        received = until_end(sock)
    assert json.loads(texts(received)[-1])["reason"] == "register_timeout"
    assert closing(received).code == CloseCode.POLICY_VIOLATION


def test_a_stop_is_told_to_everybody(start: Callable[..., Server]) -> None:
    """On a WebSocket, and where a request has begun; a connection that is idle just ends."""
    server = start()
    with join(server, "ann") as ann, raw(server, b"GET / HT") as begun, raw(server, request()) as idle:
        until(idle, b"</html>")
        wait_for(lambda: len(server.connections()) == 3)
        server.stop()
        assert "reconnect_after" in ann.hear("NOTICE")
        assert ann.hear("BYE")["reason"] == "server_shutdown"
        assert ann.code() == CloseCode.GOING_AWAY
        assert answers(until_end(begun))[0][0] == 503
        assert until_end(idle) == b""


def test_the_log_tells_of_who_comes_to_chat(start: Callable[..., Server]) -> None:
    """Not of who only looks at the page, which the metrics count."""
    server = start()
    with capture_logs() as logs:
        with raw(server, request(headers={"Connection": "close"})) as sock:
            until_end(sock)
        wait_for(lambda: not server.connections())
        with join(server, "ann"):
            pass
        wait_for(lambda: not server.connections())
    assert [each["event"] for each in logs if each["log_level"] == "info"] == [
        *("connected", "registered", "joined", "left", "disconnected")
    ]
    assert server.totals()[1].closed == {CloseReason.HTTP_DONE: 1, CloseReason.PEER_CLOSED: 1}


def test_encrypted(start: Callable[..., Server]) -> None:
    """The page and a WebSocket, under whatever name the certificate has; one who does not encrypt is told."""
    files = {"tls_cert": str(made() / "cert.pem"), "tls_key": str(made() / "key.pem")}
    server = start("https", **files)
    with (
        raw(server, scheme="https") as sock,
        client_context().wrap_socket(sock, server_hostname="localhost") as page,
    ):
        page.sendall(request(headers={"Connection": "close", "Host": "chat.example.org"}))
        assert answers(until_end(page))[0][0] == 200
    url = f"wss://localhost:{port(server, 'https')}/ws"
    with connect_client(url, ssl=client_context(), proxy=None) as client:
        ann = Browser(client)
        ann.say(type="REG_NAME", name="ann")
        assert ann.hear("WELCOME")["name"] == "ann"
    with raw(server, request(), "https") as plain:
        ((status, _, body),) = answers(until_end(plain))
    assert (status, body) == (400, b"this port speaks TLS; ask for https://\n")
