"""SQLite files: how they are opened, and what their errors say."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError, StorageError, StoreError
from chat_server.sqlite_file import (
    Format,
    bring_up,
    connect,
    connect_read_only,
    failure,
    transaction,
    translated,
)

WORDS = Format(7, ("CREATE TABLE words (word TEXT NOT NULL UNIQUE)",), StoreError)


def prepared(path: Path) -> sqlite3.Connection:
    """Return a connection to a file with a table of words."""
    connection = connect(path)
    bring_up(connection, path, WORDS)
    return connection


def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    """What means something in a URI means nothing in a path."""
    path = tmp_path / "50% ?mode=memory#1.db"
    prepared(path).close()
    assert path.stat().st_size > 0


def test_a_transaction_is_whole_or_nothing(tmp_path: Path) -> None:
    """What fails within it takes back all of it, and the connection can be used on."""
    with closing(prepared(tmp_path / "chat.db")) as connection:
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.executemany("INSERT INTO words VALUES (?)", iter([("a",), ("a",)]))
        with transaction(connection):
            connection.execute("INSERT INTO words VALUES ('b')")
        names = [name for (name,) in connection.execute("SELECT word FROM words")]
    assert names == ["b"]


def test_reading_only_never_writes(tmp_path: Path) -> None:
    """It is refused by SQLite itself."""
    path = tmp_path / "chat.db"
    prepared(path).close()
    with (
        closing(connect_read_only(path)) as connection,
        pytest.raises(JournalError, match="cannot be written"),
        translated(path),
    ):
        connection.execute("DELETE FROM words")


def test_reading_only_makes_no_file(tmp_path: Path) -> None:
    """A mistyped path is an error, not an empty journal."""
    with pytest.raises(sqlite3.OperationalError):
        connect_read_only(tmp_path / "typo.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("SQLITE_FULL", "make room"),
        ("SQLITE_READONLY_DIRECTORY", "owner and mode"),
        ("SQLITE_IOERR_WRITE", "system's log"),
        ("SQLITE_CORRUPT", "chat-server check"),
        ("SQLITE_BUSY_SNAPSHOT", "another program"),
    ],
)
def test_an_error_says_what_to_do(name: str, advice: str) -> None:
    """The path, what to do, and SQLite's own words."""
    error = sqlite3.OperationalError("its own words")
    error.sqlite_errorname = name
    text = str(failure(Path("chat.db"), error))
    assert text.startswith("chat.db: ")
    assert advice in text
    assert "its own words" in text


def test_an_error_that_is_unknown_keeps_its_words() -> None:
    """Nothing is made up."""
    assert str(failure(Path("chat.db"), sqlite3.ProgrammingError("odd"))) == "chat.db: odd"


@pytest.mark.parametrize("kind", [JournalError, StoreError])
def test_an_error_is_of_the_kind_that_was_asked_for(kind: type[StorageError]) -> None:
    """Whoever catches it knows which file it was."""
    with (
        pytest.raises(kind, match="no such table"),
        translated(Path("x.db"), kind),
        closing(sqlite3.connect(":memory:")) as connection,
    ):
        connection.execute("SELECT 1 FROM songs")


@pytest.mark.parametrize(
    ("mark", "version", "complaint"),
    [(8, 0, "another program"), (7, 2, "newer version .schema 2")],
)
def test_a_file_of_another_format_is_left_alone(
    tmp_path: Path, mark: int, version: int, complaint: str
) -> None:
    """And named as what it is, in the format's own error."""
    path = tmp_path / "x.db"
    with closing(connect(path)) as connection:
        connection.executescript(f"PRAGMA application_id = {mark}; PRAGMA user_version = {version}")
        with pytest.raises(StoreError, match=complaint):
            bring_up(connection, path, WORDS)
