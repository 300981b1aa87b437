"""Faults of the server itself: each is logged, and costs only what it struck."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from chat_server.chat.delivery import HandOver

log = structlog.get_logger()


def report(what: str) -> None:
    """Log the exception that is being handled. Raises nothing: there may be no memory to log with."""
    with contextlib.suppress(Exception):
        log.exception("contained", what=what)  # noqa: LOG004  # called by handlers alone


@contextlib.contextmanager
def contained(what: str) -> Iterator[None]:
    """Keep a fault of this step from the steps after it."""
    try:
        yield
    except Exception:  # noqa: BLE001  # whatever it is, what follows must still happen
        report(what)


def handed_over(hand_over: "HandOver", job: Callable[[], object], delay: float = 0.0) -> bool:
    """Hand a job over; return false if that failed, so that the caller does it itself."""
    try:
        hand_over(job, delay)
    except Exception:  # noqa: BLE001  # a job that nobody does is a room that nobody delivers to
        report("hand_over")
        return False
    return True
