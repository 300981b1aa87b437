"""The file: which are taken, how an older one is brought up, what its errors say."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.sqlite import schema
from chat_server.journal.sqlite.schema import APPLICATION_ID, MIGRATIONS, prepare
from chat_server.sqlite_file import connect, connect_read_only
from tests.chat_server.journal.support import filled, ids
from tests.support.world import record

OLDER = "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL); CREATE TABLE words (word TEXT)"
BROKEN = "INSERT INTO nowhere VALUES (1)"
NEWER = "ALTER TABLE words ADD COLUMN language TEXT; INSERT INTO words VALUES ('new', 'en')"


def prepared(path: Path) -> sqlite3.Connection:
    """Return a connection to a file that is prepared."""
    connection = connect(path)
    try:
        prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def made(path: Path, script: str) -> Path:
    """Make an SQLite file by a script."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def test_a_new_file_is_marked_and_for_its_owner_alone(tmp_path: Path) -> None:
    """`file` and other programs can tell what it is, and other users cannot read it."""
    with closing(prepared(tmp_path / "chat.db")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert stat.S_IMODE((tmp_path / "chat.db").stat().st_mode) == 0o600


def test_prepare_changes_nothing_in_a_file_that_is_current(tmp_path: Path) -> None:
    """Epoch and secret stay."""
    with closing(prepared(tmp_path / "chat.db")) as connection:
        before = connection.execute("SELECT * FROM meta").fetchall()
    with closing(prepared(tmp_path / "chat.db")) as connection:
        assert connection.execute("SELECT * FROM meta").fetchall() == before
        assert [name for name, _ in before] == ["epoch", "secret"]


def test_an_older_file_is_brought_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each missing script runs once, on top of what is there."""
    path = tmp_path / "chat.db"
    monkeypatch.setattr(schema, "MIGRATIONS", (OLDER,))
    with closing(prepared(path)) as connection:
        connection.execute("INSERT INTO words VALUES ('old')")
    monkeypatch.setattr(schema, "MIGRATIONS", (OLDER, NEWER))
    for _ in range(2):
        with closing(prepared(path)) as connection:
            assert connection.execute("SELECT * FROM words").fetchall() == [("old", None), ("new", "en")]
            assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_an_interrupted_migration_leaves_the_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script runs wholly or not at all, and the next start does it again."""
    path = tmp_path / "chat.db"
    monkeypatch.setattr(schema, "MIGRATIONS", (OLDER,))
    prepared(path).close()
    monkeypatch.setattr(schema, "MIGRATIONS", (OLDER, f"{NEWER}; {BROKEN}"))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        prepared(path)
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT * FROM words").fetchall() == []
    monkeypatch.setattr(schema, "MIGRATIONS", (OLDER, NEWER))
    with closing(prepared(path)) as connection:
        assert connection.execute("SELECT * FROM words").fetchall() == [("new", "en")]


def test_a_journal_that_is_brought_up_serves(tmp_path: Path) -> None:
    """A file that a killed server left empty is as good as a new one."""
    path = tmp_path / "chat.db"
    made(path, "PRAGMA journal_mode = WAL")
    with closing(filled(path, 2)) as journal:
        assert ids(journal.read("lobby", 0, 2, 10).frames) == [1, 2]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("CREATE TABLE songs (title)", "another program"),
        ("PRAGMA user_version = 1", "another program"),
        ("PRAGMA application_id = 7", "another program"),
        (f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 99", "newer version"),
    ],
)
def test_a_foreign_or_newer_file_is_left_as_it_is(tmp_path: Path, script: str, complaint: str) -> None:
    """It is named as what it is, and not one byte of it changes."""
    path = made(tmp_path / "chat.db", script)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=complaint):
        prepared(path)
    assert path.read_bytes() == before


def test_a_closed_journal_can_be_read_where_its_folder_cannot_be_written(
    unprivileged: Callable[[], Path],
) -> None:
    """SQLite would lay files beside it; where nobody writes, it is read without them."""
    folder = unprivileged()
    path = folder / "chat.db"
    prepared(path).close()
    folder.chmod(0o500)
    with closing(connect_read_only(path)) as connection:
        assert connection.execute("SELECT count(*) FROM meta").fetchone() == (2,)
    assert os.listdir(folder) == ["chat.db"]  # noqa: PTH208  # names, to compare


def test_a_file_of_an_older_version_is_not_just_read(tmp_path: Path) -> None:
    """An export of it says to start the server once."""
    with closing(filled(tmp_path / "chat.db", 2)) as journal:
        journal.commit([record("lobby", 3, 3)])
    made(tmp_path / "chat.db", "PRAGMA user_version = 0")
    with (
        closing(connect_read_only(tmp_path / "chat.db")) as connection,
        pytest.raises(JournalError, match="once"),
    ):
        schema.current(connection, tmp_path / "chat.db")
