"""The file of the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import StoreError
from chat_server.sqlite_file import connect
from chat_server.store.file import FORMAT, StoreFile


def test_what_is_written_is_whole_or_nothing(tmp_path: Path) -> None:
    """A fault within takes all of it back, and the file can be used on."""
    file = StoreFile(tmp_path / "store")

    def write_twice() -> None:
        with file.writing() as execute:
            execute("INSERT INTO names VALUES ('a', 1)")
            execute("INSERT INTO names VALUES ('a', 2)")

    with pytest.raises(StoreError):
        write_twice()
    assert file.rows("SELECT * FROM names") == []
    with file.writing() as execute:
        execute("INSERT INTO names VALUES ('a', 1)")
    assert file.row("SELECT account FROM names WHERE key = ?", "a") == (1,)
    file.close()


def test_an_older_file_is_brought_up(tmp_path: Path) -> None:
    """With what it has."""
    path = tmp_path / "store"
    with closing(connect(path)) as connection:
        connection.executescript(
            f"{FORMAT.scripts[0]}; PRAGMA application_id = {FORMAT.mark}; PRAGMA user_version = 1"
        )
        connection.execute("INSERT INTO names VALUES ('a', 1)")
    file = StoreFile(path)
    assert file.rows("SELECT * FROM names") == [("a", 1)]
    assert file.rows("SELECT * FROM bans") == []
    file.close()


def test_a_store_in_memory_goes_with_whoever_held_it() -> None:
    """Its connection is closed, though nobody said so."""
    file = StoreFile(None)
    connection = file.connection
    del file
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
