"""The listener: takes what comes, wakes up to stop, survives a system without descriptors."""

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from chat_server.errors import ListenError
from chat_server.net import listener as module
from chat_server.net.dialects import Dialect
from chat_server.net.dialects.jsonlines import JsonLines
from chat_server.net.listener import Entrance, Listener, listen
from chat_server.net.transport import TcpTransport, Transport
from chat_server.values import Endpoint
from tests.chat_server.net.support import PATIENCE, Clock, json_lines


class Acceptor:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[Transport] = []
        self.peers: list[str] = []
        self.refused = threading.Event()
        self.served = threading.Semaphore(0)

    def serve(self, transport: Transport, peer: str, dialect: Dialect) -> None:
        """Take a connection."""
        assert isinstance(dialect, JsonLines)
        self.taken.append(transport)
        self.peers.append(peer)
        self.served.release()

    def no_descriptors(self) -> None:
        """Take note."""
        self.refused.set()

    def await_(self, number: int) -> None:
        """Wait until so many more were taken."""
        for _ in range(number):
            assert self.served.acquire(timeout=PATIENCE)


def entrance(
    host: str = "127.0.0.1", port: int = 0, wrap: Callable[[socket.socket], Transport] = TcpTransport
) -> Entrance:
    """Return what is made of connections to a free port."""
    return Entrance(Endpoint("chat", host, port), wrap, json_lines)


@pytest.fixture
def acceptor() -> Iterator[Acceptor]:
    """Return an acceptor whose sockets are closed in the end."""
    acceptor = Acceptor()
    yield acceptor
    for transport in acceptor.taken:
        transport.close()


class FakeListening:
    """A listening socket whose `accept` answers from a list; readable as long as the list has something."""

    def __init__(self, answers: list[OSError | socket.socket]) -> None:
        self._answers = answers
        self._readable, self._writable = socket.socketpair()
        self._writable.send(b"x" * len(answers))

    def getsockname(self) -> tuple[str, int]:
        """Return some address."""
        return "192.0.2.1", 1

    def fileno(self) -> int:
        """Return a descriptor that is readable when `accept` has an answer."""
        return self._readable.fileno()

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """Give the next answer."""
        if not self._answers:
            raise BlockingIOError
        self._readable.recv(1)
        answer = self._answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer, ("192.0.2.7", 7)

    def close(self) -> None:
        """Close both ends."""
        self._readable.close()
        self._writable.close()


def tcp() -> socket.socket:
    """Return a socket that takes TCP's options."""
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def test_a_burst_is_taken_whole(acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one burst at once: every one is taken, in several rounds."""
    monkeypatch.setattr(module, "BURST_CONNECTIONS", 16)
    (listener,) = listen(entrance(), acceptor, Clock())
    clients = [socket.create_connection(listener.address, PATIENCE) for _ in range(100)]
    listener.start()
    acceptor.await_(100)
    listener.stop()
    names = {f"127.0.0.1:{client.getsockname()[1]}" for client in clients}
    assert set(acceptor.peers) == names
    for client in clients:
        client.close()


def test_connections_block_and_do_not_delay(acceptor: Acceptor) -> None:
    """What is taken has no timeout, and small segments leave at once."""
    taken: list[socket.socket] = []

    def wrap(sock: socket.socket) -> Transport:
        taken.append(sock)
        return TcpTransport(sock)

    (listener,) = listen(entrance(wrap=wrap), acceptor, Clock())
    listener.start()
    with socket.create_connection(listener.address, PATIENCE):
        acceptor.await_(1)
    listener.stop()
    assert taken[0].gettimeout() is None
    assert taken[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_stop_wakes_the_thread_and_closes_the_socket(acceptor: Acceptor) -> None:
    """An idle one stops at once; then nobody can connect."""
    (listener,) = listen(entrance(), acceptor, Clock())
    listener.start()
    listener.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(listener.address, PATIENCE)


def test_stop_without_a_start(acceptor: Acceptor) -> None:
    """Closes what was opened."""
    (listener,) = listen(entrance(), acceptor, Clock())
    listener.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(listener.address, PATIENCE)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_system_without_descriptors_is_waited_for(
    acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It is counted and logged, the thread rests instead of spinning, and then takes the next."""
    monkeypatch.setattr(module, "NO_DESCRIPTOR_SECONDS", 0.001)
    fake = FakeListening([OSError(number, os.strerror(number)), tcp()])
    listener = Listener(fake, entrance(), acceptor, Clock())  # type: ignore[arg-type]  # a stand-in
    with capture_logs() as logs:
        listener.start()
        acceptor.await_(1)
        listener.stop()
    assert acceptor.refused.is_set()
    assert [each["event"] for each in logs] == ["accept_failed"]
    assert acceptor.peers == ["192.0.2.7:7"]


def test_stop_need_not_wait_for_the_rest(acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while it rests for want of descriptors it is woken."""
    monkeypatch.setattr(module, "NO_DESCRIPTOR_SECONDS", 600)
    fake = FakeListening([OSError(errno.EMFILE, "none left"), left := tcp()])
    listener = Listener(fake, entrance(), acceptor, Clock())  # type: ignore[arg-type]  # a stand-in
    with capture_logs():
        listener.start()
        assert acceptor.refused.wait(PATIENCE)
        listener.stop()
    assert acceptor.taken == []
    left.close()


def test_one_who_left_before_accept_costs_nothing(acceptor: Acceptor) -> None:
    """A connection that was aborted in the queue is passed over."""
    fake = FakeListening([ConnectionAbortedError(errno.ECONNABORTED, "gone"), tcp()])
    listener = Listener(fake, entrance(), acceptor, Clock())  # type: ignore[arg-type]  # a stand-in
    listener.start()
    acceptor.await_(1)
    listener.stop()
    assert not acceptor.refused.is_set()


def test_the_beat_shows_that_it_lives(acceptor: Acceptor) -> None:
    """Each round notes the time."""
    clock = Clock()
    (listener,) = listen(entrance(), acceptor, clock)
    clock.now += 42
    listener.start()
    with socket.create_connection(listener.address, PATIENCE):
        acceptor.await_(1)
    assert listener.heartbeat.fault() is None
    listener.stop()
    assert listener.heartbeat.fault() == "thread accept has ended"


def test_an_address_in_use_says_what_to_do(acceptor: Acceptor) -> None:
    """The second to listen on a port hears so, and how to choose another."""
    (first,) = listen(entrance(), acceptor, Clock())
    with pytest.raises(ListenError, match=r"Address already in use; choose another with --port or --listen"):
        listen(entrance(port=first.address[1]), acceptor, Clock())
    first.stop()


def test_an_unknown_host_says_what_to_do(acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve is named."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ListenError, match=r"cannot find the address 'no\.where'.*--host"):
        listen(entrance("no.where"), acceptor, Clock())


def test_an_address_of_another_machine_says_what_to_do(acceptor: Acceptor) -> None:
    """TEST-NET-1 (RFC 5737) is nobody's own address."""
    with pytest.raises(ListenError, match=r"no address '192\.0\.2\.1'"):
        listen(entrance("192.0.2.1"), acceptor, Clock())


def test_no_host_is_every_address(acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system is asked for all that it has, of both families."""
    asked: list[object] = []

    def resolve(host: object, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    (listener,) = listen(entrance(""), acceptor, Clock())
    assert asked == [None]
    assert listener.endpoint == Endpoint("chat", "127.0.0.1", listener.address[1])
    listener.stop()


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[int, tuple[object, ...]]) -> None:
    """Have every name resolve to these."""
    found = [(family, socket.SOCK_STREAM, 6, "", address) for family, address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: [*found, *found[:1]])


def has_ipv6() -> bool:
    """Tell whether this machine has a loopback address of IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_localhost_is_both_families_on_one_port(acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A free port is chosen once, and both addresses have it."""
    resolves_to(monkeypatch, (socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0, 0, 0)))
    listeners = listen(entrance("localhost"), acceptor, Clock())
    assert [each.address[0] for each in listeners] == ["127.0.0.1", "::1"]
    assert len({each.address[1] for each in listeners}) == 1
    for each in listeners:
        each.stop()


def test_a_family_that_is_switched_off_is_left_out(
    acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that this machine lacks is no error while another is there."""
    resolves_to(monkeypatch, (socket.AF_INET, ("192.0.2.1", 0)), (socket.AF_INET, ("127.0.0.1", 0)))
    (listener,) = listen(entrance("localhost"), acceptor, Clock())
    assert listener.address[0] == "127.0.0.1"
    listener.stop()


@pytest.mark.parametrize(
    "fault", [MemoryError("told to"), RuntimeError("told to"), OSError(22, "gone")], ids=repr
)
def test_a_fault_with_one_connection_ends_no_thread(acceptor: Acceptor, fault: Exception) -> None:
    """That one is closed, the next is taken; and nobody takes it for a lack of descriptors."""
    (listener,) = listen(entrance(), acceptor, Clock())
    serve = acceptor.serve

    def serve_or_fail(transport: Transport, peer: str, dialect: Dialect) -> None:
        del transport, peer, dialect
        acceptor.serve = serve  # type: ignore[method-assign]  # for the next one
        raise fault

    acceptor.serve = serve_or_fail  # type: ignore[method-assign]  # for the first one
    listener.start()
    with socket.create_connection(listener.address, PATIENCE) as unlucky:
        unlucky.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            assert unlucky.recv(1) == b""
    with socket.create_connection(listener.address, PATIENCE):
        acceptor.await_(1)
    assert listener.heartbeat.fault() is None
    listener.stop()
    assert not acceptor.refused.is_set()
