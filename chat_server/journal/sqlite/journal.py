"""A journal in an SQLite file: the messages outlive the process."""

import contextlib
import sqlite3
from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

from chat_protocol.codec import encode_json
from chat_server.errors import JournalError
from chat_server.journal.base import Announcement, Bounds, FormerKey, Placed, Placement, Record
from chat_server.journal.calendar import SYSTEM, Clocks
from chat_server.journal.numbering import End, Numbering, placements, unplaced
from chat_server.journal.sqlite import token_keys
from chat_server.journal.sqlite.indexer import Indexer
from chat_server.journal.sqlite.links import check_name, note_name
from chat_server.journal.sqlite.lockfile import LockedFile
from chat_server.journal.sqlite.reader import RANGE, Reader
from chat_server.journal.sqlite.retention import Keep, Retention
from chat_server.journal.sqlite.schema import ID_BITS, prepare
from chat_server.journal.sqlite.wal import FILE_BYTES, WriteAheadLog
from chat_server.sqlite_file import connect, failure, transaction, translated

#: What each durability asks of SQLite (PRAGMA synchronous, in WAL mode).
SYNCHRONOUS = {"fsync": "FULL", "os": "NORMAL", "none": "OFF"}
#: With more commits than this since the last look, the index waits: publishers come first.
BUSY_COMMITS = 50
#: Likewise for so many bytes: a few large commits are as much work.
BUSY_BYTES = 64 * 1024
#: KiB of pages that the writer keeps: the last page of some thousand rooms.
CACHE_KIB = 16 * 1024
#: After so many commits during which `trim` did not get through, those who store remove two rows for each of
#: theirs: else the file would grow for as long as somebody floods.
LATE_COMMITS = 1000

#: Up to so many rows go into one statement, which is a transaction by itself: 4 of them in 46 us, not 58.
ROWS_A_STATEMENT = 8

#: How many rooms a file may have, empty ones counted: some 150 bytes of memory each.
ROOMS_AT_MOST = 200_000
#: The newest row stays, so that no other room gets its number.
REMOVE_ROOM = "DELETE FROM rooms WHERE name = ? AND number < (SELECT max(number) FROM rooms)"

# What is stored already stays: after a fault the same records come again, and nobody knows what of them is.
_INSERTS = [
    "INSERT INTO batches (key, first, ts, session, refs, frames) VALUES "  # noqa: S608  # only question marks are put in
    + ", ".join(["(?, ?, ?, ?, ?, ?)"] * number)
    + " ON CONFLICT (key) DO NOTHING"
    for number in range(ROWS_A_STATEMENT + 1)
]


class SqliteJournal(Reader):
    """Stores a row for each batch; a room's rows lie together, in the order of their ids.

    1. One connection writes, by one thread at a time; another reads; a third brings the write-ahead
       log into the file. A second server is kept out.
    2. `durability` is fsync (what was stored outlives a power cut), os (a crash of the process) or none.
    3. `keep` messages and `keep_seconds` are what retention leaves of each room; 0 is all.
    4. If the file is moved or removed while in use, `commit` raises until it is back.

    Raises `JournalError` if the file cannot be opened, is no journal, or one of a newer version.
    """

    def __init__(
        self,
        path: Path,
        durability: str = "os",
        keep: int = 0,
        keep_seconds: float = 0.0,
        clocks: Clocks = SYSTEM,
    ) -> None:
        with contextlib.ExitStack() as opened:
            self._file = LockedFile(path)
            opened.callback(self._file.release)
            path = self._file.path
            check_name(path)
            with translated(path):
                self._writer = _open_to_write(path, durability, opened)
                prepare(self._writer, path)
                token_keys.rotate(self._writer, clocks.now())
                note_name(self._writer, path)
                checkpointer = _open_to_write(path, durability, opened)
            super().__init__(path)
            opened.callback(super().close)
            self.epoch = str(self.meta["epoch"])
            self.durable = True
            self.costly = True
            self.secret = bytes(self.meta["secret"])
            self.former: Sequence[FormerKey] = token_keys.former(self.meta)
            self._published = self.published()
            self._indexer = Indexer(self._file.beside("-search"), self.epoch, self)
            opened.callback(self._indexer.close)
            self._file.settle()
            self._opened = opened.pop_all()
        self._retention = Retention(
            Keep(keep, keep_seconds, clocks), self, self._writer, self._indexer.forget
        )
        self._write = self._writer.cursor().execute
        self._numbering = Numbering(self._end)
        self._lost = False
        self._log = WriteAheadLog(self._writer, checkpointer, self._file)
        self._commits = 0
        # At how many commits retention was last through.
        self._trimmed = 0
        self._seen = 0, 0
        # Inboxes that were forgotten while their row was the newest: they go with the next one.
        self._emptied: set[str] = set()
        # Rooms in which something was stored since `upkeep` looked; set.add and set.pop are atomic.
        self._touched: set[str] = set()

    def commit(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Store the records in one transaction. Raises `JournalError` if nothing was stored."""
        if self._lost:
            self._look_for_file()
        if self._log.due:
            self._log.turn()
        new = unplaced(records)
        try:
            placed = self._numbering.place(new)
            if _is_plain(new) and all(map(self.rooms.__contains__, map(_room, new))):
                rows = [
                    _row(each, place, self.rooms[each.room]) for each, place in zip(new, placed, strict=True)
                ]
                self._write(_INSERTS[len(rows)], list(chain.from_iterable(rows)))
            else:
                self._commit_many(new, placed)
        except sqlite3.Error as error:
            raise failure(self.path, error) from error
        self._numbering.advance(new, placed)
        self._commits += 1
        if self._commits > self._trimmed + LATE_COMMITS and self._retention.behind:
            self._make_room(2 * len(records))
        for record, place in zip(new, placed, strict=True):
            self._touched.add(record.room)
            self._log.grew(len(place.frames))
        return placed if new is records else placements(records)

    def follow(self, sink: Callable[[Announcement], None]) -> None:
        """Do nothing: nobody else may write to the file."""

    def open(self, room: str) -> Bounds:
        """Return which ids are kept of the room. Raises `JournalError`."""
        return self.bounds(room)

    def known(self, session: str) -> Mapping[str, Placed]:
        """Return what the session published with a ref before this start. Raises `JournalError`."""
        return dict(self.refs_of(self._published.get(session, array("q"))))

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return the newest messages in these rooms that have all the words, the newest first.

        Raises `UnavailableError` if SQLite was built without FTS5, and `JournalError`.
        """
        return self._indexer.search(words, [room for room in rooms if room in self.rooms], limit)

    def takes(self, room: str) -> bool:
        """Tell whether messages of this room may be stored: a new one only if there are not too many."""
        return len(self.rooms) < ROOMS_AT_MOST or room in self.rooms

    def forget(self, room: str) -> None:
        """Drop all that is kept of the room, but for its last id. Raises `JournalError`.

        Of an inbox nothing stays: its name never comes again.
        """
        last, ts = self.bounds(room)[1:]
        keys = self.keys(room)
        with translated(self.path), transaction(self._writer):
            self._writer.execute("UPDATE rooms SET last = ?, ts = ? WHERE name = ?", (last, ts, room))
            self._writer.execute("DELETE FROM batches WHERE key BETWEEN ? AND ?", keys)
            self._writer.execute("DELETE FROM changes WHERE key BETWEEN ? AND ?", keys)
            if room.startswith("@") and room in self.rooms:
                self._emptied.add(room)
            gone = [each for each in self._emptied if self._writer.execute(REMOVE_ROOM, (each,)).rowcount]
        self._indexer.forget(*keys)
        self._numbering.forget(room)
        self._emptied.difference_update(gone)
        for each in gone:
            self.rooms.pop(each, None)

    def trim(self) -> None:
        """Remove some of what retention does not keep; called as `commit` is. Raises `JournalError`."""
        self._retention.step()
        if not self._retention.behind:
            self._trimmed = self._commits

    def upkeep(self) -> None:
        """Do a step of what follows behind the commits: write-ahead log and index. Raises `JournalError`."""
        self._look_for_file()
        quiet = not self._busy()
        self._seen = self._commits, self._log.bytes
        touched = [self._touched.pop() for _ in range(len(self._touched))]
        self._retention.look_at(touched)
        self._indexer.look_at(touched)
        with translated(self.path):
            self._log.shorten(quiet=quiet)
        self._indexer.step()

    @property
    def behind(self) -> bool:
        """Whether `upkeep` or `trim` has more to do, and publishers leave time for it."""
        return self._retention.behind or (self._indexer.behind and not self._busy())

    def _busy(self) -> bool:
        """Tell whether publishers had much to store since the last step of upkeep."""
        commits, size = self._seen
        return self._commits - commits > BUSY_COMMITS or self._log.bytes - size > BUSY_BYTES

    def close(self) -> None:
        """Close the file; SQLite brings the write-ahead log into it if nobody else reads it."""
        self._opened.close()

    def _end(self, room: str) -> End:
        """Return the last id and time of a room, asked of the writer, so that no reader is waited for."""
        low, high = self.keys(room)
        query = f"SELECT key - ?, ts {RANGE} ORDER BY key DESC LIMIT 1"
        end = self._writer.execute(query, (low, low, high)).fetchone()
        if end is None:
            end = self._writer.execute("SELECT last, ts FROM rooms WHERE name = ?", (room,)).fetchone()
        return end or (0, 0.0)

    def _commit_many(self, records: Sequence[Record], placed: Sequence[Placement]) -> None:
        """Store any number of records, some of rooms that are new; those are known once they are stored."""
        added: dict[str, int] = {}
        with transaction(self._writer):
            for record in records:
                if record.room not in self.rooms and record.room not in added:
                    added[record.room] = self._add_room(record.room)
            rows = [
                _row(each, place, self.rooms.get(each.room) or added[each.room])
                for each, place in zip(records, placed, strict=True)
            ]
            self._writer.executemany(_INSERTS[1], rows)
            changes = [
                (
                    ((self.rooms.get(each.room) or added[each.room]) << ID_BITS) + each.change[0],
                    each.change[1],
                )
                for each in records
                if each.change is not None
            ]
            self._writer.executemany("INSERT OR REPLACE INTO changes VALUES (?, ?)", changes)
            self.changed.update(key >> ID_BITS for key, _ in changes)  # before anybody can read them
        self.rooms.update(added)

    def _add_room(self, room: str) -> int:
        self._writer.execute(
            "INSERT INTO rooms (name, last, ts) VALUES (?, 0, 0) ON CONFLICT (name) DO NOTHING", (room,)
        )
        (number,) = self._writer.execute("SELECT number FROM rooms WHERE name = ?", (room,)).fetchone()
        return int(number)

    def _make_room(self, rows: int) -> None:
        """Remove so many rows that retention does not keep, in the way of whoever stores."""
        with contextlib.suppress(JournalError):  # what was to be stored is; `trim` tells
            self._retention.step(rows)

    def _look_for_file(self) -> None:
        """Take note of whether the file is where it was. Raises `JournalError` where it is not."""
        self._lost = True
        self._file.check()
        self._lost = False


_room, _change = attrgetter("room"), attrgetter("change")


def _is_plain(records: Sequence[Record]) -> bool:
    """Tell whether these go into one statement: few, and none of them changes another."""
    return 0 < len(records) <= ROWS_A_STATEMENT and not any(map(_change, records))


def _row(record: Record, place: Placement, number: int) -> tuple[Any, ...]:
    key = (number << ID_BITS) + place.last
    if record.refs:
        refs = encode_json([(ref, place.first + index) for ref, index in record.refs])
        return key, place.first, place.ts, record.session, refs, place.frames
    return key, place.first, place.ts, None, None, place.frames


def _open_to_write(path: Path, durability: str, opened: contextlib.ExitStack) -> sqlite3.Connection:
    connection = connect(path)
    opened.callback(connection.close)
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[durability]}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # `upkeep` does it, beside the publishers
    connection.execute(f"PRAGMA journal_size_limit = {FILE_BYTES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection
