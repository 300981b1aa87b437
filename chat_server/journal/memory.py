"""A journal that lives as long as the process: for tests and throw-away rooms."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import msgspec

from chat_server.journal.base import (
    Announcement,
    Bounds,
    FormerKey,
    Page,
    Placed,
    Placement,
    Record,
    Said,
    cut,
    page,
)
from chat_server.journal.outcome import EDIT, as_changed
from chat_server.journal.search_time import SearchTime
from chat_server.journal.words import is_in, phrases, tokens

#: Of so many forgotten rooms the last id is remembered.
FLOORS_REMEMBERED = 10_000

_text = msgspec.json.Decoder(Said).decode


class _Shelf:
    """One room's records, the oldest first, and the id and time of its last message."""

    __slots__ = ("changes", "count", "last", "records", "ts")

    def __init__(self, last: int = 0, ts: float = 0.0) -> None:
        self.records: deque[Placement] = deque()
        # What became of messages, by id.
        self.changes: dict[int, str | None] = {}
        self.count = 0
        self.last = last
        self.ts = ts

    def add(self, record: Record, keep: int) -> Placement:
        first, ts = self.last + 1, self.ts
        if record.ts > ts:  # noqa: PLR1730  # max takes three times as long
            ts = record.ts
        last = self.last + record.count
        placement = Placement(first, last, ts, record.lines(first, ts))
        self.records.append(placement)
        self.last, self.ts = last, ts
        self.count += record.count
        # The last record stays, whatever `keep` is.
        while self.count > keep and len(self.records) > 1 and self.count - _size(self.records[0]) >= keep:
            self.count -= _size(self.records.popleft())
        if record.change is not None:
            of, text = record.change
            self.changes = {id_: each for id_, each in self.changes.items() if id_ >= self.first} | {of: text}
        return placement

    def changed(self, first: int, last: int) -> Mapping[int, str | None]:
        """Return what became of messages with these ids."""
        return {id_: text for id_, text in self.changes.items() if first <= id_ <= last}

    @property
    def first(self) -> int:
        return self.last - self.count + 1


def _size(record: Placement) -> int:
    return record.last - record.first + 1


class MemoryJournal:
    """Keeps at least the last `keep` messages of each room, and forgets all when the process ends."""

    def __init__(self, keep: int = 1000) -> None:
        self.epoch = secrets.token_hex(8)
        self.secret = secrets.token_bytes(32)
        self.former: Sequence[FormerKey] = ()
        self.durable = False
        self.behind = False
        self.costly = False
        self._keep = keep
        # Guards _shelves and what they hold.
        self._lock = threading.Lock()
        self._shelves: dict[str, _Shelf] = {}
        # Last id and time of rooms that were forgotten; and what no room that comes anew begins below.
        self._floors: dict[str, tuple[int, float]] = {}
        self._floor = 0

    def commit(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Store the records that are not stored yet, as after a fault in the middle of the same call."""
        placements = []
        with self._lock:
            for record in records:
                if record.placement is None:
                    shelf = self._shelves.get(record.room) or self._begin_locked(record.room)
                    record.placement = shelf.add(record, self._keep)
                placements.append(record.placement)
        return placements

    def follow(self, sink: Callable[[Announcement], None]) -> None:
        """Do nothing: nobody else has this record."""

    def open(self, room: str) -> Bounds:
        """Return which ids are kept of the room, whose next id stays what it is now."""
        with self._lock:
            if room not in self._shelves:
                self._begin_locked(room)
        return self.bounds(room)

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""
        with self._lock:
            shelf = self._shelves.get(room)
            if shelf is not None:
                return Bounds(shelf.first, shelf.last, shelf.ts)
            last, ts = self._end_locked(room)
            return Bounds(last + 1, last, ts)

    def read(self, room: str, after: int, upto: int, limit: int, *, raw: bool = False) -> Page:
        """Return the kept messages with `after < id <= upto`, the oldest first, at most `limit`."""
        lines: list[bytes] = []
        with self._lock:
            shelf = self._shelves.get(room) or _Shelf()
            after = max(after, shelf.first - 1)
            for record in shelf.records:
                if record.last > after:
                    lines += cut(record.first, record.frames, after, upto)
                if record.last >= upto or len(lines) >= limit:
                    break
            if shelf.changes and not raw:
                lines = as_changed(lines, after + 1, shelf.changed)
        return page(after, lines, limit)

    def id_at(self, room: str, ts: float) -> int:
        """Return the id of the first kept message not older than `ts`, or the last id + 1."""
        with self._lock:
            shelf = self._shelves.get(room) or _Shelf()
            return next((record.first for record in shelf.records if record.ts >= ts), shelf.last + 1)

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return the newest messages in these rooms that have all the words, the newest first."""
        wanted = phrases(words)
        if not wanted:
            return []
        found: list[tuple[float, int, bytes]] = []
        with self._lock:
            kept = [
                (self._shelves[room], record)
                for room in rooms
                if room in self._shelves
                for record in self._shelves[room].records
            ]
        time_left = SearchTime()
        for shelf, record in kept:
            time_left.go_on()
            lines: Sequence[bytes] = record.frames.splitlines(keepends=True)
            if shelf.changes:
                lines = as_changed(lines, record.first, shelf.changed)
            for line in lines:
                said = _text(line)
                row = tokens(said.text)
                if all(is_in(phrase, row) for phrase in wanted) and not line.startswith(EDIT):
                    found.append((record.ts, said.id, line))
        return [line for _, _, line in sorted(found, key=itemgetter(0, 1), reverse=True)[:limit]]

    def known(self, session: str) -> Mapping[str, Placed]:
        """Return nothing: a session that this process does not know is of another epoch."""
        del session
        return {}

    def takes(self, room: str) -> bool:
        """Tell that any room may be begun."""
        del room
        return True

    def forget(self, room: str) -> None:
        """Drop all that is kept of the room, but for its last id; of an inbox all: its name never returns.

        Of `FLOORS_REMEMBERED` rooms the last id is kept; beyond, new rooms begin above that of the oldest.
        """
        with self._lock:
            shelf = self._shelves.pop(room, None)
            if shelf is None or room.startswith("@") or (not shelf.records and shelf.last == self._floor):
                return
            self._floors.pop(room, None)
            self._floors[room] = shelf.last, shelf.ts
            if len(self._floors) > FLOORS_REMEMBERED:
                last, _ = self._floors.pop(next(iter(self._floors)))
                self._floor = max(self._floor, last)

    def _begin_locked(self, room: str) -> _Shelf:
        shelf = self._shelves[room] = _Shelf(*self._end_locked(room))
        self._floors.pop(room, None)
        return shelf

    def _end_locked(self, room: str) -> tuple[int, float]:
        """Return the last id and time of a room of which nothing is kept; an inbox never comes back."""
        return (0, 0.0) if room.startswith("@") else self._floors.get(room, (self._floor, 0.0))

    def trim(self) -> None:
        """Do nothing: `commit` keeps each room within its bound."""

    def upkeep(self) -> None:
        """Do nothing: nothing follows behind."""

    def close(self) -> None:
        """Do nothing: there is nothing open."""
