"""The search index of an SQLite journal: a file of its own, which follows behind and can be made anew."""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from chat_server.errors import UnavailableError
from chat_server.journal import Said
from chat_server.journal.schema import connect

_said = msgspec.json.Decoder(Said).decode_lines


class SearchIndex:
    """Finds messages by their words (SQLite FTS5). Its rows have the keys of the messages.

    It has a file of its own so that indexing never makes a publisher wait for SQLite's one writer.
    """

    def __init__(self, path: Path) -> None:
        self.available = True
        # Guards _connection.
        self._lock = threading.Lock()
        self._connection = connect(path)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(
                "PRAGMA synchronous = OFF"
            )  # made anew from the journal where it is lost
            self._connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS messages USING fts5 (text)")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS done (room INTEGER PRIMARY KEY, key INTEGER NOT NULL)"
            )
        except sqlite3.OperationalError as error:
            if "fts5" not in str(error):
                raise
            self.available = False

    def reached(self) -> dict[int, int]:
        """Return the last key that is indexed of each room, by its number."""
        if not self.available:
            return {}
        with self._lock:
            return dict(self._connection.execute("SELECT room, key FROM done"))

    def add(self, room: int, rows: Iterable[tuple[int, bytes]]) -> None:
        """Index rows of a room: the key of the first message of each, and the frames."""
        last = 0
        documents = []
        for key, frames in rows:
            for offset, said in enumerate(_said(frames)):
                last = key + offset
                documents.append((last, said.text))
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "INSERT OR REPLACE INTO messages (rowid, text) VALUES (?, ?)", documents
            )
            self._connection.execute("INSERT OR REPLACE INTO done VALUES (?, ?)", (room, last))
            self._connection.execute("COMMIT")

    def remove(self, low: int, high: int) -> None:
        """Forget the messages with keys from `low` to `high`."""
        if self.available:
            with self._lock:
                self._connection.execute("DELETE FROM messages WHERE rowid BETWEEN ? AND ?", (low, high))

    def find(self, words: str, low: int, high: int, limit: int) -> list[int]:
        """Return the highest keys from `low` to `high` with all the words, the highest first.

        Raises `UnavailableError` where SQLite was built without FTS5.
        """
        if not self.available:
            raise UnavailableError(
                "search is not to be had here: this server's SQLite was built without FTS5"
            )
        query = (
            "SELECT rowid FROM messages WHERE messages MATCH ? AND rowid BETWEEN ? AND ?"
            " ORDER BY rowid DESC LIMIT ?"
        )
        with self._lock:
            return [key for (key,) in self._connection.execute(query, (_quoted(words), low, high, limit))]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def _quoted(words: str) -> str:
    """Return a query for all the words, none of them taken for FTS5's own syntax."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in words.replace("\0", " ").split())
