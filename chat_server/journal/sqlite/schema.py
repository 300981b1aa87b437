"""The SQLite journal's file: its schema, and how an older one is brought up."""

import secrets
import sqlite3
from pathlib import Path

from chat_server.errors import JournalError
from chat_server.sqlite_file import Format, bring_up, version_of

#: Marks a file as this project's (PRAGMA application_id): "CHAT" in ASCII.
APPLICATION_ID = 0x43484154
#: A row's key is the room's number, shifted by so many bits, and the id of its last message.
ID_BITS = 40
#: The script at each place brings a file from that version to the next; none is ever changed.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE rooms (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        last INTEGER NOT NULL,    -- id and time of the last message that retention has removed
        ts REAL NOT NULL
    );
    CREATE TABLE batches (
        key INTEGER PRIMARY KEY,  -- the room's number, shifted, and the last id
        first INTEGER NOT NULL,
        ts REAL NOT NULL,
        session TEXT,             -- only where there are refs
        refs BLOB,                -- JSON: ref and id of each message that carried one
        frames BLOB NOT NULL      -- the MSG or DM lines, as members are sent them
    );
    """,
    """
    CREATE TABLE changes (
        key INTEGER PRIMARY KEY,  -- the room's number, shifted, and the id of a message that was changed
        text TEXT                 -- the last one; none if it was deleted
    );
    """,
)


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make a new file a journal, or bring an older one up. Raises `JournalError` if it is neither."""
    bring_up(connection, path, _format())
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (new_epoch(),))
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", (secrets.token_bytes(32),))


def current(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `JournalError` if the file is no journal of this version, and so cannot just be read."""
    version = version_of(connection, path, _format())
    if version < len(MIGRATIONS):
        state = "is empty" if not version else f"is of an older version (schema {version})"
        raise JournalError(f"{path} {state}; start chat-server on it once, which brings it up")


def _format() -> Format:
    return Format(APPLICATION_ID, MIGRATIONS, JournalError)


def new_epoch() -> str:
    """Return a name for a record that is new."""
    return secrets.token_hex(8)
