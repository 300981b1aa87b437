"""A token bucket: how much passes at once, and then in a second. Knows no clock: the time is an argument."""

import math
import threading
from typing import NamedTuple

#: What may lack of a token, so that rounding does not cost another wait.
GRAIN = 1e-6


class Rate(NamedTuple):
    """How many tokens a full bucket has, and how many it gets in a second."""

    burst: float
    per_second: float

    @property
    def seconds(self) -> float:
        """How long an empty bucket takes to be full."""
        return self.burst / self.per_second


class Bucket:
    """What is left to somebody. Full at first; any number of threads may share one.

    1. In `t` seconds `take` lets pass at most `burst + per_second * t`.
    2. What costs more than `burst` needs a full bucket, and is owed from then on.
    """

    __slots__ = ("_empty_at", "_lock")

    def __init__(self) -> None:
        # Guards what follows. Nothing is called under it.
        self._lock = threading.Lock()
        # When the bucket was empty, or will be if it owes something.
        self._empty_at = -math.inf

    def level(self, rate: Rate, now: float) -> float:
        """Return how many tokens are left; below zero if some are owed."""
        return min(rate.burst, (now - self._empty_at) * rate.per_second)

    def take(self, price: float, rate: Rate, now: float) -> float:
        """Take so many tokens and return 0; or take none and return for how many seconds to wait."""
        with self._lock:
            lacking = min(price, rate.burst) - self.level(rate, now)
            if lacking > GRAIN:
                return lacking / rate.per_second
            self._spend_locked(price, rate, now)
            return 0.0

    def spend(self, price: float, rate: Rate, now: float) -> float:
        """Take so many tokens, owed if need be; return for how many seconds some are owed."""
        with self._lock:
            self._spend_locked(price, rate, now)
            return max(0.0, self._empty_at - now)

    def _spend_locked(self, price: float, rate: Rate, now: float) -> None:
        """Count a price. The lock must be held."""
        self._empty_at = max(self._empty_at, now - rate.seconds) + price / rate.per_second
