"""The journals that go through the same suite: add one here, and every promise is asked of it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from chat_server.journal.base import Journal
from chat_server.journal.memory import MemoryJournal
from chat_server.journal.sqlite.journal import SqliteJournal
from tests.support.shared_journal import Engine, SharedJournal


class Factory(NamedTuple):
    """Opens a journal of one kind in a folder, with so many messages kept of a room (0 is all)."""

    name: str
    open: Callable[[Path, int], Journal]
    #: Whether what was stored is there when the folder is opened again.
    durable: bool


def _memory(_folder: Path, keep: int) -> Journal:
    return MemoryJournal(keep or 10**9)


def _sqlite(folder: Path, keep: int) -> Journal:
    return SqliteJournal(folder / "chat.db", "none", keep)


def _shared(_folder: Path, _keep: int) -> Journal:
    return SharedJournal(Engine())


FACTORIES = [Factory("memory", _memory, durable=False), Factory("sqlite", _sqlite, durable=True)]
#: Those that can lack what is no matter of order: retention, search, a life after the process.
ORDERING = [*FACTORIES, Factory("shared", _shared, durable=False)]


def settle(journal: Journal) -> Journal:
    """Have the journal do all that follows behind the commits, and return it."""
    for _ in range(2):
        journal.trim()
        journal.upkeep()
        while journal.behind:
            journal.trim()
            journal.upkeep()
    return journal
