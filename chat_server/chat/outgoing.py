"""Pushing to one member, whose fault costs that member alone."""

from chat_protocol.reasons import CloseReason
from chat_server.chat import faults
from chat_server.chat.session import REFUSED, Outgoing


def push(outbox: Outgoing, frames: bytes, *, droppable: bool = False) -> int:
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
