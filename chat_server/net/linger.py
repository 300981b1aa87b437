"""Have a peer read the last that it is sent, before its connection is closed."""

import contextlib
import time
from collections import deque
from collections.abc import Callable

from chat_server.net.throttle import READ_BYTES
from chat_server.net.transport import Transport

#: How much of what a peer still sends is read before its connection is closed, so that the BYE arrives.
LINGER_BYTES = 1024 * 1024
LINGER_SECONDS = 1.0
#: After so many seconds each it looks whether the peer's host has everything; there is no event for it. The
#: steps grow: 50 frozen clients that are cut together must not look hundreds of times a second each.
ARRIVAL_STEP_SECONDS = (0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.12, 0.24)
#: So many connections that were turned away are kept open at once.
TURNED_AWAY = 256


def linger(transport: Transport, clock: Callable[[], float]) -> None:
    """Let the peer read the BYE: a close with unread bytes resets the connection (RFC 9293, 3.6.1).

    So does what comes after the shutdown of both directions, one of which `end` shut; and a reset throws away
    what the peer's host has not acknowledged. So that is waited for first. Raises `OSError`.
    """
    budget = LINGER_BYTES
    for step in ARRIVAL_STEP_SECONDS:
        if budget <= 0 or not transport.unacknowledged():
            break
        budget -= transport.discard(READ_BYTES)
        time.sleep(step)
    transport.stop_sending()
    deadline = clock() + LINGER_SECONDS
    while budget > 0 and (left := deadline - clock()) > 0:
        data = transport.receive_within(READ_BYTES, left)
        if not data:
            return
        budget -= len(data)


class TurnedAway:
    """Connections that were told why they are turned away, until their peers may have read it.

    A browser asks at once, and a close with its unread request would take back the answer. `add` never waits,
    and closes at once if too many are kept. One thread calls `sweep`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: deque[tuple[float, Transport]] = deque()

    def add(self, transport: Transport) -> None:
        """Take a connection that was sent its last; close it later."""
        try:
            transport.stop_sending()
        except OSError:
            transport.close()
            return
        if len(self._kept) < TURNED_AWAY:
            self._kept.append((self._clock() + LINGER_SECONDS, transport))
        else:
            transport.close()

    def sweep(self) -> None:
        """Close those that had their time."""
        self._close(self._clock())

    def close(self) -> None:
        """Close all."""
        self._close(float("inf"))

    def _close(self, now: float) -> None:
        while self._kept and self._kept[0][0] <= now:
            _, transport = self._kept.popleft()
            with contextlib.suppress(OSError):
                transport.discard(READ_BYTES)
            transport.close()
