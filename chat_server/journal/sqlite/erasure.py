"""Takes what one person said out of a journal's file for good; no server may be using it."""

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from chat_protocol.codec import encode_json
from chat_server.journal.sqlite.check import Progress
from chat_server.journal.sqlite.lockfile import LockedFile
from chat_server.journal.sqlite.schema import ID_BITS, prepare
from chat_server.sqlite_file import connect, transaction, translated

#: Rows that are looked at in one transaction.
ROWS_AT_ONCE = 1000
#: Tells of a frame whether it goes.
IsTheirs = Callable[[Mapping[str, Any]], bool]
#: What the index of the search lies in, beside the journal; the next start makes it anew.
_INDEX = ("-search", "-search-wal", "-search-shm")


def erase(path: Path, is_theirs: IsTheirs, inbox: str, progress: Progress) -> int:
    """Empty the texts of somebody's messages, and drop what was said to them alone; return how many.

    Places and ids stay. What was written is overwritten in the file (PRAGMA secure_delete), which is then
    packed. Raises `JournalError` if a server has the file.
    """
    file = LockedFile(path)
    try:
        with translated(file.path), contextlib.closing(connect(file.path)) as connection:
            prepare(connection, file.path)
            connection.execute("PRAGMA secure_delete = ON")
            count = _drop_room(connection, inbox) + _empty(connection, is_theirs, progress)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        for ending in _INDEX:
            file.beside(ending).unlink(missing_ok=True)
    finally:
        file.release()
    return count


def _empty(connection: sqlite3.Connection, is_theirs: IsTheirs, progress: Progress) -> int:
    total = int(connection.execute("SELECT count(*) FROM batches").fetchone()[0])
    count = done = 0
    last = -1
    query = "SELECT key, first, frames FROM batches WHERE key > ? ORDER BY key LIMIT ?"
    while rows := connection.execute(query, (last, ROWS_AT_ONCE)).fetchall():
        with transaction(connection):
            for key, first, frames in rows:
                count += _empty_row(connection, key, first, frames, is_theirs)
        last = rows[-1][0]
        done += len(rows)
        progress(done, total)
    return count


def _empty_row(
    connection: sqlite3.Connection, key: int, first: int, frames: bytes, is_theirs: IsTheirs
) -> int:
    lines = frames.splitlines(keepends=True)
    emptied = []
    for at, line in enumerate(lines):
        frame = msgspec.json.decode(line)
        if frame.get("text") and is_theirs(frame):
            lines[at] = encode_json({**frame, "text": "", "deleted": True}) + b"\n"
            emptied.append((key >> ID_BITS << ID_BITS) + int(frame.get("of", first + at)))
    if emptied:
        connection.execute("UPDATE batches SET frames = ? WHERE key = ?", (b"".join(lines), key))
        connection.executemany(
            "INSERT OR REPLACE INTO changes VALUES (?, NULL)", [(each,) for each in emptied]
        )
    return len(emptied)


def _drop_room(connection: sqlite3.Connection, room: str) -> int:
    """Drop all messages of a room, whose next id stays what it is; return how many."""
    row = connection.execute("SELECT number FROM rooms WHERE name = ?", (room,)).fetchone()
    if row is None:
        return 0
    low = row[0] << ID_BITS
    keys = low, low + (1 << ID_BITS) - 1
    last = connection.execute(
        "SELECT max(key), max(ts) FROM batches WHERE key BETWEEN ? AND ?", keys
    ).fetchone()
    if last[0] is None:
        return 0
    query = "SELECT sum(key - ? - first + 1) FROM batches WHERE key BETWEEN ? AND ?"
    count = int(connection.execute(query, (low, *keys)).fetchone()[0])
    with transaction(connection):
        connection.execute("UPDATE rooms SET last = ?, ts = ? WHERE name = ?", (last[0] - low, last[1], room))
        connection.execute("DELETE FROM batches WHERE key BETWEEN ? AND ?", keys)
        connection.execute("DELETE FROM changes WHERE key BETWEEN ? AND ?", keys)
    return count
