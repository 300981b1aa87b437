"""A peer that asks over HTTP, without a socket, and in no time."""

from collections.abc import Sequence

from chat_server.net.http.exchanges import HEAD_BYTES
from chat_server.net.transport import TcpTransport
from tests.chat_server.net.support import Clock


class Asking(TcpTransport):
    """Sends pieces, and then nothing more or its end; what it is sent is kept."""

    def __init__(self, pieces: Sequence[bytes], clock: Clock, *, ends: bool = True) -> None:
        # There is no socket: what would use it is replaced.
        self.pieces = list(pieces)
        self.sent = b""
        self.waited: list[float] = []
        self._clock = clock
        self._ends = ends

    def receive_by(self, size: int, seconds: float) -> bytes:
        """Return the next piece; if there is none, the time passes."""
        assert size <= HEAD_BYTES
        self.waited.append(seconds)
        if not self.pieces and not self._ends:
            self._clock.now += max(0.0, seconds)
            raise TimeoutError
        return self.pieces.pop(0) if self.pieces else b""

    def send_all(self, data: bytes, seconds: float) -> None:
        """Keep it."""
        del seconds
        self.sent += data
