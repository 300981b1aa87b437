"""How often somebody may try to log in: a bound for each address, and one for each name."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from chat_protocol.errors import RateLimitedError

TRIES_A_MINUTE = 5
MINUTE_SECONDS = 60.0
#: How many addresses and names are remembered at once, some 200 bytes each; past it nobody new may try.
REMEMBERED_AT_MOST = 100_000


class _Spent(NamedTuple):
    """How many tries were spent as of a moment."""

    tries: float
    at: float


class Tries:
    """Counts tries that failed: five at once, and five more a minute, for whatever is counted.

    A name is counted whether or not somebody has it, so that the answer tells nothing.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Guards _spent.
        self._lock = threading.Lock()
        self._spent: dict[str, _Spent] = {}

    def __len__(self) -> int:
        return len(self._spent)

    def take(self, *counted: str) -> None:
        """Spend a try for each of these. Raises `RateLimitedError`, and spends none, if one has none left."""
        now = self._clock()
        with self._lock:
            left = {each: self._left_locked(each, now) for each in counted}
            spent = max(left.values(), default=0.0)
            if spent > TRIES_A_MINUTE - 1:
                raise _too_many((spent - TRIES_A_MINUTE + 1) * MINUTE_SECONDS / TRIES_A_MINUTE)
            if len(self._spent) + len(left) > REMEMBERED_AT_MOST:
                raise _too_many(MINUTE_SECONDS)
            self._spent.update({each: _Spent(tries + 1, now) for each, tries in left.items()})

    def give_back(self, *counted: str) -> None:
        """Count a try not, since it was right."""
        now = self._clock()
        with self._lock:
            for each in counted:
                self._spent[each] = _Spent(max(0.0, self._left_locked(each, now) - 1), now)

    def sweep(self) -> None:
        """Forget those who may try as often as anybody."""
        now = self._clock()
        with self._lock:
            for each in [each for each in self._spent if not self._left_locked(each, now)]:
                del self._spent[each]

    def _left_locked(self, each: str, now: float) -> float:
        """Return how many tries are spent that time has not given back."""
        tries, at = self._spent.get(each, _Spent(0.0, now))
        return max(0.0, tries - (now - at) * TRIES_A_MINUTE / MINUTE_SECONDS)


def _too_many(seconds: float) -> RateLimitedError:
    return RateLimitedError("too many tries; wait a little, then try again", seconds)
