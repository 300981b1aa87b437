"""What the tests of the SQLite journal share."""

import json
from pathlib import Path
from typing import Any

from chat_server.journal.base import Record
from chat_server.journal.sqlite.journal import SqliteJournal
from tests.support.world import record


class Now:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now


def settled(journal: SqliteJournal) -> SqliteJournal:
    """Have the journal do all that follows behind, and return it."""
    journal.upkeep()
    journal.trim()
    while journal.behind:
        journal.upkeep()
        journal.trim()
    return journal


def filled(path: Path, messages: int = 10, room: str = "lobby", **settings: Any) -> SqliteJournal:  # noqa: ANN401  # as the journal's
    """Return a journal with so many messages in a room, two a row, a second apart."""
    journal = SqliteJournal(path, **settings)
    for first in range(1, messages + 1, 2):
        journal.commit([record(room, first, min(first + 1, messages), float(first))])
    return journal


def referred(room: str, first: int, session: str, *refs: str, ts: float = 1.0) -> Record:
    """Return a record of messages with these refs."""
    made = record(room, first, first + len(refs) - 1, ts)
    made.session = session
    made.refs = [(ref, index) for index, ref in enumerate(refs)]
    return made


def ids(frames: bytes) -> list[int]:
    """Return the ids of the messages in these frames."""
    return [json.loads(line)["id"] for line in frames.splitlines()]
