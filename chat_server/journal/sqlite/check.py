"""Looks whether an SQLite journal is what it should be; a server may be using it."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import msgspec

from chat_server.journal.base import Said
from chat_server.journal.sqlite.reader import RANGE, Reader
from chat_server.journal.sqlite.schema import ID_BITS

#: Is told how much is done and how much there is.
Progress = Callable[[int, int], None]
#: How many ids a problem lists.
SHOWN_FAULTS = 10

_said = msgspec.json.Decoder(Said).decode_lines


class Report(NamedTuple):
    """What a check found: how much there is, and what is wrong with it, in plain words."""

    rooms: int
    messages: int
    problems: list[str]


def check(path: Path, progress: Progress) -> Report:
    """Look at all of a journal: the file's integrity, and every message's place. Raises `JournalError`."""
    with contextlib.closing(Reader(path)) as reader, reader.snapshot() as connection:
        rooms = connection.execute("SELECT name, last, ts FROM rooms ORDER BY name").fetchall()
        inspection = _Inspection(connection, progress)
        with inspection.damage_noted():
            inspection.inspect_file(set(reader.rooms.values()))
        for name, last, ts in rooms:
            with inspection.damage_noted():
                inspection.inspect_room(name, reader.keys(name), last, ts)
    return Report(len(rooms), inspection.messages, inspection.problems)


class _Inspection:
    """A check under way."""

    def __init__(self, connection: sqlite3.Connection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._rows = 0
        self._total = 0
        self.messages = 0
        self.problems: list[str] = []

    @contextlib.contextmanager
    def damage_noted(self) -> Iterator[None]:
        """Go on if a part of the file cannot be read."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self.problems.append(f"the file is damaged: {error}")

    def inspect_file(self, numbers: AbstractSet[int]) -> None:
        """Have SQLite look at the file, and find rows of rooms that are not in the table of rooms."""
        faults = [fault for (fault,) in self._connection.execute("PRAGMA integrity_check")]
        self.problems += [f"the file is damaged: {fault}" for fault in faults if fault != "ok"]
        query = "SELECT key >> ?, count(*) FROM batches GROUP BY 1"
        rows = self._connection.execute(query, (ID_BITS,)).fetchall()
        self._total = sum(count for _, count in rows)
        strangers = {number for number, _ in rows} - numbers
        self.problems += [
            f"there are messages of a room without a name (number {each})" for each in sorted(strangers)
        ]

    def inspect_room(self, room: str, keys: tuple[int, int], last: int, ts: float) -> None:
        """Look at each row of a room; `last` and `ts` are of the last message that was removed."""
        query = f"SELECT key, first, ts, frames {RANGE} ORDER BY key"
        for key, first, row_ts, frames in self._connection.execute(query, keys):
            end = key - keys[0]
            if first > last + 1:
                self._complain(room, f"ids {last + 1} to {first - 1} are missing")
            elif first <= last:
                self._complain(room, f"ids {first} to {min(last, end)} are there twice")
            if row_ts < ts:
                self._complain(room, f"time goes back at id {first}, from {ts} to {row_ts}")
            self._inspect_frames(room, first, end, frames)
            last, ts = end, row_ts
            self.messages += end - first + 1
            self._rows += 1
            self._progress(self._rows, self._total)

    def _inspect_frames(self, room: str, first: int, last: int, frames: bytes) -> None:
        try:
            ids = [said.id for said in _said(frames)]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._complain(room, f"the messages with ids {first} to {last} cannot be read: {error}")
            return
        if ids != list(range(first, last + 1)):
            self._complain(
                room, f"the row of ids {first} to {last} holds messages with the ids {_spoken(ids)}"
            )

    def _complain(self, room: str, text: str) -> None:
        self.problems.append(f"room {room}: {text}")


def _spoken(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:SHOWN_FAULTS])) or "none"
    return shown if len(ids) <= SHOWN_FAULTS else f"{shown} and {len(ids) - SHOWN_FAULTS} more"
