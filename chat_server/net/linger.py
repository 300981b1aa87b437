"""Have a peer read the last that it is sent, before its connection is closed."""

import time
from collections.abc import Callable

from chat_server.net.throttle import READ_BYTES
from chat_server.net.transport import Transport

#: How much of what a peer still sends is read before its connection is closed, so that the BYE arrives.
LINGER_BYTES = 1024 * 1024
LINGER_SECONDS = 1.0
#: After so many seconds each it looks whether the peer's host has everything; there is no event for it. The
#: steps grow: 50 frozen clients that are cut together must not look hundreds of times a second each.
ARRIVAL_STEP_SECONDS = (0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.12, 0.24)


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
