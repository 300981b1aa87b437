"""The keys of a record's runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chat_server.journal.base import FormerKey
from chat_server.journal.sqlite import token_keys
from chat_server.journal.sqlite.schema import prepare
from chat_server.journal.sqlite.token_keys import former, rotate
from chat_server.sqlite_file import connect


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection to a new record."""
    path = tmp_path / "chat.db"
    with closing(connect(path)) as connection:
        prepare(connection, path)
        yield connection


def meta(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return what the record says of itself."""
    return dict(connection.execute("SELECT name, value FROM meta"))


def test_a_record_that_was_never_served_has_no_former_keys(connection: sqlite3.Connection) -> None:
    """Nor has one of a server from before there were any."""
    assert former(meta(connection)) == []


def test_a_run_has_a_new_key_and_the_one_before_is_known(connection: sqlite3.Connection) -> None:
    """The latest first; all else that the record says of itself stays."""
    before = meta(connection)
    rotate(connection, 5.0)
    between = meta(connection)
    rotate(connection, 4.0)  # the clock was set back
    after = meta(connection)
    assert former(after) == [FormerKey(between["secret"], 4.0), FormerKey(before["secret"], 5.0)]
    assert len({before["secret"], between["secret"], after["secret"]}) == 3
    assert len(after["secret"]) == 32
    assert after["epoch"] == before["epoch"]


def test_only_so_many_are_kept(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes, so that a loop of crashes does not fill the record."""
    monkeypatch.setattr(token_keys, "KEPT_KEYS", 2)
    for now in (1.0, 2.0, 3.0):
        rotate(connection, now)
    assert [each.retired for each in former(meta(connection))] == [3.0, 2.0]


def test_a_failure_changes_nothing(connection: sqlite3.Connection) -> None:
    """A key that is in use is never lost half-way."""
    before = meta(connection)
    connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON meta WHEN new.name = 'former'"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="refused"):
        rotate(connection, 5.0)
    assert meta(connection) == before
