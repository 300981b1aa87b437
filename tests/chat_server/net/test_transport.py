"""TCP as a transport: what it takes, what it tells, how it ends."""

import socket
import threading
from collections.abc import Iterator

import pytest

from chat_server.net.transport import DONTWAIT, TcpTransport
from tests.chat_server.net.support import PATIENCE, available, tcp_pair, tiny_pair

Pair = tuple[TcpTransport, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Return a transport and the peer's socket."""
    near, far = tcp_pair()
    far.settimeout(PATIENCE)
    with near, far:
        yield TcpTransport(near), far


def test_bytes_in_and_out(pair: Pair) -> None:
    """As they are, with nothing to agree on before; none is the end."""
    transport, far = pair
    transport.handshake(0.0)
    assert transport.send(b"hello", DONTWAIT) == 5
    assert transport.send_pieces([b"to ", memoryview(b"you")]) == 6
    assert far.recv(11, socket.MSG_WAITALL) == b"helloto you"
    far.sendall(b"hi")
    assert transport.receive(100) == b"hi"
    far.shutdown(socket.SHUT_WR)
    assert transport.receive(100) == b""


def test_a_full_socket_is_told() -> None:
    """What fits is taken, and then nothing: nobody waits."""
    near, far = tiny_pair()
    with near, far:
        transport = TcpTransport(near)
        assert 0 < transport.send(b"x" * 100_000, DONTWAIT) < 100_000
        with pytest.raises(BlockingIOError):
            transport.send(b"x" * 100_000, DONTWAIT)
        with pytest.raises(BlockingIOError):
            transport.send_pieces([b"x"])


def test_what_the_peer_s_host_has_not_taken_is_counted(pair: Pair) -> None:
    """In both directions; after the descriptor is gone there is nothing."""
    transport, far = pair
    assert (transport.unread(), transport.discard(10)) == (0, 0)
    far.sendall(b"12345")
    while transport.unread() < 5:  # it is on its way through the loopback
        pass
    assert transport.discard(3) == 3
    assert transport.unread() == 2
    transport.close()
    assert (transport.unread(), transport.unacknowledged(), transport.fileno()) == (0, 0, -1)


def test_unacknowledged_bytes() -> None:
    """Those that nobody has read yet, on a socket pair."""
    near, far = socket.socketpair()
    with near, far:
        transport = TcpTransport(near)
        assert transport.unacknowledged() == 0
        transport.send(b"x" * 100, DONTWAIT)
        assert transport.unacknowledged() > 0
        assert len(available(far)) == 100
        assert transport.unacknowledged() == 0


def test_whoever_receives_can_be_woken(pair: Pair) -> None:
    """By another thread, at once, and as often as one likes."""
    transport, _ = pair
    received: list[bytes] = []
    thread = threading.Thread(target=lambda: received.append(transport.receive(10)))
    thread.start()
    transport.stop_receiving()
    thread.join(PATIENCE)
    transport.stop_receiving()
    assert received == [b""]


def test_the_peer_is_told_that_nothing_more_comes(pair: Pair) -> None:
    """It may still send, and is waited for as long as is asked."""
    transport, far = pair
    transport.stop_sending()
    assert far.recv(1) == b""
    with pytest.raises(TimeoutError):
        transport.receive_within(10, 0.001)
    far.sendall(b"bye")
    assert transport.receive_within(10, PATIENCE) == b"bye"


def test_bytes_are_waited_for(pair: Pair) -> None:
    """So long at most; what is there is had without waiting, and so is the end."""
    transport, far = pair
    with pytest.raises(TimeoutError):
        transport.receive_by(10, 0.01)
    far.sendall(b"hi")
    assert transport.receive_by(10, PATIENCE) == b"hi"
    far.sendall(b"ho")
    while transport.unread() < 2:
        pass
    assert transport.receive_by(10, -1.0) == b"ho"
    far.shutdown(socket.SHUT_WR)
    assert transport.receive_by(10, PATIENCE) == b""


def test_all_is_sent_while_the_peer_reads() -> None:
    """However little of it fits at once; a peer that does not read is given up."""
    near, far = tiny_pair()
    with near, far:
        transport = TcpTransport(near)
        thread = threading.Thread(target=far.makefile("rb").read, args=(100_000,))
        thread.start()
        transport.send_all(b"x" * 100_000, PATIENCE)
        thread.join(PATIENCE)
        assert not thread.is_alive()
        with pytest.raises(TimeoutError):
            transport.send_all(b"x" * 1_000_000, 0.01)
