"""Where frames to one member go, and pushing to it: a member's fault costs that member alone."""

from typing import Protocol

from chat_protocol.reasons import CloseReason
from chat_server import faults
from chat_server.stream.frames import Frames

# What `Outgoing.push` answers: taken; taken, but the client is far behind while it reads on; refused,
# since it is cut off; dropped, since it is behind and this can be done without.
TAKEN, CONGESTED, REFUSED, DROPPED = range(4)


class Outgoing(Protocol):
    """Where frames to one client go. No call waits for the client, but `wait_below`."""

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Send the frames or keep them for later; return one of the four states."""

    def congested(self) -> bool:
        """Tell whether the client is far behind while it reads on."""

    def wait_below(self, size: int, timeout: float) -> bool:
        """Wait until less than `size` bytes are kept; false where it took too long or the client left."""

    def end(self, reason: CloseReason) -> None:
        """Have the connection end; never waits."""


class Nowhere:
    """Takes nothing: what a session has before it has a connection."""

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Refuse."""
        del frames, droppable
        return REFUSED

    def congested(self) -> bool:
        """Say no."""
        return False

    def wait_below(self, size: int, timeout: float) -> bool:
        """Say that the client left."""
        del size, timeout
        return False

    def end(self, reason: CloseReason) -> None:
        """Do nothing."""


NOWHERE = Nowhere()


def push(outbox: Outgoing, frames: Frames, *, droppable: bool = False) -> int:
    """Push as `Outgoing.push` does; a fault ends that member's connection. Raises nothing."""
    try:
        return outbox.push(frames, droppable=droppable)
    except Exception:  # noqa: BLE001  # no memory, no room in an epoll: the others must get theirs
        return failed(outbox)


def failed(outbox: Outgoing) -> int:
    """End a member whose push has just raised, since frames are missing there now; return `REFUSED`."""
    faults.report("push")
    with faults.contained("end"):
        outbox.end(CloseReason.INTERNAL_ERROR)
    return REFUSED


def congested(outbox: Outgoing) -> bool:
    """Tell what `Outgoing.congested` does; false if that cannot be told."""
    try:
        return outbox.congested()
    except Exception:  # noqa: BLE001  # a room must not rest for ever since one member cannot be asked
        faults.report("congested")
        return False
