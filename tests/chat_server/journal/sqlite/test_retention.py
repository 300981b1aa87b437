"""Retention: too many or too old, a little at a time; ids go on."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from chat_protocol.messages import Join
from chat_server.errors import JournalError
from chat_server.journal.calendar import Clocks
from chat_server.journal.sqlite import journal as journal_module
from chat_server.journal.sqlite import retention as module
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.journal.sqlite.retention import AGE_LOOK_SECONDS, DOUBT_SECONDS, ROWS_A_STEP
from tests.chat_server.journal.support import Now, filled, ids, settled
from tests.support.world import Client, World, record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be."""
    return tmp_path / "chat.db"


@pytest.mark.parametrize(("keep", "first"), [(1, 9), (2, 9), (3, 7), (9, 1), (10, 1), (99, 1), (0, 1)])
def test_at_least_so_many_messages_are_kept(path: Path, keep: int, first: int) -> None:
    """And no more than the row needs that they begin in."""
    with closing(filled(path, 10, keep=keep)) as journal:
        assert settled(journal).bounds("lobby") == (first, 10, 9.0)
        assert ids(journal.read("lobby", 0, 10, 100).frames) == list(range(first, 11))


@pytest.mark.parametrize(("age", "first"), [(0.0, 1), (100.0, 1), (7.0, 3), (6.9, 5), (0.5, 11)])
def test_what_is_too_old_goes(path: Path, age: float, first: int) -> None:
    """The last row is of second 9, and it is second 10."""
    with closing(filled(path, 10, keep_seconds=age, clocks=Clocks(Now(10.0)))) as journal:
        assert settled(journal).bounds("lobby") == (first, 10, 9.0)


def test_the_stricter_of_both_counts(path: Path) -> None:
    """Whatever either asks for goes."""
    with closing(filled(path, 10, keep=6, keep_seconds=5.0, clocks=Clocks(Now(10.0)))) as journal:
        assert settled(journal).bounds("lobby").first == 5
    with closing(SqliteJournal(path, keep=2, keep_seconds=5.0, clocks=Clocks(Now(10.0)))) as journal:
        assert settled(journal).bounds("lobby").first == 9


def test_ids_and_time_go_on_after_everything_is_gone(path: Path) -> None:
    """Also after a restart: no id is given twice."""
    with closing(filled(path, 10, keep_seconds=5.0, clocks=Clocks(Now(1000.0)))) as journal:
        assert settled(journal).bounds("lobby") == (11, 10, 9.0)
    with closing(SqliteJournal(path)) as journal:
        assert journal.bounds("lobby") == (11, 10, 9.0)
        journal.commit([record("lobby", 11, 11, 12.0)])
        assert journal.bounds("lobby") == (11, 11, 12.0)


def test_search_forgets_too(path: Path) -> None:
    """What is gone is not found, and the index gets rid of it."""
    with closing(filled(path, 10)) as journal:
        settled(journal)
        assert len(journal.search("m", ["lobby"], 100)) == 10
    with closing(SqliteJournal(path, keep=4)) as journal:
        journal.trim()
        assert ids(b"".join(journal.search("m", ["lobby"], 100))) == [10, 9, 8, 7]
        settled(journal)
        assert len(journal._indexer._index.find("m", 0, 1 << 62, 100)) == 4  # noqa: SLF001  # it takes no room


def test_a_long_backlog_is_removed_a_step_at_a_time(path: Path) -> None:
    """No publisher waits for all of it, and there is no pause until it is done."""
    rows = ROWS_A_STEP * 2 + 10
    with closing(filled(path, rows * 2)) as journal:
        pass
    with closing(SqliteJournal(path, keep=2)) as journal:
        journal.trim()
        assert journal.bounds("lobby").first == ROWS_A_STEP * 2 + 1
        assert journal.behind
        journal.trim()
        journal.trim()
        journal.trim()
        assert journal.bounds("lobby").first == rows * 2 - 1


def test_whoever_floods_makes_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If `trim` never gets its turn, commits remove more than they store: nothing grows without end."""
    monkeypatch.setattr(journal_module, "LATE_COMMITS", 20)
    with closing(SqliteJournal(path, keep=5)) as journal:
        kept = []
        for id_ in range(1, 301):
            journal.commit([record("lobby", id_, id_)])
            if id_ % 10 == 0:
                journal.upkeep()
            kept.append(id_ - journal.bounds("lobby").first)
        assert max(kept) <= 5 + 20 + 10
        journal.trim()
        assert journal.bounds("lobby").first == 296


def test_what_could_not_be_removed_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is it forgotten, nor does what was stored beside it fail."""
    monkeypatch.setattr(journal_module, "LATE_COMMITS", 0)
    with closing(filled(path, 10)) as journal:
        pass
    with closing(SqliteJournal(path, keep=2)) as journal:
        with monkeypatch.context() as patched:
            patched.setattr(module, "transaction", broken)
            with pytest.raises(JournalError, match="told to"):
                journal.trim()
            journal.commit([record("lobby", 11, 11, 20.0)])
        assert journal.bounds("lobby") == (1, 11, 20.0)
        assert journal.behind
        journal.trim()
        assert journal.bounds("lobby").first == 9


def broken(_connection: sqlite3.Connection) -> NoReturn:
    """Fail as a disk does."""
    raise sqlite3.OperationalError("told to")


def test_many_rooms_are_looked_at_a_few_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets its turn."""
    monkeypatch.setattr(module, "ROOMS_A_STEP", 3)
    with closing(SqliteJournal(path, keep=1)) as journal:
        rooms = [f"room{number}" for number in range(8)]
        journal.commit([record(room, id_, id_) for room in rooms for id_ in (1, 2)])
        journal.upkeep()
        left = []
        for _ in range(3):
            journal.trim()
            left.append(sum(journal.bounds(room).first == 1 for room in rooms))
        assert left == [5, 2, 0]
        assert not journal._retention.behind  # noqa: SLF001  # it rests until something is said


def test_a_silent_room_ages(path: Path) -> None:
    """Where nothing is said, its age is looked at from time to time all the same."""
    now = Now(10.0)
    with closing(filled(path, 10, keep_seconds=30.0, clocks=Clocks(now, now))) as journal:
        assert settled(journal).bounds("lobby").first == 1
        now.now += AGE_LOOK_SECONDS - 1
        assert settled(journal).bounds("lobby").first == 1
        now.now += 1
        assert settled(journal).bounds("lobby").first == 11


DAY = 86_400.0


def test_a_clock_that_is_ahead_for_a_moment_removes_nothing(path: Path) -> None:
    """What is removed is gone: the clock must keep its course for an hour before it makes anything old."""
    now, monotonic = Now(10.0), Now(0.0)
    with closing(filled(path, 10, keep_seconds=30 * DAY, clocks=Clocks(now, monotonic))) as journal:
        for seconds in (40 * DAY, -40 * DAY, 400 * DAY, -400 * DAY):
            now.now += seconds
            for each in (now, monotonic):
                each.now += AGE_LOOK_SECONDS
            assert settled(journal).bounds("lobby").first == 1
        now.now += 40 * DAY
        settled(journal)
        for each in (now, monotonic):
            each.now += AGE_LOOK_SECONDS
        settled(journal)
        for each in (now, monotonic):
            each.now += DOUBT_SECONDS
        assert settled(journal).bounds("lobby").first == 11


def test_a_clock_that_is_ahead_at_the_start_removes_nothing(path: Path) -> None:
    """Age counts from the newest message on, until the clock has kept its course."""
    filled(path, 10).close()
    now, monotonic = Now(40 * DAY), Now(0.0)
    with closing(SqliteJournal(path, keep_seconds=30 * DAY, clocks=Clocks(now, monotonic))) as journal:
        assert settled(journal).bounds("lobby").first == 1
        now.now = 20.0
        monotonic.now = DOUBT_SECONDS + AGE_LOOK_SECONDS
        assert settled(journal).bounds("lobby").first == 1


def test_without_retention_everything_stays(path: Path) -> None:
    """It is not even looked at."""
    with closing(filled(path, 10)) as journal:
        assert settled(journal).bounds("lobby").first == 1


def test_who_comes_back_too_late_is_told_of_the_gap(path: Path) -> None:
    """JOINED says where what is kept begins, and the replay begins there."""
    with closing(filled(path, 10, room="den", keep=4)) as journal:
        settled(journal)
        client = Client(World(journal).hub)
        client.register("ann")
        client.outbox.clear()
        client.conversation.hub.join(client.session, Join("den", 3))
        assert client.outbox.messages[0].first == 7
        assert client.outbox.ids("den") == [7, 8, 9, 10]
