"""Faults at random: at which call, which one, and how often. Knows nothing of what it is put into.

A place is a call that the system may fail: of a socket, the disk, epoll, a thread's start, an allocation.
Each has the faults that it shows in life, and a chance for each call.
"""

import errno
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

Raises = Callable[[], Exception]


def system(number: int) -> Raises:
    """Return what raises the system's error of that number; Python picks the subclass by it."""
    return lambda: OSError(number, errno.errorcode[number])


class Place(NamedTuple):
    """How likely a fault is at one call while `rate` is 1, and what is raised then."""

    chance: float
    faults: tuple[Raises, ...]


#: What storing may raise: the journal's own error, what the system says, and what nobody expects.
_DISK: tuple[Raises, ...] = (system(errno.ENOSPC), system(errno.EIO), MemoryError, lambda: RuntimeError("?"))
_MEMORY: tuple[Raises, ...] = (MemoryError,)

PLACES: Mapping[str, Place] = {
    "journal.commit": Place(0.02, _DISK),
    "journal.commit, stored": Place(0.02, _DISK),
    "journal.bounds": Place(0.02, _DISK),
    "journal.open": Place(0.02, _DISK),
    "journal.read": Place(0.02, _DISK),
    "journal.known": Place(0.1, _DISK),
    "journal.upkeep": Place(0.1, _DISK),
    "journal.trim": Place(0.1, _DISK),
    "socket.accept": Place(
        0.02, (system(errno.EMFILE), system(errno.ENOMEM), system(errno.ECONNABORTED), *_MEMORY)
    ),
    "socket.setsockopt": Place(0.02, (system(errno.ENOMEM),)),
    "socket.recv": Place(0.005, (system(errno.ECONNRESET), system(errno.ENOMEM), *_MEMORY)),
    "socket.recv, short": Place(0.02, ()),
    "socket.send": Place(0.003, (system(errno.EAGAIN), system(errno.EPIPE), system(errno.ENOBUFS), *_MEMORY)),
    "socket.send, short": Place(0.02, ()),
    "socket.sendmsg": Place(0.01, (system(errno.EAGAIN), system(errno.ECONNRESET), *_MEMORY)),
    "socket.shutdown": Place(0.05, (system(errno.ENOTCONN),)),
    "socket.close": Place(0.02, (system(errno.EIO),)),
    "epoll.register": Place(0.05, (system(errno.ENOMEM), system(errno.ENOSPC))),
    "epoll.modify": Place(0.05, (system(errno.ENOMEM),)),
    "epoll.poll": Place(0.002, _MEMORY),
    "thread.start": Place(0.02, (lambda: RuntimeError("can't start new thread"), *_MEMORY)),
    "encode": Place(0.002, _MEMORY),
    "decode": Place(0.002, _MEMORY),
    "frame": Place(0.002, _MEMORY),
    "log.write": Place(0.01, (system(errno.EAGAIN), system(errno.EIO))),
    "log.write, short": Place(0.02, ()),
    "file.write": Place(0.02, (system(errno.ENOSPC), system(errno.EIO), system(errno.EAGAIN))),
    "file.write, short": Place(0.02, ()),
    "clock ahead": Place(0.1, ()),
    "clock stepped": Place(0.1, ()),
}


class Dice:
    """Decides at each call of a place whether a fault strikes, by one seed; any thread may ask.

    `rate` scales all chances; 0 is calm. `struck` counts the faults by place.
    """

    def __init__(self, seed: int) -> None:
        self.rate = 0.0
        #: A kind of fault that never strikes.
        self.spared: type[Exception] | None = None
        self.struck: Counter[str] = Counter()
        # Guards _random and struck.
        self._lock = threading.Lock()
        self._random = random.Random(seed)

    def strikes(self, place: str) -> bool:
        """Tell whether a fault strikes here, and count it."""
        if not self.rate:
            return False
        with self._lock:
            if self._random.random() >= PLACES[place].chance * self.rate:
                return False
            self.struck[place] += 1
            return True

    def may_raise(self, place: str) -> None:
        """Raise one of the place's faults, if one strikes."""
        if self.strikes(place):
            raise self._pick(place)

    def _pick(self, place: str) -> Exception:
        faults = [each() for each in PLACES[place].faults]
        with self._lock:
            return self._random.choice([each for each in faults if type(each) is not self.spared])

    def between(self, least: float, most: float) -> float:
        """Draw a number."""
        with self._lock:
            return self._random.uniform(least, most)
