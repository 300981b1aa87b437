"""One connection: bytes become messages, and each way it ends has a name."""

import contextlib
import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chat_client.connection import connection as connection_module
from chat_client.connection.connection import Connection, connect
from chat_client.errors import ConnectionLostError, IncompatibleError
from chat_protocol.base import Message
from chat_protocol.codec import SERVER_LINE_BYTES, encode, encode_lines
from chat_protocol.messages import Msg, Ping
from chat_protocol.server_messages import Notice
from chat_protocol.tls import TlsStream
from tests.support.certificates import client_context, server_context
from tests.support.fake_server import DEADLINE, FakeServer


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    """Return a connection and the other end of it."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(DEADLINE)
    yield Connection(ours), theirs
    theirs.close()
    ours.close()


def test_messages_come_whole_however_the_bytes_do(pair: tuple[Connection, socket.socket]) -> None:
    """Lines cut at any place, or many at once, are the same messages."""
    connection, theirs = pair
    messages = [Notice(text="grüße"), Ping(ref="1"), Notice(text="b")]
    data = encode_lines(messages)
    for cut in range(len(data) + 1):
        received: list[object] = []
        for start, end in pairwise((0, cut, len(data))):
            if start < end:
                theirs.sendall(data[start:end])
                received += connection.receive(DEADLINE) or []
        assert received == messages


def test_nothing_comes(pair: tuple[Connection, socket.socket]) -> None:
    """Silence is told apart from the end."""
    connection, _ = pair
    assert connection.receive(0.0) is None


@pytest.mark.parametrize(
    ("first", "what"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"<!DOCTYPE HTML>", "HTTP"),
        (b"\n<html>", "HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x0a", "TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no chat server"),
        (b"220 mail.example ESMTP\r\n", "no chat server"),
        (b"-ERR unknown command", "no chat server"),
        (b"\x00" * 100, "no chat server"),
    ],
)
def test_what_is_no_chat_server_is_known_by_its_first_bytes(
    pair: tuple[Connection, socket.socket], first: bytes, what: str
) -> None:
    """A line need not end for that; what it is may help."""
    connection, theirs = pair
    theirs.sendall(first)
    with pytest.raises(IncompatibleError, match=what):
        connection.receive(DEADLINE)


def test_a_chat_server_may_say_anything_later(pair: tuple[Connection, socket.socket]) -> None:
    """Its lines may be cut anywhere, and one that is wrong is a wrong line."""
    connection, theirs = pair
    theirs.sendall(b"{")
    assert connection.receive(DEADLINE) == []
    theirs.sendall(b'"type":"PING"}\n')
    assert connection.receive(DEADLINE) == [Ping()]
    theirs.sendall(b"<\n")
    assert [type(each).__name__ for each in connection.receive(DEADLINE) or []] == ["BadJsonError"]


def test_knocks_as_any_server_understands(pair: tuple[Connection, socket.socket]) -> None:
    """A line that a chat server answers, and the end of a request for one that reads those."""
    connection, theirs = pair
    connection.knock()
    assert theirs.recv(100) == b'{"type":"PING"}\n\r\n'


def test_the_end_is_told(pair: tuple[Connection, socket.socket]) -> None:
    """A server that closes is no spin: the end is an error."""
    connection, theirs = pair
    theirs.close()
    with pytest.raises(ConnectionLostError, match="closed"):
        connection.receive(DEADLINE)


def test_another_thread_may_end_it(pair: tuple[Connection, socket.socket]) -> None:
    """After `shut` what waits for bytes finds the end; a second time does no harm."""
    connection, _ = pair
    connection.shut()
    connection.shut()
    with pytest.raises(ConnectionLostError):
        connection.receive(DEADLINE)


def test_a_line_that_is_no_message_is_an_error_in_its_place(pair: tuple[Connection, socket.socket]) -> None:
    """Other lines of the same bytes are kept."""
    connection, theirs = pair
    theirs.sendall(b"{SSH-2.0-x\r\n" + encode(Ping()))
    bad, good = connection.receive(DEADLINE) or []
    assert not isinstance(bad, Message)
    assert good == Ping()


def test_an_endless_line_does_not_fill_the_memory(pair: tuple[Connection, socket.socket]) -> None:
    """Beyond the longest line of a server bytes are thrown away, and the next line counts again."""
    connection, theirs = pair
    theirs.settimeout(None)
    sent = theirs.send(b"{")
    while sent < 2 * SERVER_LINE_BYTES:
        sent += theirs.send(b"x" * 65536)
        assert connection.receive(DEADLINE) == []
    theirs.sendall(b"\n" + encode(Ping()))
    received: list[object] = []
    while not received:
        received = [each for each in connection.receive(DEADLINE) or [] if isinstance(each, Message)]
    assert received == [Ping()]


def test_sending_to_nobody_is_told(pair: tuple[Connection, socket.socket]) -> None:
    """A broken connection is an error of ours, not a signal that ends the program."""
    connection, theirs = pair
    theirs.close()
    with pytest.raises(ConnectionLostError):
        _send_on(connection)


def test_a_server_that_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A send has an end, also where the other side takes nothing."""
    monkeypatch.setattr(connection_module, "SEND_SECONDS", 0.01)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionLostError, match="stopped reading"):
        _send_on(Connection(ours))


def _send_on(connection: Connection) -> None:
    """Send more than any buffer holds."""
    for _ in range(1000):
        connection.send([Msg(text="x" * 60000)])


def test_nothing_listens() -> None:
    """A refused connection says where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(ConnectionLostError, match=f"nothing listens on 127.0.0.1 port {port}"):
        connect("127.0.0.1", port)


def test_a_name_that_is_no_host() -> None:
    """What cannot be looked up is told, not raised as it is."""
    with pytest.raises(ConnectionLostError, match="cannot reach"):
        connect("not a host \udcff", 9090)


def tls_server(said: bytes, *, cut: bool = False) -> tuple[int, threading.Thread]:
    """Serve one client with TLS: send it this and end, properly or not; return port and thread."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as sock:
            stream = TlsStream(sock, server_context(), server=True)
            with contextlib.suppress(OSError):
                stream.handshake(DEADLINE)
                stream.send_all(said, DEADLINE)
                if not cut:
                    stream.close_notify()
                sock.shutdown(socket.SHUT_WR)
                while stream.receive(1 << 16):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    return listener.getsockname()[1], thread


@pytest.mark.parametrize("cut", [False, True])
def test_tls_carries_the_same_messages(cut: bool) -> None:  # noqa: FBT001  # a parameter
    """What came with the handshake, and what came just before the end, however that came."""
    said = [Notice(text="grüße" * 5000), Ping(ref="1")]
    port, thread = tls_server(encode_lines(said), cut=cut)
    connection = connect("127.0.0.1", port, client_context())
    received: list[object] = []
    while len(received) < len(said):
        received += connection.receive(DEADLINE) or []
    connection.send([Msg("hello", ref="1")])
    assert received == said
    with pytest.raises(ConnectionLostError, match=r"(?i)closed the connection|without an end of TLS"):
        connection.receive(DEADLINE)
    connection.shut()
    connection.close()
    thread.join(DEADLINE)


def test_tls_that_is_silent_is_told_apart_from_the_end() -> None:
    """As without it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = TlsStream(ours, client_context(), "localhost", server=False)
        assert Connection(ours, stream).receive(0.0) is None


def test_a_certificate_that_is_not_trusted() -> None:
    """The connection is not used, not tried again, and the text says what to do."""
    port, thread = tls_server(b"")
    with pytest.raises(IncompatibleError, match=r"not to be trusted: .*; give the CA .* with --tls-ca FILE"):
        connect("127.0.0.1", port, ssl.create_default_context())
    thread.join(DEADLINE)


def test_tls_where_none_is_spoken(server: FakeServer) -> None:
    """It is told so, not what OpenSSL calls it."""

    def answer() -> None:
        peer = server.accept()
        peer.send(Notice(text="hello"))

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(IncompatibleError, match=f"port {server.port} speaks no TLS; leave --tls out"):
        connect("127.0.0.1", server.port, client_context())
    thread.join(DEADLINE)


def test_who_does_not_answer_a_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up in time, as a connection that is not made."""
    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(ConnectionLostError, match="does not answer the TLS handshake"),
    ):
        connect("127.0.0.1", listener.getsockname()[1], client_context())


def test_who_ends_a_handshake() -> None:
    """Likewise."""
    listener = socket.create_server(("127.0.0.1", 0))

    def end() -> None:
        with listener:
            listener.accept()[0].close()

    thread = threading.Thread(target=end)
    thread.start()
    with pytest.raises(ConnectionLostError, match="the connection broke"):
        connect("127.0.0.1", listener.getsockname()[1], client_context())
    thread.join(DEADLINE)


def test_a_line_that_never_ends_ends_the_connection(
    pair: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends that is busy for ever and says nothing."""
    monkeypatch.setattr(connection_module, "UNENDED_BYTES", SERVER_LINE_BYTES)
    connection, theirs = pair
    piece = b"{" * (SERVER_LINE_BYTES // 16)
    for _ in range(16):
        theirs.sendall(piece)
        assert connection.receive(DEADLINE) == []
    theirs.sendall(b"x")
    with pytest.raises(ConnectionLostError, match="without an end"):
        connection.receive(DEADLINE)


class Failing(socket.socket):
    """A socket of which the system refuses whatever is only for the better."""

    def setsockopt(self, *_: object) -> None:
        """Refuse."""
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    def shutdown(self, how: int) -> None:
        """End, and complain."""
        super().shutdown(how)
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    def close(self) -> None:
        """Close, and complain."""
        super().close()
        raise OSError(errno.EIO, "Input/output error")


def test_a_system_that_refuses_what_is_no_need_is_no_loss(server: FakeServer) -> None:
    """The connection works all the same, and ends without a fault."""
    sock = Failing()
    sock.connect(("127.0.0.1", server.port))
    connection = Connection(sock)
    peer = server.accept()
    peer.send(Ping(ref="1"))
    assert connection.receive(DEADLINE) == [Ping(ref="1")]
    connection.shut()
    connection.close()
    assert sock.fileno() == -1


def test_whoever_receives_can_be_woken(pair: tuple[Connection, socket.socket]) -> None:
    """From another thread, or ahead of time; it looks like silence, and what comes next is heard."""
    connection, theirs = pair
    connection.wake()
    assert connection.receive(DEADLINE) is None
    waker = threading.Timer(0.01, connection.wake)
    waker.start()
    assert connection.receive(DEADLINE) is None
    waker.join(DEADLINE)
    theirs.sendall(encode(Ping(ref="1")))
    assert connection.receive(DEADLINE) == [Ping(ref="1")]


def test_a_closed_connection_keeps_no_descriptor() -> None:
    """Closing it twice does no harm to what has got the numbers since."""
    ours, theirs = socket.socketpair()
    theirs.close()
    before = set(Path("/proc/self/fd").iterdir())
    connection = Connection(ours)
    connection.close()
    connection.close()
    assert set(Path("/proc/self/fd").iterdir()) <= before
