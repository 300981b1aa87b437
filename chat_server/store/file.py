"""The file of the store: one connection, which any thread uses in its turn."""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chat_server.errors import StoreError
from chat_server.sqlite_file import Format, bring_up, connect, transaction, translated

MEMORY = ":memory:"
FORMAT = Format(
    0x43485354,  # "CHST" in ASCII
    (
        """
        CREATE TABLE accounts (
            number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again: an inbox has it in its name
            name TEXT NOT NULL,
            hash TEXT NOT NULL,
            operator INTEGER NOT NULL,
            disabled INTEGER NOT NULL DEFAULT 0,
            version INTEGER NOT NULL DEFAULT 1,
            key TEXT NOT NULL UNIQUE
        );
        CREATE TABLE names (key TEXT PRIMARY KEY, account INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE tokens (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            digest BLOB NOT NULL UNIQUE,
            account INTEGER NOT NULL,
            label TEXT NOT NULL,
            created REAL NOT NULL,
            scope BLOB NOT NULL                        -- JSON
        );
        CREATE TABLE invitations (digest BLOB PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE positions (
            account INTEGER NOT NULL,
            room TEXT NOT NULL,
            id INTEGER NOT NULL,
            UNIQUE (account, room)
        );
        """,
        """
        CREATE TABLE acts (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            ts REAL NOT NULL,
            actor TEXT NOT NULL,
            act TEXT NOT NULL,
            target TEXT NOT NULL,
            room TEXT NOT NULL,
            detail TEXT NOT NULL
        );
        CREATE TABLE bans (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            room TEXT NOT NULL,                        -- empty for the whole chat
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            shown TEXT NOT NULL,
            until REAL NOT NULL,
            reason TEXT NOT NULL,
            actor TEXT NOT NULL,
            UNIQUE (room, kind, value)
        );
        CREATE TABLE rooms (name TEXT PRIMARY KEY, topic TEXT NOT NULL, rules BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE roles (
            room TEXT NOT NULL,
            account INTEGER NOT NULL,
            role TEXT NOT NULL,
            PRIMARY KEY (room, account)
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE ignored (
            account INTEGER NOT NULL,
            key TEXT NOT NULL,
            name TEXT NOT NULL,
            PRIMARY KEY (account, key)
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE hooks (
            number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again: the journal knows a hook by it
            digest BLOB UNIQUE,                        -- of the token; none for one that is told what is said
            name TEXT NOT NULL,
            created REAL NOT NULL,
            detail BLOB NOT NULL                       -- JSON
        );
        CREATE TABLE hook_names (
            key TEXT NOT NULL,
            hook INTEGER NOT NULL,
            PRIMARY KEY (key, hook)
        ) WITHOUT ROWID;
        CREATE TABLE relayed (
            hook INTEGER NOT NULL,
            room TEXT NOT NULL,
            epoch TEXT NOT NULL,
            id INTEGER NOT NULL,
            PRIMARY KEY (hook, room)
        ) WITHOUT ROWID;
        """,
        """
        ALTER TABLE rooms ADD COLUMN topic_by TEXT NOT NULL DEFAULT '';
        ALTER TABLE rooms ADD COLUMN topic_ts REAL NOT NULL DEFAULT 0;
        """,
    ),
    StoreError,
)
Execute = Callable[..., sqlite3.Cursor]


class StoreFile:
    """The connection, and what is done with it under its lock.

    Raises `StoreError` if the file cannot be opened, is no store, or one of a newer version.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path or Path(MEMORY)
        # Guards the connection.
        self._lock = threading.Lock()
        with contextlib.ExitStack() as opened:
            with translated(self._path, StoreError):
                self.connection = _opened(path)
                opened.callback(self.connection.close)
                bring_up(self.connection, self._path, FORMAT)
                self.connection.execute("PRAGMA synchronous = FULL")
                self._version = self._data_version()
            opened.pop_all()
        weakref.finalize(self, self.connection.close)  # if nobody else does, as of one in memory

    @contextlib.contextmanager
    def writing(self) -> Iterator[Execute]:
        """Do all that is written within, or nothing of it. Raises `StoreError`."""
        with self._lock, translated(self._path, StoreError), transaction(self.connection):
            yield self.connection.execute

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row of an answer. Raises `StoreError`."""
        with self._lock, translated(self._path, StoreError):
            row: tuple[Any, ...] | None = self.connection.execute(query, values).fetchone()
            return row

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of an answer. Raises `StoreError`."""
        with self._lock, translated(self._path, StoreError):
            return self.connection.execute(query, values).fetchall()

    def changed(self) -> bool:
        """Tell whether another process has changed something since the last call. Raises `StoreError`."""
        with self._lock, translated(self._path, StoreError):
            before, self._version = self._version, self._data_version()
            return before != self._version

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self.connection.close()

    def _data_version(self) -> int:
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
    return connect(path)
