"""Searches in pieces: one client's must not hold up everybody else."""

import threading
import time

from chat_protocol.errors import UnavailableError

#: How long, in seconds, a search may take as a whole.
SEARCH_SECONDS = 2.0
#: How many words it looks at.
WORDS_LOOKED_AT = 16
#: After so many seconds of work it lets others work for a moment; without it a search of 50 rooms in memory
#: kept the interpreter's lock for 18 ms at a time (measured).
SLICE_SECONDS = 0.001
PAUSE_SECONDS = 0.000_05


class SearchTime:
    """The time of one search. Raises `UnavailableError` when it is over."""

    def __init__(self) -> None:
        self.ends = time.monotonic() + SEARCH_SECONDS
        self._until = time.monotonic() + SLICE_SECONDS
        self._never = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether the time for the whole is over."""
        return time.monotonic() > self.ends

    def go_on(self) -> None:
        """Let others work if it is time to."""
        now = time.monotonic()
        if now > self.ends:
            raise too_long()
        if now > self._until:
            self._never.wait(PAUSE_SECONDS)
            self._until = time.monotonic() + SLICE_SECONDS


def too_long() -> UnavailableError:
    """Return what a person is told."""
    return UnavailableError("that search takes too long here; search one room, or for rarer words")
