"""SQLite files: where they lie, how they are opened, and what their errors mean to an operator."""

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from chat_server.errors import JournalError, StorageError

#: How long, in milliseconds, SQLite waits for a lock of another process.
BUSY_MS = 2000

_ADVICE = {
    "SQLITE_FULL": "the disk is full; make room",
    "SQLITE_READONLY": "it cannot be written; look at its owner and mode",
    "SQLITE_CANTOPEN": "it cannot be opened; is it there? look at the owner and mode of its folder",
    "SQLITE_NOTADB": "it is no SQLite file; give another path with --journal sqlite:PATH",
    "SQLITE_CORRUPT": "it is damaged; restore a backup, or look at it with chat-server check",
    "SQLITE_BUSY": "another program holds it; end that one",
    "SQLITE_IOERR": "the disk cannot be read or written; look at the room on it and at the system's log",
}


class Format(NamedTuple):
    """What a file is for.

    `mark` is its application_id. The script at each place brings it from that version to the next; none is
    ever changed. `kind` is the error that it is not such a file.
    """

    mark: int
    scripts: Sequence[str]
    kind: type[StorageError]


def named(text: str) -> Path:
    """Return the path that a setting names; `~` is the home folder. Raises `JournalError`."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise JournalError(f"{text}: there is no such home folder; give the whole path") from None


def located(path: Path) -> Path:
    """Return where the file itself lies, if the path is a symbolic link. Raises `JournalError`.

    The lock and SQLite's own files lie beside the file, so that all its names lead to the same ones.
    """
    try:
        if not path.is_symlink():
            path.stat()
            return path
        return Path(os.path.realpath(path, strict=False))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, OSError) and error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return path
        raise JournalError(f"{path}: {reason_of(error)}; give another path") from None


def reason_of(error: OSError | ValueError) -> str:
    """Return what the system says of an error of a file, in a few words."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def failure(path: Path, error: sqlite3.Error, kind: type[StorageError] = JournalError) -> StorageError:
    """Return what SQLite reports as an error that says what to do about it."""
    name = getattr(error, "sqlite_errorname", "")
    advice = next((text for prefix, text in _ADVICE.items() if name.startswith(prefix)), None)
    return kind(f"{path}: {advice} ({error})" if advice else f"{path}: {error}")


@contextmanager
def translated(path: Path, kind: type[StorageError] = JournalError) -> Iterator[None]:
    """Raise what SQLite raises as an error of this kind, with what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        raise failure(path, error, kind) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all that is written within, or nothing of it. Raises `sqlite3.Error`."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:  # some errors end it by themselves
            connection.execute("ROLLBACK")


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time. Raises `sqlite3.Error`.

    A file that is made is for its owner alone: it holds what people said to each other.
    """
    if not path.exists() and path.parent.is_dir():
        _create(path)
    return _connect(path, "mode=rw")


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads, beside a server or not. Raises `sqlite3.Error`.

    Where no server has the file open and its folder cannot be written, SQLite could not lay its own
    files beside it; then nobody writes, and the file is read as it lies there.
    """
    connection = _connect(path, "mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        in_the_way = error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        if not in_the_way or not path.is_file() or path.with_name(path.name + "-wal").exists():
            raise
        return connect_unlocked(path)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_unlocked(path: Path) -> sqlite3.Connection:
    """Open what lies in the file itself, without its log, lock or anything laid beside it."""
    return _connect(path, "immutable=1")


def bring_up(connection: sqlite3.Connection, path: Path, form: Format) -> None:
    """Make a new file one of this format, or bring an older one up. Raises its error if it is neither."""
    version = version_of(connection, path, form)
    connection.execute("PRAGMA journal_mode = WAL")
    for number in range(version, len(form.scripts)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {form.scripts[number]}; PRAGMA application_id = {form.mark};"
            f"PRAGMA user_version = {number + 1}; COMMIT"
        )


def version_of(connection: sqlite3.Connection, path: Path, form: Format) -> int:
    """Return the file's version, 0 for an empty one. Raises the format's error if it is of another."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if mark != form.mark and (mark or version or tables):
        raise form.kind(
            f"{path} is an SQLite file of another program; give another path with --journal sqlite:PATH"
        )
    if version > len(form.scripts):
        raise form.kind(
            f"{path} is of a newer version (schema {version}, this one knows {len(form.scripts)});"
            " run that version of chat-server"
        )
    return version


def _create(path: Path) -> None:
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}; look at the owner and mode of its folder") from None


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(
        f"file:{quoted}?{mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
