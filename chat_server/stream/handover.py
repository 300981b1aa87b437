"""Handing a job to another thread."""

from collections.abc import Callable
from typing import Protocol

from chat_server import faults


class HandOver(Protocol):
    """Has a job done by another thread, after a delay in seconds."""

    def __call__(self, job: Callable[[], object], delay: float = 0.0) -> None:
        """Take the job; never waits."""


def handed_over(hand_over: HandOver, job: Callable[[], object], delay: float = 0.0) -> bool:
    """Hand a job over; return false if that failed, so that the caller does it itself."""
    try:
        hand_over(job, delay)
    except Exception:  # noqa: BLE001  # a job that nobody does is a room that nobody delivers to
        faults.report("hand_over")
        return False
    return True
