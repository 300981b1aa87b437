"""A check finds what is wrong and says it in plain words."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.calendar import Clocks
from chat_server.journal.sqlite.check import Report, check
from tests.chat_server.journal.support import Now, filled, settled
from tests.support.world import frames, record


def inspected(path: Path) -> Report:
    """Check, without showing progress."""
    return check(path, lambda *_: None)


def tampered(path: Path, statement: str, *values: object) -> Path:
    """Change a closed journal's file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, values)
        connection.commit()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a closed journal: ten messages in the lobby, two a row, and one in den."""
    with closing(filled(tmp_path / "chat.db")) as journal:
        journal.commit([record("den", 1, 1)])
    return tmp_path / "chat.db"


def test_a_sound_journal_has_no_problems(path: Path) -> None:
    """All is counted."""
    assert inspected(path) == Report(rooms=2, messages=11, problems=[])


def test_it_can_be_checked_while_a_server_uses_it(tmp_path: Path) -> None:
    """Also what lies in the write-ahead log alone; and it is left as it is."""
    with closing(filled(tmp_path / "chat.db")) as journal:
        before = journal.path.read_bytes()
        assert inspected(journal.path) == Report(1, 10, [])
        assert journal.path.read_bytes() == before
        journal.commit([record("lobby", 11, 11, 20.0)])


def test_what_retention_took_is_no_gap(tmp_path: Path) -> None:
    """The room's row says up to where; all gone is no problem either."""
    with closing(filled(tmp_path / "chat.db", 10, keep=4)) as journal:
        assert inspected(settled(journal).path) == Report(1, 4, [])
    with closing(filled(tmp_path / "b.db", 10, keep_seconds=1.0, clocks=Clocks(Now(1000.0)))) as journal:
        assert inspected(settled(journal).path) == Report(1, 0, [])


LOBBY = 1 << 40


@pytest.mark.parametrize(
    ("statement", "values", "problem"),
    [
        ("DELETE FROM batches WHERE first = 5", (), "ids 5 to 6 are missing"),
        ("DELETE FROM batches WHERE key < ?", (LOBBY + 3,), "ids 1 to 2 are missing"),
        ("UPDATE batches SET first = 4 WHERE first = 5", (), "ids 4 to 4 are there twice"),
        (
            "UPDATE batches SET ts = 2.0 WHERE first = 5",
            (),
            "time goes back at id 5, from 3.0 to 2.0",
        ),
        (
            "UPDATE batches SET frames = ? WHERE first = 5",
            (frames("lobby", 5, 5),),
            "the row of ids 5 to 6 holds messages with the ids 5",
        ),
        (
            "UPDATE batches SET frames = ? WHERE first = 5",
            (frames("lobby", 1, 12),),
            "the row of ids 5 to 6 holds messages with the ids 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more",
        ),
        (
            "UPDATE batches SET frames = ? WHERE first = 5",
            (b"",),
            "the row of ids 5 to 6 holds messages with the ids none",
        ),
        (
            "DELETE FROM rooms WHERE name = 'den'",
            (),
            "there are messages of a room without a name (number 2)",
        ),
    ],
)
def test_a_problem_is_named(path: Path, statement: str, values: tuple[object, ...], problem: str) -> None:
    """The room, the ids, and what is wrong with them."""
    problems = inspected(tampered(path, statement, *values)).problems
    assert any(each.removeprefix("room lobby: ") == problem for each in problems), problems


@pytest.mark.parametrize("garbage", [b"{", b'{"text":"\xff","id":5}\n', b"[1]\n"])
def test_frames_that_cannot_be_read_are_named(path: Path, garbage: bytes) -> None:
    """And the others are looked at all the same."""
    report = inspected(tampered(path, "UPDATE batches SET frames = ? WHERE first = 5", garbage))
    assert len(report.problems) == 1
    assert "room lobby: the messages with ids 5 to 6 cannot be read" in report.problems[0]
    assert report.messages == 11


def test_a_damaged_file_is_told_and_looked_at_as_far_as_it_goes(tmp_path: Path) -> None:
    """SQLite's own words say what it found."""
    path = tmp_path / "chat.db"
    filled(path, 2000).close()
    data = bytearray(path.read_bytes())
    data[4096 * 10 : 4096 * 12] = b"\xff" * 8192
    path.write_bytes(data)
    report = inspected(path)
    assert report.problems
    assert all("damaged" in problem for problem in report.problems)


def test_what_is_no_journal_is_an_error(tmp_path: Path) -> None:
    """Not a journal with problems."""
    (tmp_path / "diary").write_bytes(b"dear diary " * 1000)
    with pytest.raises(JournalError, match="no SQLite file"):
        inspected(tmp_path / "diary")
    with pytest.raises(JournalError, match="is it there"):
        inspected(tmp_path / "typo")


def test_progress_reaches_the_end(path: Path) -> None:
    """It counts rows."""
    shown: list[tuple[int, int]] = []
    check(path, lambda done, total: shown.append((done, total)))
    assert shown == [(number, 6) for number in range(1, 7)]
