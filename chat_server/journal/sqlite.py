"""A journal in an SQLite file: the messages outlive the process."""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from chat_server.errors import JournalError
from chat_server.journal import PAGE_BYTES, Bounds, Page, Record, cut, page
from chat_server.journal.schema import connect, prepare, translated
from chat_server.journal.search import SearchIndex

#: What each durability asks of SQLite (PRAGMA synchronous, in WAL mode).
SYNCHRONOUS = {"fsync": "FULL", "os": "NORMAL", "none": "OFF"}
#: Up to so many records go into one statement, which is a transaction by itself.
ROWS = 8
#: The key of a row: the room's number above so many bits, the id of its last message in them.
ID_BITS = 40
#: How many rows one step of retention removes, and how many rooms it looks at: no publisher waits long.
TRIM_ROWS = 100
TRIM_ROOMS = 20
#: How many rows one step of indexing takes.
INDEX_ROWS = 200
#: Beyond so many bytes the write-ahead log is brought into the file beside the publishers ...
WAL_BYTES = 4 * 1024 * 1024
#: ... and beyond so many, where they never pause long enough for that, in their way.
WAL_LIMIT = 256 * 1024 * 1024

_INSERTS = [
    "INSERT INTO batches (key, first, ts, session, refs, frames) VALUES "  # noqa: S608  # only question marks are put in
    + ", ".join(["(?, ?, ?, ?, ?, ?)"] * number)
    for number in range(ROWS + 1)
]
_RANGE = "FROM batches WHERE key BETWEEN ? AND ?"


class SqliteJournal:
    """Stores a row for each batch; a room's rows lie together, in the order of their ids.

    One connection writes, by one thread at a time; another reads. A lock on a file beside it keeps a
    second server out. `keep` messages and `keep_seconds` are what retention leaves of each room; 0 is
    all. Raises `JournalError` where the file cannot be opened, is no journal, or one of a newer version.
    """

    def __init__(
        self,
        path: Path,
        durability: str = "os",
        keep: int = 0,
        keep_seconds: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._keep = keep
        self._keep_seconds = keep_seconds
        self._now = now
        self._held = _hold(path)
        # Guards _reader; what it reads is short.
        self._lock = threading.Lock()
        try:
            with translated(path):
                self._writer = connect(path)
                prepare(self._writer, path)
                self._writer.execute(f"PRAGMA synchronous = {SYNCHRONOUS[durability]}")
                self._writer.execute(
                    "PRAGMA wal_autocheckpoint = 0"
                )  # `upkeep` does it, beside the publishers
                self._cursor = self._writer.cursor()
                self._reader = connect(path, read_only=True)
                self._checkpointer = connect(path)
                meta = dict(self._reader.execute("SELECT name, value FROM meta"))
                self._rooms: dict[str, int] = dict(self._reader.execute("SELECT name, number FROM rooms"))
                self._index = SearchIndex(path.with_name(path.name + "-search"))
        except JournalError:
            os.close(self._held)
            raise
        self.epoch = str(meta["epoch"])
        self.secret = bytes(meta["secret"])
        self._indexed = self._index.reached()
        # Guards _unindexed: the rooms in which something was stored since they were indexed.
        self._behind = threading.Lock()
        self._unindexed = set(self._rooms)
        self._trimmed = 0

    def commit(self, records: Sequence[Record]) -> None:
        """Store the records in one transaction. Raises `JournalError` where nothing was stored."""
        with translated(self.path):
            if len(records) <= ROWS and all(record.room in self._rooms for record in records):
                values = [value for record in records for value in self._row(record)]
                self._cursor.execute(_INSERTS[len(records)], values)
            else:
                self._commit_many(records)
        with self._behind:
            self._unindexed.update([record.room for record in records])

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""
        low, high = self._keys(room)
        with self._lock, translated(self.path):
            first = self._reader.execute(
                f"SELECT first {_RANGE} ORDER BY key LIMIT 1", (low, high)
            ).fetchone()
            last = self._reader.execute(
                f"SELECT key, ts {_RANGE} ORDER BY key DESC LIMIT 1", (low, high)
            ).fetchone()
            if first and last:
                return Bounds(first[0], last[0] - low, last[1])
            gone = self._reader.execute("SELECT last, ts FROM rooms WHERE name = ?", (room,)).fetchone() or (
                0,
                0.0,
            )
        return Bounds(gone[0] + 1, gone[0], gone[1])

    def read(self, room: str, after: int, upto: int, limit: int) -> Page:
        """Return the kept messages with `after < id <= upto`, the oldest first, at most `limit`."""
        low, high = self._keys(room)
        lines: list[bytes] = []
        size = 0
        with self._lock, translated(self.path):
            rows = self._reader.execute(
                f"SELECT key, first, frames {_RANGE} ORDER BY key", (low + after + 1, high)
            )
            for key, first, frames in rows:
                if not lines:
                    after = max(after, first - 1)
                lines += cut(Record(room, first, key - low, 0.0, frames), after, upto)
                size += len(frames)
                if key - low >= upto or len(lines) >= limit or size > 2 * PAGE_BYTES:
                    break
            rows.close()
        return page(after, lines, limit)

    def id_at(self, room: str, ts: float) -> int:
        """Return the id of the first kept message not older than `ts`, or the last id + 1."""
        first, last, _ = self.bounds(room)
        low, high = self._keys(room)
        with self._lock, translated(self.path):
            while first <= last:  # times never go back within a room, so they can be searched by halves
                middle = (first + last) // 2
                query = f"SELECT key, first, ts {_RANGE} ORDER BY key LIMIT 1"
                key, begin, when = self._reader.execute(query, (low + middle, high)).fetchone()
                if when >= ts:
                    last = begin - 1
                else:
                    first = key - low + 1
        return first

    def refs(self, session: str) -> dict[str, tuple[str, int, float]]:
        """Return what the session published with a ref and is kept: ref to room, id and time."""
        names = {number: name for name, number in self._rooms.items()}
        query = "SELECT key, ts, refs FROM batches WHERE session = ?"
        with self._lock, translated(self.path):
            rows = self._reader.execute(query, (session,)).fetchall()
        return {
            ref: (names[key >> ID_BITS], id_, ts)
            for key, ts, refs in rows
            for ref, id_ in msgspec.json.decode(refs)
        }

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return the newest messages in these rooms that have all the words, the newest first.

        Raises `UnavailableError` where SQLite was built without FTS5.
        """
        found: list[tuple[float, int, bytes]] = []
        for room in rooms:
            low, high = self._keys(room)
            with translated(self.path):
                keys = self._index.find(words, low, high, limit) if low else ()
            found += [
                (self._time(key), key, self.read(room, key - low - 1, key - low, 1).frames) for key in keys
            ]
        return [frame for _, _, frame in sorted(found, reverse=True)[:limit] if frame]

    def trim(self) -> None:
        """Remove some of what retention does not keep; called as `commit` is. Raises `JournalError`."""
        rooms = sorted(self._rooms) if self._keep or self._keep_seconds else []
        with translated(self.path):
            if self._wal_bytes() > WAL_LIMIT:
                self._writer.execute("PRAGMA wal_checkpoint(RESTART)")
        for room in rooms[self._trimmed : self._trimmed + TRIM_ROOMS]:
            self._trim_room(room)
        self._trimmed = self._trimmed + TRIM_ROOMS if self._trimmed + TRIM_ROOMS < len(rooms) else 0

    def upkeep(self) -> None:
        """Index some of what is new, and bring the write-ahead log into the file. Raises `JournalError`."""
        with translated(self.path):
            if self._wal_bytes() > WAL_BYTES:
                self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)")
            with self._behind:
                room = self._unindexed.pop() if self._unindexed and self._index.available else None
            if room is not None and self._index_some(room):
                with self._behind:
                    self._unindexed.add(room)

    @property
    def behind(self) -> bool:
        """Whether `upkeep` has more to do."""
        return bool(self._unindexed) and self._index.available

    def close(self) -> None:
        """Close the file."""
        with self._lock, translated(self.path):
            self._index.close()
            self._reader.close()
            self._checkpointer.close()
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
        os.close(self._held)

    def _wal_bytes(self) -> int:
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size
        except OSError:
            return 0

    def _time(self, key: int) -> float:
        """Return when the message with this key was said."""
        with self._lock:
            query = "SELECT ts FROM batches WHERE key >= ? ORDER BY key LIMIT 1"
            return float((self._reader.execute(query, (key,)).fetchone() or (0.0,))[0])

    def _trim_room(self, room: str) -> None:
        first, last, ts = self.bounds(room)
        unwanted = last - self._keep if self._keep else 0
        if self._keep_seconds:
            unwanted = max(unwanted, self.id_at(room, self._now() - self._keep_seconds) - 1)
        if unwanted < first:
            return
        low, _ = self._keys(room)
        with translated(self.path):
            keys = [
                key
                for (key,) in self._cursor.execute(
                    "SELECT key FROM batches WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?",
                    (low, low + unwanted, TRIM_ROWS),
                ).fetchall()
            ]
            if keys:
                self._cursor.execute("BEGIN IMMEDIATE")
                self._cursor.execute("UPDATE rooms SET last = ?, ts = ? WHERE name = ?", (last, ts, room))
                self._cursor.execute("DELETE FROM batches WHERE key BETWEEN ? AND ?", (low, keys[-1]))
                self._cursor.execute("COMMIT")
                self._index.remove(low, keys[-1])

    def _index_some(self, room: str) -> bool:
        """Index a few rows of the room; return whether there may be more."""
        low, high = self._keys(room)
        reached = self._indexed.get(low >> ID_BITS, low)
        with self._lock:
            query = f"SELECT key, first, frames {_RANGE} ORDER BY key LIMIT ?"
            rows = self._reader.execute(query, (reached + 1, high, INDEX_ROWS)).fetchall()
        if rows:
            self._index.add(low >> ID_BITS, [(low + first, frames) for _, first, frames in rows])
            self._indexed[low >> ID_BITS] = rows[-1][0]
        return len(rows) == INDEX_ROWS

    def _keys(self, room: str) -> tuple[int, int]:
        low = self._rooms.get(room, 0) << ID_BITS
        return low, low + (1 << ID_BITS) - 1

    def _row(self, record: Record) -> tuple[Any, ...]:
        key = (self._rooms[record.room] << ID_BITS) + record.last
        if record.refs:
            return (
                key,
                record.first,
                record.ts,
                record.session,
                msgspec.json.encode(record.refs),
                record.frames,
            )
        return key, record.first, record.ts, None, None, record.frames

    def _commit_many(self, records: Sequence[Record]) -> None:
        """Store any number of records, some of rooms that are new."""
        added: list[str] = []
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
            for room in dict.fromkeys(record.room for record in records if record.room not in self._rooms):
                self._cursor.execute("INSERT INTO rooms (name, last, ts) VALUES (?, 0, 0)", (room,))
                self._rooms[room] = self._cursor.lastrowid or 0
                added.append(room)
            self._cursor.executemany(_INSERTS[1], map(self._row, records))
            self._cursor.execute("COMMIT")
        except sqlite3.Error:
            for room in added:
                del self._rooms[room]
            if self._writer.in_transaction:
                self._cursor.execute("ROLLBACK")
            raise


def _hold(path: Path) -> int:
    """Lock the file beside the journal, so that no other server uses it. Raises `JournalError`."""
    lock = path.with_name(path.name + "-lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"{lock}: {error.strerror}; the journal's folder must be writable") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalError(f"{path} is used by another server; end that one, or give another path") from None
    return descriptor
