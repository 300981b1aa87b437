"""The store in a file."""

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import StoreError
from chat_server.store.sqlite import SqliteStore, beside, copy
from tests.chat_server.store.test_base import naming


def test_it_is_there_after_a_restart_and_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds the hashes of passwords."""
    path = tmp_path / "chat.db-store"
    with closing(SqliteStore(path)) as store:
        ann = store.add(naming("ann"), "hash")
        store.set_positions({(1, "lobby"): 7})
    with closing(SqliteStore(path)) as store:
        assert store.find("ann") == ann
        assert store.positions(1) == {"lobby": 7}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_process_may_change_it(tmp_path: Path) -> None:
    """Which is seen; what was changed here is no news."""
    path = tmp_path / "chat.db-store"
    with closing(SqliteStore(path)) as server, closing(SqliteStore(path)) as shell:
        server.add(naming("ann"), "")
        assert not server.changed()
        assert shell.add(naming("bob"), "") is not None
        assert [server.changed(), server.changed()] == [True, False]
        assert server.find("bob") is not None


def test_a_number_is_never_given_again(tmp_path: Path) -> None:
    """What was said to an account that is gone is nobody else's."""
    path = tmp_path / "chat.db-store"
    with closing(SqliteStore(path)) as store:
        first = store.add(naming("ann"), "")
        assert first is not None
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM accounts")
            connection.execute("DELETE FROM names")
        second = store.add(naming("bob"), "")
    assert second is not None
    assert second.number > first.number


def test_it_lies_beside_the_journal(tmp_path: Path) -> None:
    """Beside the file itself, if the setting names a link; in memory if the journal is."""
    (tmp_path / "link.db").symlink_to(tmp_path / "chat.db")
    (tmp_path / "chat.db").touch()
    assert beside(f"sqlite:{tmp_path}/link.db") == (tmp_path / "chat.db-store").resolve()
    assert beside("memory") is None


def test_a_copy_is_one_file_that_serves(tmp_path: Path) -> None:
    """Beside the server that goes on."""
    with closing(SqliteStore(tmp_path / "chat.db-store")) as store:
        store.add(naming("ann"), "hash")
        copy(tmp_path / "chat.db-store", tmp_path / "copy")
        store.add(naming("bob"), "hash")
    assert not list(tmp_path.glob("copy-*"))
    with closing(SqliteStore(tmp_path / "copy")) as copied:
        assert [each.name for each in copied.accounts()] == ["ann"]


def test_a_copy_that_fails_leaves_no_half(tmp_path: Path) -> None:
    """Nobody takes it for a backup."""
    (tmp_path / "chat.db-store").write_text("no database; " * 500)
    with pytest.raises(StoreError):
        copy(tmp_path / "chat.db-store", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    """And is left as it is."""
    path = tmp_path / "chat.db-store"
    path.write_text("hello, this is no database at all; " * 100)
    with pytest.raises(StoreError, match=r"chat\.db-store: it is no SQLite file"):
        SqliteStore(path)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(tmp_path / "nowhere" / "chat.db-store")


def test_a_fault_is_told_and_takes_nothing_back(tmp_path: Path) -> None:
    """A file that somebody holds for too long: the others' reads go on, and the next write."""
    path = tmp_path / "chat.db-store"
    with closing(SqliteStore(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        store.add(naming("ann"), "hash")
        store.file.connection.execute("PRAGMA busy_timeout = 1")  # a test does not wait for 2 s
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds it"):
            store.add(naming("bob"), "hash")
        assert [each.name for each in store.accounts()] == ["ann"]
        other.execute("ROLLBACK")
        assert store.add(naming("bob"), "hash") is not None


def test_any_thread_may_use_it() -> None:
    """Each connection has one of its own."""
    with closing(SqliteStore(None)) as store:
        threads = [threading.Thread(target=store.add, args=(naming(f"bot{n}"), "")) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.accounts()) == 8
