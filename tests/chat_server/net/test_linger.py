"""The last that a peer is sent arrives, whatever the peer still sends itself."""

import pytest

from chat_server.net import linger as module
from chat_server.net.linger import linger
from tests.chat_server.net.support import Clock


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
