"""The last that a peer is sent arrives, whatever the peer still sends itself."""

import socket

import pytest

from chat_server.net import linger as module
from chat_server.net.linger import linger
from chat_server.net.transport import TcpTransport
from tests.chat_server.net.support import Clock, reset, tcp_pair


class Talker:
    """A transport whose peer goes on talking, so many bytes at a time, and reads nothing."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read = 0

    def unacknowledged(self) -> int:
        """Say that something is."""
        return 1

    def discard(self, size: int) -> int:
        """Read what is there."""
        self.read += min(size, self.size)
        return min(size, self.size)

    def stop_sending(self) -> None:
        """Do nothing."""

    def receive_within(self, size: int, seconds: float) -> bytes:
        """Receive more."""
        assert seconds > 0
        return bytes(self.discard(size))


def test_a_peer_that_talks_on_is_heard_for_so_long_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it sends has a bound, also where time stands still."""
    monkeypatch.setattr(module, "ARRIVAL_STEP_SECONDS", (0.0, 0.0))
    talker = Talker(100_000)
    linger(talker, Clock())  # type: ignore[arg-type]  # a stand-in
    assert module.LINGER_BYTES <= talker.read < module.LINGER_BYTES + 100_000


def test_who_is_turned_away_reads_why() -> None:
    """Though the server reads nothing of what it was asked: the connection is closed a little later."""
    clock = Clock()
    turned_away = module.TurnedAway(clock)
    near, far = tcp_pair()
    with far:
        far.sendall(b"a question")
        near.sendall(b"no")
        turned_away.add(TcpTransport(near))
        turned_away.sweep()
        assert far.recv(10) == b"no"
        assert far.recv(10) == b""
        assert near.fileno() != -1
        clock.now += module.LINGER_SECONDS
        turned_away.sweep()
        assert near.fileno() == -1


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are closed at once, and so is one that has gone; the end closes all."""
    monkeypatch.setattr(module, "TURNED_AWAY", 1)
    turned_away = module.TurnedAway(Clock())
    pairs = [tcp_pair() for _ in range(3)]
    pairs[0][0].shutdown(socket.SHUT_RDWR)
    reset(pairs[0][1])
    for near, _ in pairs:
        turned_away.add(TcpTransport(near))
    assert [near.fileno() == -1 for near, _ in pairs] == [True, False, True]
    turned_away.close()
    assert pairs[1][0].fileno() == -1
    for _, far in pairs[1:]:
        far.close()
