"""Whose connection it is: over the wire, with proxies that tell it, and peers that only pretend to be one."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from chat_protocol.reasons import CloseReason
from chat_server import values
from chat_server.config import Config
from chat_server.journal.memory import MemoryJournal
from chat_server.net import admission
from chat_server.net.caller import read_origin
from chat_server.net.proxy_header import Origin, ProxyHeaderError
from chat_server.net.server import Server
from chat_server.net.transport import TcpTransport
from chat_server.store.moderation import Ban
from tests.chat_server.net.support import PATIENCE, frames, reset, tcp_pair, until, until_end, wait_for
from tests.support.certificates import client_context, made
from tests.support.proxying import LOCAL, SIGNATURE, TCP4, header, raw_header

STRANGER = "203.0.113.9"
V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers behind a proxy on this machine; they are stopped in the end."""
    servers: list[Server] = []

    def start(**settings: Any) -> Server:  # noqa: ANN401  # of many types
        behind = {"proxies": values.networks("127.0.0.1"), "exempt_networks": ()}
        defaults = {"host": "127.0.0.1", "port": 0, "drain_timeout": 2.0, **behind}
        server = Server(Config(**{**defaults, **settings}), MemoryJournal())
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(params=["plain", "TLS"])
def wire(request: pytest.FixtureRequest, start: Callable[..., Server]) -> "Wire":
    """Return a server behind a proxy, without TLS and with it."""
    files = {"tls_cert": str(made() / "cert.pem"), "tls_key": str(made() / "key.pem")}
    tls = request.param == "TLS"
    return Wire(lambda **settings: start(**(files if tls else {}), **settings), tls=tls)


class Wire:
    """Connects as a proxy does: a header first, then what the client sends, TLS or not."""

    def __init__(self, start: Callable[..., Server], *, tls: bool) -> None:
        self.start = start
        self.tls = tls

    @contextlib.contextmanager
    def connect(self, server: Server, first: bytes) -> Iterator[socket.socket]:
        """Connect, send what comes first, and agree on TLS."""
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sock:
            sock.sendall(first)
            if not self.tls:
                yield sock
                return
            with client_context().wrap_socket(sock, server_hostname="localhost") as encrypted:
                yield encrypted


def register(sock: socket.socket, name: str) -> None:
    """Give a name."""
    sock.sendall(b'{"type":"REG_NAME","name":"%s"}\n' % name.encode())
    until(sock, b'"JOINED"')


def plain(server: Server, first: bytes = b"") -> socket.socket:
    """Connect, and say something at once."""
    sock = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    sock.sendall(first)
    return sock


def told(logs: list[Any], event: str) -> list[Any]:
    """Return what the log has of an event."""
    return [each for each in logs if each["event"] == event]


def test_the_address_that_a_proxy_tells_is_the_client_s(wire: Wire) -> None:
    """The log has it, with the proxy's own beside it; what is said goes both ways."""
    server = wire.start()
    with capture_logs() as logs, wire.connect(server, header("2001:db8::7", 4711)) as ann:
        register(ann, "ann")
        (connection,) = server.connections()
        assert connection.caller.peer == "[2001:db8::7]:4711"
        assert connection.conversation.address == "2001:db8::/64", "whose logins are counted"
    (connected,) = told(logs, "connected")
    assert connected["peer"] == "[2001:db8::7]:4711"
    assert connected["proxy"].startswith("127.0.0.1:")


def test_a_banned_client_of_a_proxy(wire: Wire) -> None:
    """Ends if it is there, and is turned away later; the proxy's other clients stay."""
    server = wire.start()
    with (
        wire.connect(server, header("192.0.2.7", 4711)) as eve,
        wire.connect(server, header("192.0.2.8", 4711)) as ann,
        capture_logs() as logs,
    ):
        register(eve, "eve")
        register(ann, "ann")
        server.hub.access.bans.add(Ban("", "address", "192.0.2.7/32", "192.0.2.7"))
        server.hub.access.bans.add(Ban("", "address", "127.0.0.1/32", "127.0.0.1"))
        assert b'"banned"' in until_end(eve)
        with plain(server, header("192.0.2.7", 4712)) as again:
            assert b'"retry_after"' not in until_end(again)
        ann.sendall(b'{"type":"PING","ref":"still"}\n')
        assert b"still" in until(ann, b"still")
    assert [each["reason"] for each in told(logs, "rejected")] == ["address_banned"]


def test_nothing_behind_the_header_is_lost(start: Callable[..., Server]) -> None:
    """What a client sends at once comes in the same packet; byte by byte it is the same."""
    server = start()
    said = header("192.0.2.1") + b'{"type":"REG_NAME","name":"ann"}\n{"type":"EXIT"}\n'
    with plain(server, said) as whole:
        assert frames(until_end(whole))[-1]["reason"] == "exit"
    with plain(server) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in said:
            slow.sendall(bytes((byte,)))
        assert frames(until_end(slow))[-1]["reason"] == "exit"


def test_who_comes_without_a_proxy_is_as_before(start: Callable[..., Server]) -> None:
    """Somebody who is no proxy sends no header, and has one address in the log."""
    server = start(proxies=values.networks("192.0.2.0/24"))
    with capture_logs() as logs, plain(server) as ann:
        register(ann, "ann")
        assert server.connections()[0].caller.fields.keys() == {"peer"}
    assert told(logs, "connected")[0]["peer"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "claim", [header("192.0.2.1"), V1, SIGNATURE], ids=["version 2", "version 1", "half"]
)
def test_a_stranger_s_header_is_refused_and_never_believed(wire: Wire, claim: bytes) -> None:
    """On a plain port and on one with TLS: a reason of its own, in plain words, and the address is theirs."""
    server = wire.start(proxies=values.networks("192.0.2.0/24"))
    with capture_logs() as logs, plain(server, claim) as sock:
        bye = frames(until_end(sock))[-1]
    assert (bye["reason"], bye["text"]) == ("proxy_unexpected", CloseReason.PROXY_UNEXPECTED.text)
    assert "192.0.2" not in repr(logs)
    wait_for(lambda: server.totals()[1].closed[CloseReason.PROXY_UNEXPECTED] == 1)


def test_a_header_inside_of_tls_is_a_stranger_s(start: Callable[..., Server]) -> None:
    """A proxy speaks before TLS; whoever speaks within is the client."""
    server = start(tls_cert=str(made() / "cert.pem"), tls_key=str(made() / "key.pem"))
    with Wire(start, tls=True).connect(server, header("192.0.2.1")) as sock:
        sock.sendall(header("192.0.2.2"))
        assert frames(until_end(sock))[-1]["reason"] == "proxy_unexpected"


def test_a_second_header_is_no_header(start: Callable[..., Server]) -> None:
    """A client cannot claim another address behind the one that the proxy tells."""
    server = start()
    with capture_logs() as logs, plain(server, header(STRANGER) + header("192.0.2.2")) as sock:
        assert frames(until_end(sock))[-1]["reason"] == "proxy_unexpected"
    assert "192.0.2.2" not in repr(logs)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (V1, "version 1; have it send version 2 (send-proxy-v2)"),
        (b'{"type":"REG_NAME","name":"ann"}\n', "sends no PROXY header"),
        (b"\x16\x03\x01\x02\x00", "sends no PROXY header"),
        (raw_header(size=40_000), "goes on for 40000 bytes"),
    ],
    ids=["version 1", "no header", "TLS", "too long"],
)
def test_a_proxy_without_a_header_is_not_served(start: Callable[..., Server], said: bytes, why: str) -> None:
    """The log says what is wrong with it, once; the peer is told too, and nothing else is read."""
    server = start()
    with capture_logs() as logs, plain(server, said) as sock:
        (bye,) = frames(until_end(sock))
    assert bye["reason"] == "proxy_failed"
    (failed,) = told(logs, "proxy_failed")
    assert why in failed["error"]
    assert failed["proxy"].startswith("127.0.0.1:")
    totals = server.totals()[1]
    assert (totals.received, totals.bytes_received, totals.opened) == ({}, 0, 1)


@pytest.mark.parametrize(
    "said", [b"", SIGNATURE[:5], header("192.0.2.1")[:-1]], ids=["none", "begun", "nearly"]
)
def test_a_header_that_does_not_come_ends_in_time(start: Callable[..., Server], said: bytes) -> None:
    """And holds up nobody meanwhile: it is awaited in the connection's own thread."""
    server = start(register_timeout=1.0)
    with capture_logs() as logs, plain(server, said) as slow:
        with plain(server, header("192.0.2.2")) as ann:
            register(ann, "ann")
        assert frames(until_end(slow))[-1]["reason"] == "proxy_failed"
    assert "within 0.5 s" in told(logs, "proxy_failed")[0]["error"]


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_a_check_that_says_nothing_is_told_in_the_log(
    start: Callable[..., Server], leave: Callable[[socket.socket], None]
) -> None:
    """It connects and goes; either way it is counted as opened and closed."""
    server = start()
    with capture_logs() as logs:
        leave(plain(server))
        wait_for(lambda: server.totals()[1].closed.total() == 1)
    assert server.totals()[1].opened == 1
    assert {each["event"] for each in logs} <= {"connected", "proxy_failed", "disconnected"}


def test_a_proxy_s_own_connection_keeps_its_address(start: Callable[..., Server]) -> None:
    """A health check (LOCAL), as many as there are: the proxy's address never counts."""
    server = start(connections_per_address=1, connects_per_minute=1)
    with contextlib.ExitStack() as checks, capture_logs() as logs:
        for _ in range(5):
            check = checks.enter_context(plain(server, raw_header(LOCAL, TCP4, b"\x7f\0\0\1" * 3)))
            until(check, b'"REG_NAME"')
    assert [each["peer"] == each["proxy"] for each in told(logs, "connected")] == [True] * 5
    wait_for(lambda: server.totals()[0] == 0)


def test_limits_count_the_address_that_is_told(start: Callable[..., Server]) -> None:
    """One has its share, another still gets in, and who goes makes room; IPv4 as IPv6 is no way round it."""
    server = start(connections_per_address=2)
    with plain(server, header(STRANGER)) as ann, plain(server, header(f"::ffff:{STRANGER}")) as bob:
        register(ann, "ann")
        register(bob, "bob")
        with capture_logs() as logs, plain(server, header(STRANGER, 99)) as late:
            (bye,) = frames(until_end(late))
        assert (bye["reason"], bye["retry_after"]) == ("address_full", 60.0)
        wait_for(lambda: server.totals()[0] == 2)
        assert not [*told(logs, "connected"), *told(logs, "disconnected")], "it never was"
        (rejected,) = told(logs, "rejected")
        assert (rejected["peer"], rejected["proxy"][:10]) == (f"{STRANGER}:99", "127.0.0.1:")
        with plain(server, header("192.0.2.77")) as other:
            register(other, "other")
        bob.sendall(b'{"type":"EXIT"}\n')
        until_end(bob)
        wait_for(lambda: server.totals()[0] == 1)
        with plain(server, header(STRANGER)) as cat:
            register(cat, "cat")
    wait_for(lambda: server.totals()[0] == 0)
    _, totals = server.totals()
    assert (totals.opened, totals.closed.total(), dict(totals.rejected)) == (4, 4, {"address_full": 1})


def test_the_rate_counts_the_address_that_is_told(start: Callable[..., Server]) -> None:
    """Another address is not held to it; a network that is exempt is held to neither."""
    server = start(connects_per_minute=1, exempt_networks=values.networks("10.0.0.0/8"))
    for host, allowed in ((STRANGER, True), (STRANGER, False), ("192.0.2.1", True), ("10.1.2.3", True)):
        with plain(server, header(host)) as sock:
            first = json.loads(sock.makefile().readline())
        assert first.get("reason") == (None if allowed else "address_rate")
    with plain(server, header("10.1.2.3")) as again:
        until(again, b'"REG_NAME"')


def test_limits_of_all_hold_before_the_header(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that only connects takes no more places than strangers do."""
    monkeypatch.setattr(admission, "NAMELESS_AT_LEAST", 2)
    server = start(connections=20)
    with plain(server), plain(server):
        wait_for(lambda: server.totals()[0] == 2)
        with plain(server) as late:
            assert frames(until_end(late))[0]["reason"] == "too_many_nameless"


def test_a_stop_does_not_wait_for_a_header(start: Callable[..., Server]) -> None:
    """A proxy that says nothing is ended like everybody else."""
    server = start(register_timeout=600.0, drain_timeout=60.0)
    with plain(server) as silent:
        wait_for(lambda: server.totals()[0] == 1)
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        assert frames(until_end(silent))[-1]["reason"] == "server_shutdown"
        silent.close()
        stopper.join(PATIENCE)
        assert not stopper.is_alive()
    server.stop = lambda *_: None  # type: ignore[method-assign]  # it may be called once


def test_only_the_header_is_read() -> None:
    """What follows stays with the kernel, for whoever reads next: OpenSSL or the dialect."""
    near, far = tcp_pair()
    with near, far:
        transport = TcpTransport(near)
        far.sendall(header("192.0.2.1", 7) + b"rest")
        assert read_origin(transport, PATIENCE) == Origin("192.0.2.1", 7)
        assert transport.receive(100) == b"rest"
        far.sendall(SIGNATURE[:3])
        with pytest.raises(ProxyHeaderError, match="within 0 s"):
            read_origin(transport, 0.0)


def test_a_tls_client_without_a_header_gets_an_error_not_a_session(start: Callable[..., Server]) -> None:
    """Its hello is no header; nothing is decrypted."""
    server = start(tls_cert=str(made() / "cert.pem"), tls_key=str(made() / "key.pem"))
    with (
        pytest.raises(OSError, match=r"(?i)ssl|reset|eof"),
        Wire(start, tls=True).connect(server, b"") as sock,
    ):
        assert isinstance(sock, ssl.SSLSocket)
    wait_for(lambda: server.totals()[1].closed[CloseReason.PROXY_FAILED] == 1)
