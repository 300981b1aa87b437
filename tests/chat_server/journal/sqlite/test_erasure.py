"""Takes what one person said out of a journal's file for good."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.sqlite.check import check
from chat_server.journal.sqlite.erasure import erase
from chat_server.journal.sqlite.journal import SqliteJournal
from tests.chat_server.journal.factories import settle
from tests.chat_server.journal.test_base import change
from tests.support.world import record


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def texts(journal: SqliteJournal, room: str = "lobby") -> list[str]:
    """Return the texts of a room."""
    return [json.loads(line).get("text", "") for line in journal.read(room, 0, 99, 99).frames.splitlines()]


def test_their_texts_are_gone_from_the_file(tmp_path: Path) -> None:
    """Also those of edits, and from the index; places, ids and what others said stay."""
    path = tmp_path / "chat.db"
    with closing(SqliteJournal(path)) as journal:
        journal.commit([record("lobby", 1, 2, 1.0, "kept"), record("@me", 1, 2, 1.0, "tomeprivately")])
        journal.commit([record("lobby", 3, 4, 1.0, "topsecretword")])
        change(journal, 3, "topsecretedit")
        settle(journal)
    gone = erase(path, lambda frame: "topsecret" in frame["text"], "@me", nothing)
    assert gone == 5
    for file in tmp_path.iterdir():
        data = file.read_bytes()
        assert b"topsecret" not in data, file
        assert b"tomeprivately" not in data, file
    assert check(path, nothing).problems == []
    with closing(SqliteJournal(path)) as journal:
        settle(journal)
        assert texts(journal) == ["kept 1", "kept 2", "", "", ""]
        assert journal.search("topsecretword", ["lobby"], 9) == []
        assert len(journal.search("kept", ["lobby"], 9)) == 2
        assert journal.bounds("@me")[:2] == (3, 2)


def test_a_server_that_runs_keeps_its_file(tmp_path: Path) -> None:
    """It is said that it must end first."""
    path = tmp_path / "chat.db"
    with closing(SqliteJournal(path)) as journal:
        journal.commit([record("lobby", 1, 1, 1.0, "still here")])
        with pytest.raises(JournalError, match="used by another server; end that one"):
            erase(path, lambda _: True, "@me", nothing)
        assert texts(journal) == ["still here 1"]
