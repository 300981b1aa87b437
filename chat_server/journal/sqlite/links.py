"""A file with several names (hard links): SQLite's write-ahead log lies beside one of them alone."""

import contextlib
import os
import sqlite3
from pathlib import Path

from chat_server.errors import JournalError
from chat_server.sqlite_file import connect_unlocked


def note_name(connection: sqlite3.Connection, path: Path) -> None:
    """Write into the file under which name it is opened, for whoever finds it by another.

    Raises `sqlite3.Error`.
    """
    name = os.fsencode(os.path.realpath(path))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('path', ?)", (name,))
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # into the file, not beside this name


def check_name(path: Path) -> None:
    """Raise `JournalError` if messages may lie in a write-ahead log beside another name of the file."""
    try:
        if path.stat().st_nlink < 2:  # noqa: PLR2004  # it has one name
            return
        name = _noted(path)
        if name is None or os.path.realpath(path) == str(name) or _is_closed(name, path):
            return
    except (OSError, sqlite3.Error):
        return  # whoever opens it says what is wrong
    raise JournalError(
        f"{path} has other names (hard links) and was last opened as {name}: its latest messages may lie"
        " beside that one; give that path, or copy the file instead of linking it"
    )


def _noted(path: Path) -> Path | None:
    with contextlib.closing(connect_unlocked(path)) as connection:
        row = connection.execute("SELECT value FROM meta WHERE name = 'path'").fetchone()
    return Path(os.fsdecode(row[0])) if row else None


def _is_closed(name: Path, path: Path) -> bool:
    """Tell whether it is still the same file and its log was brought into it, as an orderly end does."""
    return name.exists() and name.samefile(path) and not name.with_name(name.name + "-wal").exists()
