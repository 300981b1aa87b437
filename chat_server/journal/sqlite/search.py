"""The search index of an SQLite journal: a file of its own, which follows behind and can be made anew."""

import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from chat_protocol.errors import UnavailableError
from chat_server.journal.search_time import SearchTime, too_long
from chat_server.journal.words import phrases, spelled, tokens
from chat_server.sqlite_file import connect, transaction

_TABLES = """
    CREATE VIRTUAL TABLE IF NOT EXISTS messages USING fts5 (text);
    CREATE TABLE IF NOT EXISTS done (room INTEGER PRIMARY KEY, key INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS about (epoch TEXT PRIMARY KEY);
    SELECT rowid FROM messages LIMIT 1;
"""
#: Of the way in which texts are taken apart; an index of another one is made anew.
EDITION = 2
#: For how long, in seconds, an index that cannot be opened is left alone before it is tried again.
RETRY_SECONDS = 30.0
#: After so many instructions of its machine SQLite asks whether to go on.
INSTRUCTIONS_A_LOOK = 10_000


class SearchIndex:
    """Finds messages by their words (SQLite FTS5). Its rows have the keys of the messages.

    It has a file of its own so that indexing never makes a publisher wait for SQLite's one writer.
    A file that is damaged, or that belongs to another record, is made anew. One that cannot be opened
    leaves the journal without search, until `recover` can open it. Raises `sqlite3.Error`.
    """

    def __init__(self, path: Path, epoch: str) -> None:
        self.available = True
        self._path = path
        self._epoch = f"{epoch}/{EDITION}"
        self._failure: Exception | None = None
        self._next_try = 0.0
        # Guards _connection.
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._open()

    def recover(self) -> bool:
        """Open an index that could not be opened; return whether that has just happened.

        Raises what is wrong with it, from time to time.
        """
        if self._failure is None or time.monotonic() < self._next_try:
            return False
        if (failure := self._open()) is not None:
            raise failure
        return True

    def renew(self) -> None:
        """Forget everything: the index is made anew from the journal."""
        with self._lock:
            self._connection.close()
            self._connection = self._anew()

    def _open(self) -> Exception | None:
        """Open the file, or note why that cannot be done."""
        with self._lock:
            try:
                connection = self._opened_or_anew()
            except (sqlite3.Error, OSError) as error:
                self.available = False
                self._failure = error
                self._next_try = time.monotonic() + RETRY_SECONDS
                return error
            self._connection.close()
            self._connection = connection
            self._failure = None
            return None

    def _opened_or_anew(self) -> sqlite3.Connection:
        self.available = True
        try:
            connection = self._opened()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return self._anew()
        try:
            if not self.available or self._is_own(connection):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return self._anew()

    def reached(self) -> dict[int, int]:
        """Return the last key that is indexed of each room, by its number."""
        if not self.available:
            return {}
        with self._lock:
            return dict(self._connection.execute("SELECT room, key FROM done"))

    def add(self, room: int, reached: int, texts: Iterable[tuple[int, str]]) -> None:
        """Index texts of a room by their keys; all up to the key `reached` is then indexed."""
        with self._lock, transaction(self._connection):
            rows = [(key, spelled(tokens(text))) for key, text in texts]
            self._connection.executemany("INSERT OR REPLACE INTO messages (rowid, text) VALUES (?, ?)", rows)
            self._connection.execute("INSERT OR REPLACE INTO done VALUES (?, ?)", (room, reached))

    def remove(self, low: int, high: int) -> None:
        """Forget the messages with keys from `low` to `high`."""
        if self.available:
            with self._lock:
                self._connection.execute("DELETE FROM messages WHERE rowid BETWEEN ? AND ?", (low, high))

    def find(
        self, words: str, low: int, high: int, limit: int, time_left: SearchTime | None = None
    ) -> list[int]:
        """Return the highest keys from `low` to `high` with all the words, the highest first.

        Raises `UnavailableError` if SQLite was built without FTS5, or if it takes too long.
        """
        time_left = time_left or SearchTime()
        if self._failure is not None:
            raise UnavailableError("search is unavailable at the moment: its index cannot be opened")
        if not self.available:
            raise UnavailableError("search is unavailable: this server's SQLite was built without FTS5")
        wanted = " ".join(f'"{spelled(phrase)}"' for phrase in phrases(words))
        if not wanted:
            return []
        query = (
            "SELECT rowid FROM messages WHERE messages MATCH ? AND rowid BETWEEN ? AND ?"
            " ORDER BY rowid DESC LIMIT ?"
        )
        with self._lock:
            self._connection.set_progress_handler(lambda: time_left.is_over, INSTRUCTIONS_A_LOOK)
            try:
                return [key for (key,) in self._connection.execute(query, (wanted, low, high, limit))]
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                    raise too_long() from None
                raise
            finally:
                self._connection.set_progress_handler(None, 0)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        connection = connect(self._path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")  # what a power cut takes is indexed again
            connection.executescript(_TABLES)
            connection.execute(
                "INSERT INTO about SELECT ? WHERE NOT EXISTS (SELECT * FROM about)", (self._epoch,)
            )
        except sqlite3.Error as error:
            if "no such module" not in str(error):
                connection.close()
                raise
            self.available = False
        return connection

    def _anew(self) -> sqlite3.Connection:
        for ending in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        return self._opened()

    def _is_own(self, connection: sqlite3.Connection) -> bool:
        return connection.execute("SELECT epoch FROM about").fetchall() == [(self._epoch,)]


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the file itself is at fault, so that nothing but a new one helps."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
