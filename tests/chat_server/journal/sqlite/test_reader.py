"""Reading: pages, places in time, and one moment at a time."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.errors import JournalError
from chat_server.journal.base import PAGE_BYTES
from chat_server.journal.calendar import Clocks
from chat_server.journal.sqlite import reader as module
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.journal.sqlite.reader import Reader
from tests.chat_server.journal.support import Now, filled, ids, referred, settled
from tests.support.world import record


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Return the path of a journal with ten messages, which a server has open."""
    with closing(filled(tmp_path / "chat.db")):
        yield tmp_path / "chat.db"


@pytest.mark.parametrize("after", [0, 1, 2, 9, 10, 11])
@pytest.mark.parametrize("upto", [0, 1, 5, 10, 99])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_a_page_has_what_was_asked_for(path: Path, after: int, upto: int, limit: int) -> None:
    """Within both ends and the limit, wherever a row begins."""
    with closing(Reader(path)) as reader:
        page = reader.read("lobby", after, upto, limit)
        assert ids(page.frames) == list(range(after + 1, min(upto, 10) + 1))[:limit]
        assert page.last == page.after + len(ids(page.frames))
        assert page.after == after


def test_a_page_ends_at_its_size_but_is_never_empty_before_the_end(tmp_path: Path) -> None:
    """Reading on from where each ends gives every message once."""
    with closing(SqliteJournal(tmp_path / "chat.db")) as journal:
        sizes = [1000, 200_000, 300_000, 10, 400_000, 5]
        for id_, size in enumerate(sizes, 1):
            journal.commit([record("lobby", id_, id_, 1.0, "m" * size)])
        position, pages = 0, []
        while (page := journal.read("lobby", position, 6, 100)).frames:
            pages.append(ids(page.frames))
            assert len(page.frames) <= PAGE_BYTES or len(pages[-1]) == 1
            position = page.last
        assert pages == [[1, 2], [3], [4], [5], [6]]


def test_an_unknown_room_is_empty(path: Path) -> None:
    """It never had a message."""
    with closing(Reader(path)) as reader:
        assert reader.bounds("nowhere") == (1, 0, 0.0)
        assert reader.read("nowhere", 0, 99, 10) == (0, 0, b"")
        assert reader.id_at("nowhere", 1.0) == 1


def test_what_retention_took_is_a_gap_at_the_beginning(tmp_path: Path) -> None:
    """A page begins where the kept messages do, also where none is."""
    with closing(filled(tmp_path / "chat.db", 10, keep=4)) as journal:
        settled(journal)
        assert journal.bounds("lobby") == (7, 10, 9.0)
        assert journal.read("lobby", 2, 10, 2).after == 6
        assert ids(journal.read("lobby", 2, 10, 2).frames) == [7, 8]
        assert journal.id_at("lobby", 0.0) == 7


def test_where_all_is_gone_a_page_ends_at_the_last_id(tmp_path: Path) -> None:
    """Who replays a room does not wait for what is not there."""
    now = Now(0.0)
    with closing(filled(tmp_path / "chat.db", 10, keep_seconds=5.0, clocks=Clocks(now, now))) as journal:
        now.now = 1000.0
        settled(journal)
        assert journal.read("lobby", 2, 10, 100) == (10, 10, b"")


@given(
    rows=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=30),
    ts=st.integers(-1, 100),
    keep=st.integers(0, 20),
)
def test_a_place_in_time_is_what_a_walk_would_find(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int]], ts: int, keep: int
) -> None:
    """Rows of any length, times that stand still or jump, with and without retention."""
    path = tmp_path_factory.mktemp("halves") / "chat.db"
    with closing(SqliteJournal(path, "none", keep)) as journal:
        last = time = 0
        stored: list[tuple[int, int]] = []
        for length, step in rows:
            time += step
            journal.commit([record("lobby", last + 1, last + length, float(time))])
            stored += [(id_, time) for id_ in range(last + 1, last + length + 1)]
            last += length
        settled(journal)
        first = journal.bounds("lobby").first
        wanted = next((id_ for id_, when in stored if id_ >= first and when >= ts), last + 1)
        assert journal.id_at("lobby", float(ts)) == wanted


def test_a_moment_stays_while_a_server_goes_on(tmp_path: Path) -> None:
    """What is stored meanwhile is seen afterwards."""
    with closing(SqliteJournal(tmp_path / "other.db")) as journal, closing(Reader(journal.path)) as reader:
        journal.commit([record("lobby", 1, 1)])
        with reader.snapshot() as connection:
            count = "SELECT count(*) FROM batches"
            assert connection.execute(count).fetchone() == (1,)
            journal.commit([record("lobby", 2, 2)])
            assert connection.execute(count).fetchone() == (1,)
        with reader.snapshot() as connection:
            assert connection.execute(count).fetchone() == (2,)


def test_the_refs_of_long_ago_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start reads of each room what was said lately, however much there is."""
    monkeypatch.setattr(module, "RESEND_SECONDS", 10.0)
    with closing(SqliteJournal(tmp_path / "chat.db")) as journal:
        journal.commit([referred("lobby", 1, "ann", "old", ts=89.0), referred("den", 1, "ann", "x", ts=2.0)])
        journal.commit([referred("lobby", 2, "ann", "new", ts=90.0), record("lobby", 3, 3, 100.0)])
        assert list(journal.refs_of(journal.published()["ann"])) == ["x", "new"]


def test_an_empty_file_is_no_journal_yet(tmp_path: Path) -> None:
    """Nothing is made of it by reading."""
    (tmp_path / "chat.db").touch()
    with pytest.raises(JournalError, match="is empty; start chat-server on it once"):
        Reader(tmp_path / "chat.db")
