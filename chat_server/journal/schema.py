"""The schema of the SQLite journal: its versions, and how a file of an older one is brought up."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat_server.errors import JournalError

#: Marks a file as this project's (PRAGMA application_id): "CHAT" in ASCII.
APPLICATION_ID = 0x43484154
#: The script at each place brings a file from that version to the next; none is ever changed.
MIGRATIONS = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE rooms (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        last INTEGER NOT NULL,    -- id and time of the last message that retention has removed
        ts REAL NOT NULL
    );
    CREATE TABLE batches (
        key INTEGER PRIMARY KEY,  -- the room's number, shifted by ID_BITS, and the last id
        first INTEGER NOT NULL,
        ts REAL NOT NULL,
        session TEXT,             -- only where there are refs
        refs BLOB,
        frames BLOB NOT NULL
    );
    CREATE INDEX batches_by_session ON batches (session) WHERE session IS NOT NULL;
    """,
)
VERSION = len(MIGRATIONS)
#: How long, in milliseconds, SQLite waits for a lock of another process (a backup, a check).
BUSY_MS = 2000


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what SQLite raises as `JournalError`, with what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {_advice(error)}") from error


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time. Raises `sqlite3.Error`."""
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make a new file a journal, or bring an older one up. Raises `JournalError` where it is neither."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not empty and mark != APPLICATION_ID:
        raise JournalError(
            f"{path} is an SQLite file of another program; give another path with --journal sqlite:PATH"
        )
    if version > VERSION:
        raise JournalError(
            f"{path} is of a newer version (schema {version}, this one knows {VERSION}); run that version"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    for number in range(version, VERSION):
        connection.executescript(
            f"BEGIN; {MIGRATIONS[number]}; PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {number + 1}; COMMIT"
        )
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", (secrets.token_bytes(32),))


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _advice(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    advice = {
        "SQLITE_FULL": "the disk is full; make room",
        "SQLITE_READONLY": "it cannot be written; look at its owner and mode",
        "SQLITE_CANTOPEN": "it cannot be opened; look at its folder's owner and mode",
        "SQLITE_NOTADB": "it is no SQLite file; give another path with --journal sqlite:PATH",
        "SQLITE_CORRUPT": "it is damaged; restore a backup, or look at it with chat-server check",
        "SQLITE_BUSY": "another program holds it; end that one",
    }
    known = next((text for prefix, text in advice.items() if name.startswith(prefix)), None)
    return f"{known} ({error})" if known else str(error)
