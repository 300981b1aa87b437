"""Reads an SQLite journal's file, beside the server that writes it or without one."""

import contextlib
import sqlite3
import threading
from array import array
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from chat_server.errors import JournalError
from chat_server.journal.base import PAGE_BYTES, Bounds, Page, cut, page
from chat_server.journal.outcome import as_changed
from chat_server.journal.sqlite.links import check_name
from chat_server.journal.sqlite.schema import ID_BITS, current
from chat_server.sqlite_file import connect_read_only, located, translated

#: For how long, in seconds, after what was last said in a room a resend is recognised after a restart.
RESEND_SECONDS = 3600.0
RANGE = "FROM batches WHERE key BETWEEN ? AND ?"


class Reader:
    """One connection that reads, used by one thread at a time for a short while.

    Raises `JournalError`, as its methods do, if the file cannot be read or is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path = located(path)
        check_name(path)
        # Guards _connection.
        self._lock = threading.Lock()
        with translated(path):
            self._connection = connect_read_only(path)
        try:
            with translated(path):
                current(self._connection, path)
                self.meta = dict(self._connection.execute("SELECT name, value FROM meta"))
                #: The number of each room; a room is added once it is stored.
                self.rooms: dict[str, int] = dict(self._connection.execute("SELECT name, number FROM rooms"))
                query = "SELECT DISTINCT key >> ? FROM changes"
                #: The numbers of the rooms in which something was edited or deleted.
                self.changed = {number for (number,) in self._connection.execute(query, (ID_BITS,))}
        except JournalError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""
        with self.snapshot():
            return self._bounds_locked(room)

    def read(self, room: str, after: int, upto: int, limit: int, *, raw: bool = False) -> Page:
        """Return the kept messages with `after < id <= upto`, the oldest first, at most `limit`."""
        low, _ = self.keys(room)
        lines: list[bytes] = []
        size = 0
        with self.snapshot():
            for key, first, frames in self.rows_locked(room, after):
                if not lines:
                    after = max(after, first - 1)
                lines += cut(first, frames, after, upto)
                size += len(frames)
                if key - low >= upto or len(lines) >= limit or size > 2 * PAGE_BYTES:
                    break
            if not size:
                after = max(after, self._gone_locked(room)[0])
            if not raw and self.has_changes(room):
                lines = as_changed(lines[:limit], after + 1, partial(self._changes_locked, low))
        return page(after, lines, limit)

    def has_changes(self, room: str) -> bool:
        """Tell whether something was edited or deleted in the room."""
        return self.rooms.get(room) in self.changed

    def id_at(self, room: str, ts: float) -> int:
        """Return the id of the first kept message not older than `ts`, or the last id + 1.

        Times never go back within a room, so it is found by halves.
        """
        low, high = self.keys(room)
        query = f"SELECT key, first, ts {RANGE} ORDER BY key LIMIT 1"
        with self.snapshot() as connection:
            first, last, _ = self._bounds_locked(room)
            while first <= last:
                key, begin, when = connection.execute(query, (low + (first + last) // 2, high)).fetchone()
                if when >= ts:
                    last = begin - 1
                else:
                    first = key - low + 1
        return first

    def time(self, key: int) -> float:
        """Return when the message with this key was said; 0.0 if it is not kept."""
        with self.snapshot() as connection:
            query = "SELECT ts FROM batches WHERE key >= ? ORDER BY key LIMIT 1"
            return float((connection.execute(query, (key,)).fetchone() or (0.0,))[0])

    def newest(self) -> float:
        """Return the time of the newest message of all rooms; 0.0 if there is none."""
        return max((self.bounds(room).ts for room in self.rooms), default=0.0)

    def keys(self, room: str) -> tuple[int, int]:
        """Return the least and the greatest key that the room's rows can have."""
        low = self.rooms.get(room, 0) << ID_BITS
        return low, low + (1 << ID_BITS) - 1

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Have all that is read within be of one moment, and nobody else use the connection."""
        with self._lock, translated(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.rollback()

    def rows_locked(self, room: str, after: int) -> Iterator[tuple[int, int, bytes]]:
        """Return key, first id and frames of the rows with messages after an id; within a `snapshot`."""
        low, high = self.keys(room)
        query = f"SELECT key, first, frames {RANGE} ORDER BY key"
        return self._connection.execute(query, (low + after + 1, high))

    def published(self) -> "dict[str, array[int]]":
        """Return the keys of the rows with refs, by session, of each room's last `RESEND_SECONDS` seconds.

        An index in the file would do too, but costs each commit a second page: 6 of 23 microseconds.
        """
        found: dict[str, array[int]] = {}
        query = f"SELECT key, ts, session {RANGE} ORDER BY key DESC"
        with self.snapshot() as connection:
            for room in self.rooms:
                since = 0.0
                for key, ts, session in connection.execute(query, self.keys(room)):
                    since = since or ts - RESEND_SECONDS
                    if ts < since:
                        break
                    if session is not None:
                        found.setdefault(session, array("q")).append(key)
        return found

    def refs_of(self, keys: "array[int]") -> Mapping[str, tuple[str, int, float]]:
        """Return what these rows published with a ref, the oldest first: ref to room, id and time."""
        query = "SELECT batches.ts, name, refs FROM batches JOIN rooms ON number = key >> ? WHERE key = ?"
        with self.snapshot() as connection:
            rows = [row for key in keys for row in connection.execute(query, (ID_BITS, key))]
        return {
            ref: (room, id_, ts) for ts, room, refs in sorted(rows) for ref, id_ in msgspec.json.decode(refs)
        }

    def _bounds_locked(self, room: str) -> Bounds:
        keys = self.keys(room)
        first = self._connection.execute(f"SELECT first {RANGE} ORDER BY key LIMIT 1", keys).fetchone()
        if first is None:
            last, ts = self._gone_locked(room)
            return Bounds(last + 1, last, ts)
        query = f"SELECT key, ts {RANGE} ORDER BY key DESC LIMIT 1"
        key, ts = self._connection.execute(query, keys).fetchone()
        return Bounds(first[0], key - keys[0], ts)

    def _changes_locked(self, low: int, first: int, last: int) -> Mapping[int, str | None]:
        """Return what became of the messages with these ids, of the room whose keys begin at `low`."""
        query = "SELECT key - ?, text FROM changes WHERE key BETWEEN ? AND ?"
        return dict(self._connection.execute(query, (low, low + first, low + last)))

    def _gone_locked(self, room: str) -> tuple[int, float]:
        """Return id and time of the last message that retention has removed."""
        query = "SELECT last, ts FROM rooms WHERE name = ?"
        last, ts = self._connection.execute(query, (room,)).fetchone() or (0, 0.0)
        return last, ts
