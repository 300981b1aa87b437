"""A record that several nodes share, in memory: what a journal on an engine of its own has to do.

The engine numbers when it stores, and keeps bodies without heads. Wake-ups between nodes may be lost, doubled
or held back, and the answer to a commit may be lost, as the test says.
"""

import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chat_server.errors import JournalError
from chat_server.journal.base import (
    Announcement,
    Bounds,
    FormerKey,
    Page,
    Placed,
    Placement,
    Record,
    page,
)
from chat_server.journal.heads import with_heads
from chat_server.journal.outcome import as_changed


class _Row(NamedTuple):
    """What the engine keeps of a record."""

    first: int
    last: int
    ts: float
    session: str
    refs: Sequence[tuple[str, int]]
    bodies: bytes
    kind: str


class Engine:
    """The record itself, and what wakes the nodes up."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.secret = secrets.token_bytes(32)
        # Guards what follows; nobody is called under it.
        self.lock = threading.Lock()
        self.rooms: dict[str, list[_Row]] = defaultdict(list)
        self.changes: dict[str, dict[int, str | None]] = defaultdict(dict)
        self.nodes: list[SharedJournal] = []
        #: What becomes of each wake-up: how often it comes; none is lost.
        self.copies: deque[int] = deque()
        #: Wake-ups that were not delivered yet, if they are held back.
        self.held: list[tuple[SharedJournal, Announcement]] | None = None

    def announce(self, by: "SharedJournal", told: Announcement) -> None:
        """Wake the other nodes up, as often as `copies` says."""
        for node in self.nodes:
            if node is by:
                continue
            for _ in range(self.copies.popleft() if self.copies else 1):
                if self.held is not None:
                    self.held.append((node, told))
                else:
                    node.sink(told)

    def release(self, order: Callable[[int], Sequence[int]]) -> None:
        """Deliver what was held back, in this order of its places."""
        held, self.held = self.held or [], None
        for place in order(len(held)):
            node, told = held[place]
            node.sink(told)


class SharedJournal:
    """One node's handle on the record."""

    def __init__(self, engine: Engine, *, tells_frames: bool = True) -> None:
        self.epoch, self.secret = engine.epoch, engine.secret
        self.former: Sequence[FormerKey] = ()
        self.durable = True
        self.costly = True
        self.behind = False
        self.sink: Callable[[Announcement], None] = lambda _: None
        #: How many commits are stored whose answer is then lost.
        self.lost_answers = 0
        self._engine = engine
        self._tells_frames = tells_frames
        # What was stored and may have to be asked for again, by the identity of its record.
        self._unanswered: dict[int, tuple[Record, Placement]] = {}
        engine.nodes.append(self)

    def commit(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Store the records. Raises `JournalError` if the answer is lost: then all of them are stored."""
        placed = [self._asked_again(each) or self._store(each) for each in records]
        if self.lost_answers:
            self.lost_answers -= 1
            self._unanswered = {id(each): (each, place) for each, place in zip(records, placed, strict=True)}
            raise JournalError("the connection to the engine broke")
        self._unanswered.clear()
        for record, placement in zip(records, placed, strict=True):
            record.placement = placement
            frames = placement.frames if self._tells_frames else None
            if placement.last >= placement.first:
                told = Announcement(record.room, placement.first, placement.last, frames)
                self._engine.announce(self, told)
        return placed

    def follow(self, sink: Callable[[Announcement], None]) -> None:
        """Call the sink with what other nodes have stored."""
        self.sink = sink

    def open(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""
        return self.bounds(room)

    def bounds(self, room: str) -> Bounds:
        """Return which ids are kept of the room."""
        with self._engine.lock:
            rows = self._engine.rooms.get(room)
            return Bounds(1, rows[-1].last, rows[-1].ts) if rows else Bounds(1, 0, 0.0)

    def read(self, room: str, after: int, upto: int, limit: int, *, raw: bool = False) -> Page:
        """Return the kept messages with `after < id <= upto`, the oldest first, at most `limit`."""
        with self._engine.lock:
            rows = list(self._engine.rooms.get(room, ()))
        lines = [
            line
            for row in rows
            for id_, line in enumerate(_lines(room, row).splitlines(keepends=True), row.first)
            if after < id_ <= upto
        ]
        if changes := {} if raw else self._engine.changes.get(room):
            lines = as_changed(
                lines,
                after + 1,
                lambda first, last: {id_: text for id_, text in changes.items() if first <= id_ <= last},
            )
        return page(after, lines, limit)

    def id_at(self, room: str, ts: float) -> int:
        """Return the id of the first kept message not older than `ts`, or the last id + 1."""
        with self._engine.lock:
            rows = self._engine.rooms.get(room, [])
            return next((row.first for row in rows if row.ts >= ts), rows[-1].last + 1 if rows else 1)

    def search(self, words: str, rooms: Sequence[str], limit: int) -> list[bytes]:
        """Return nothing: what is found is no matter of sharing."""
        del words, rooms, limit
        return []

    def known(self, session: str) -> Mapping[str, Placed]:
        """Return what the session published with a ref, through whichever node."""
        with self._engine.lock:
            return {
                ref: (room, row.first + index, row.ts)
                for room, rows in self._engine.rooms.items()
                for row in rows
                if row.session == session
                for ref, index in row.refs
            }

    def takes(self, room: str) -> bool:
        """Tell that any room may be begun."""
        del room
        return True

    def forget(self, room: str) -> None:
        """Keep it: others may be in it."""

    def trim(self) -> None:
        """Do nothing."""

    def upkeep(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Follow no more."""
        self._engine.nodes.remove(self)

    def _asked_again(self, record: Record) -> Placement | None:
        stored = self._unanswered.get(id(record))
        return stored[1] if stored else record.placement

    def _store(self, record: Record) -> Placement:
        known = self.known(record.session) if record.refs else {}
        old = {index: ref for ref, index in record.refs if ref in known}
        bodies = [
            body for index, body in enumerate(record.bodies().splitlines(keepends=True)) if index not in old
        ]
        kept = [index for index in range(record.count) if index not in old]
        refs = [(ref, kept.index(index)) for ref, index in record.refs if ref not in known]
        with self._engine.lock:
            rows = self._engine.rooms[record.room]
            last, ts = (rows[-1].last, rows[-1].ts) if rows else (0, 0.0)
            row = _Row(
                last + 1,
                last + len(bodies),
                max(ts, record.ts),
                record.session,
                refs,
                b"".join(bodies),
                record.kind.upper(),
            )
            if bodies:
                rows.append(row)
                if record.change is not None:
                    of, text = record.change
                    self._engine.changes[record.room][of] = text
        answered = {ref: known[ref] for ref in old.values()}
        return Placement(row.first, row.last, row.ts, _lines(record.room, row), answered or None)


def _lines(room: str, row: _Row) -> bytes:
    direct = room.startswith("@")
    return with_heads("DM" if direct else row.kind, None if direct else room, row.first, row.ts, row.bodies)
