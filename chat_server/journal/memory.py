"""A journal that lives as long as the process: for tests and throw-away rooms."""

import secrets
import threading
from collections import deque
from collections.abc import Sequence
from operator import itemgetter

import msgspec
from msgspec import Struct

from chat_server.journal.base import Bounds, FormerKey, Page, Record, Said, cut, page
from chat_server.journal.turns import Turn
from chat_server.journal.words import is_in, phrases, tokens

#: Of so many forgotten rooms the last id is remembered.
FLOORS = 10_000

_text = msgspec.json.Decoder(Said).decode


class _Kept(Struct, gc=False):
    """What is kept of a record: no more, and nothing that the garbage collector would look at."""

    first: int
    last: int
    ts: float
    frames: bytes


class _Shelf:
    """One room's records, the oldest first."""

    __slots__ = ("count", "last", "records")

    def __init__(self) -> None:
        self.records: deque[_Kept] = deque()
        self.count = 0
        self.last = 0

    def add(self, record: Record, keep: int) -> None:
        self.records.append(_Kept(record.first, record.last, record.ts, record.frames))
        self.count += record.last - record.first + 1
        self.last = record.last
        # The last record stays, whatever `keep` is: it has the room's last time.
        while self.count > keep and len(self.records) > 1 and self.count - _size(self.records[0]) >= keep:
            self.count -= _size(self.records.popleft())

    @property
    def first(self) -> int:
        return self.last - self.count + 1


def _size(record: _Kept) -> int:
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
        self.keeps_refs = False
        self._keep = keep
        # Guards _shelves and what they hold.
        self._lock = threading.Lock()
        self._shelves: dict[str, _Shelf] = {}
        # Last id and time of rooms that were forgotten; and what no room that comes anew begins below.
        self._floors: dict[str, tuple[int, float]] = {}
        self._floor = 0

    def commit(self, records: Sequence[Record]) -> None:
        """Store the records that are not stored yet, as after a fault in the middle of the same call."""
        with self._lock:
            for record in records:
                shelf = self._shelves.get(record.room)
                if shelf is None:
                    shelf = self._shelves[record.room] = _Shelf()
                    self._floors.pop(record.room, None)
                if record.last > shelf.last:
                    shelf.add(record, self._keep)

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""
        with self._lock:
            shelf = self._shelves.get(room)
            if shelf is not None:
                return Bounds(shelf.first, shelf.last, shelf.records[-1].ts)
            last, ts = self._floors.get(room, (self._floor, 0.0))
            return Bounds(last + 1, last, ts)

    def read(self, room: str, after: int, upto: int, limit: int) -> Page:
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
                record for room in rooms if room in self._shelves for record in self._shelves[room].records
            ]
        turn = Turn()
        for record in kept:
            turn.go_on()
            for line in record.frames.splitlines(keepends=True):
                said = _text(line)
                row = tokens(said.text)
                if all(is_in(phrase, row) for phrase in wanted):
                    found.append((record.ts, said.id, line))
        return [line for _, _, line in sorted(found, key=itemgetter(0, 1), reverse=True)[:limit]]

    def refs(self, session: str) -> dict[str, tuple[str, int, float]]:
        """Return nothing: a session that this process does not know is of another epoch."""
        del session
        return {}

    def takes(self, room: str) -> bool:
        """Tell that any room may be begun."""
        del room
        return True

    def forget(self, room: str) -> None:
        """Drop all that is kept of the room, but for its last id; of an inbox all: its name never returns.

        Of `FLOORS` rooms the last id is remembered; beyond, new rooms begin above that of the oldest.
        """
        with self._lock:
            shelf = self._shelves.pop(room, None)
            if shelf is None or room.startswith("@"):
                return
            self._floors.pop(room, None)
            self._floors[room] = shelf.last, shelf.records[-1].ts
            if len(self._floors) > FLOORS:
                last, _ = self._floors.pop(next(iter(self._floors)))
                self._floor = max(self._floor, last)

    def trim(self) -> None:
        """Do nothing: `commit` keeps each room within its bound."""

    def upkeep(self) -> None:
        """Do nothing: nothing follows behind."""

    def close(self) -> None:
        """Do nothing: there is nothing open."""
