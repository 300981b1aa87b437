"""When to try again after a connection was lost. Pure: time and chance are arguments."""

import random
from collections.abc import Callable

#: The upper bound of the first wait in seconds; each further one doubles it, up to LONGEST_SECONDS.
FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
#: The longest wait, in seconds, that a server may ask for.
HINT_SECONDS = 3600.0
#: A connection that stood so long, in seconds, makes the waits begin at FIRST_SECONDS again.
STABLE_SECONDS = 10.0


class Backoff:
    """Full-jitter backoff: each wait is anything from nothing to a bound that doubles.

    So that a thousand clients do not come back at the same moment (M. Brooker, "Exponential Backoff
    And Jitter", AWS Architecture Blog, 2015). `at_start` and `afterwards` say for how many seconds it is
    worth trying before the name was ever registered, and after.
    """

    def __init__(
        self,
        at_start: float,
        afterwards: float,
        first: float = FIRST_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._patience = at_start
        self._afterwards = afterwards
        self._first = first
        self._chance = chance
        self._up_since: float | None = None
        self._down_since: float | None = None
        self._doublings = 0
        #: How many tries have failed since the name was last registered.
        self.failures = 0

    def registered(self, now: float) -> None:
        """Note that the connection stands and the name is registered."""
        self._patience = self._afterwards
        self._up_since = now
        self._down_since = None
        self.failures = 0

    def lost(self, now: float, hint: float | None = None) -> float | None:
        """Return for how many seconds to wait before the next try; none if it is time to give up.

        `hint` is what the server itself asked for, and begins the waits anew.
        """
        stable = self._up_since is not None and now - self._up_since >= STABLE_SECONDS
        if stable or hint is not None:
            self._doublings = 0
        self._up_since = None
        self._down_since = now if self._down_since is None else self._down_since
        if now - self._down_since >= self._patience:
            return None
        self.failures += 1
        jitter = self._chance() * min(LONGEST_SECONDS, self._first * float(2**self._doublings))
        self._doublings = min(self._doublings + 1, 16)
        return jitter + min(max(0.0, hint or 0.0), HINT_SECONDS)
