"""A clock for dates that a moment of a wrong system clock does not mislead."""

import time
from collections.abc import Callable
from typing import NamedTuple

#: By how many seconds the system clock may differ from what is believed without being doubted.
SLACK_SECONDS = 1.0


def uptime() -> float:
    """Return seconds since the system started, those in which it was suspended included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clocks(NamedTuple):
    """The system clock, in seconds since 1970, and one that tells how much time has really passed."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = uptime


#: The clocks of this machine.
SYSTEM = Clocks()


class _Belief(NamedTuple):
    """How far the system clock is ahead of the monotonic one: as believed, and as claimed since when."""

    ahead: float
    claimed: float | None = None
    since: float = 0.0


class Calendar:
    """Tells the time in seconds since 1970. May be called by any thread.

    1. If the system clock goes on as the monotonic one does, it is believed.
    2. If it jumps ahead, the time goes on as if it had not, until the system clock has kept its new course
       for `doubt` seconds. If it jumps back, it is believed at once: that makes nothing too old.
    3. With `newest`, the time begins there, and the system clock must prove itself from the start.
    """

    def __init__(self, doubt: float, newest: float = 0.0, clocks: Clocks = SYSTEM) -> None:
        self._doubt = doubt
        self._now, self._monotonic = now, monotonic = clocks
        # Replaced as a whole, so that no lock is needed: two threads at once may lose one look at the clock.
        self._belief = _Belief((newest or now()) - monotonic())

    def __call__(self) -> float:
        """Return the time: the system clock's, or an earlier one while that is doubted."""
        now, monotonic = self._now(), self._monotonic()
        ahead = now - monotonic
        believed, claimed, since = self._belief
        if abs(ahead - believed) <= SLACK_SECONDS:
            if claimed is not None:
                self._belief = _Belief(believed)
            return now
        if claimed is None or abs(ahead - claimed) > SLACK_SECONDS:
            self._belief = _Belief(believed, ahead, monotonic)
        elif monotonic - since >= self._doubt:
            self._belief = _Belief(ahead)
            return now
        return min(now, believed + monotonic)
