"""Retention in an SQLite journal: what is too much or too old is removed, a little at a time."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import NamedTuple

from chat_server.journal.calendar import Calendar, Clocks
from chat_server.journal.sqlite.reader import RANGE, Reader
from chat_server.journal.sqlite.schema import ID_BITS
from chat_server.sqlite_file import transaction, translated

#: How many rows one step removes, and how many rooms it looks at: no publisher waits long.
ROWS_A_STEP = 100
ROOMS_A_STEP = 20
#: How often, in seconds, the age of every room's messages is looked at.
AGE_LOOK_SECONDS = 60.0
#: For how many seconds the system clock must keep its course before messages are too old by it.
DOUBT_SECONDS = 3600.0


class Keep(NamedTuple):
    """How many messages of each room are kept, and for how many seconds by these clocks; 0 is all."""

    messages: int
    seconds: float
    clocks: Clocks


class Retention:
    """Leaves of each room at least what is to be kept: a row goes when all its messages may.

    `removed` is told the keys between which they were. `step` is called by one thread at a time, `look_at`
    beside it. What is removed is gone, so a clock that is ahead is not believed at once: age counts from the
    newest stored message on.
    """

    def __init__(
        self,
        keep: Keep,
        reader: Reader,
        writer: sqlite3.Connection,
        removed: Callable[[int, int], None],
    ) -> None:
        self._keep = keep
        self._reader = reader
        self._writer = writer
        self._removed = removed
        self._due = dict.fromkeys(reader.rooms)
        self._now = Calendar(DOUBT_SECONDS, reader.newest() if keep.seconds else 0.0, keep.clocks)
        self._looked = keep.clocks.monotonic()

    @property
    def behind(self) -> bool:
        """Whether there are rooms to look at."""
        return bool(self._due)

    def look_at(self, rooms: Iterable[str]) -> None:
        """Look at these rooms next, in which something was said; and at all when it is time to."""
        if not self._keep.messages and not self._keep.seconds:
            return
        self._due.update(dict.fromkeys(rooms))
        now = self._keep.clocks.monotonic()
        if self._keep.seconds and now - self._looked >= AGE_LOOK_SECONDS:
            self._looked = now
            self._due.update(dict.fromkeys(self._reader.rooms.copy()))

    def step(self, rows: int = ROWS_A_STEP) -> None:
        """Remove some of what is not kept, so many rows at most. Raises `JournalError`."""
        for room in list(self._due)[:ROOMS_A_STEP]:
            del self._due[room]
            more = True
            try:
                more = self._trim(room, rows)
            finally:
                if more:
                    self._due[room] = None
            if more:
                return

    def _trim(self, room: str, limit: int) -> bool:
        """Remove some rows of the room; return whether there may be more."""
        low, _ = self._reader.keys(room)
        unwanted = self._unwanted(room)
        query = f"SELECT key, ts {RANGE} ORDER BY key LIMIT ?"
        with translated(self._reader.path):
            rows = self._writer.execute(query, (low, low + unwanted, limit)).fetchall()
            if not rows:
                return False
            key, ts = rows[-1]
            with transaction(self._writer):
                gone = (key - low, ts, low >> ID_BITS)
                self._writer.execute("UPDATE rooms SET last = ?, ts = ? WHERE number = ?", gone)
                self._writer.execute("DELETE FROM batches WHERE key BETWEEN ? AND ?", (low, key))
                self._writer.execute("DELETE FROM changes WHERE key BETWEEN ? AND ?", (low, key))
        self._removed(low, key)
        return len(rows) == limit

    def _unwanted(self, room: str) -> int:
        """Return the last id that need not be kept; 0 or less if all are."""
        unwanted = self._reader.bounds(room).last - self._keep.messages if self._keep.messages else 0
        if self._keep.seconds:
            unwanted = max(unwanted, self._reader.id_at(room, self._now() - self._keep.seconds) - 1)
        return unwanted
