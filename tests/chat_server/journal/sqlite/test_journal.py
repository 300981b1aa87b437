"""The SQLite journal: what is stored is there after a restart, and a failure stores nothing."""

import itertools
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.base import FormerKey, Record
from chat_server.journal.calendar import Clocks
from chat_server.journal.sqlite import journal as module
from chat_server.journal.sqlite.journal import ROWS_A_STATEMENT, SYNCHRONOUS, SqliteJournal
from tests.chat_server.journal.support import filled, ids, referred, settled
from tests.support.world import record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be."""
    return tmp_path / "chat.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    """Return a journal with ten messages in the lobby."""
    with closing(filled(path)) as journal:
        yield journal


def full(journal: SqliteJournal) -> None:
    """Let the file grow no more, as a full disk would not."""
    pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001  # a disk of just this size
    journal._writer.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001  # likewise


def roomy(journal: SqliteJournal) -> None:
    """Let it grow again."""
    journal._writer.execute("PRAGMA max_page_count = 1073741823")  # noqa: SLF001  # SQLite's default


def until_full(journal: SqliteJournal) -> int:
    """Store large messages until the disk is full; return the last id that was stored."""
    full(journal)
    more = ([record("lobby", id_, id_, 20.0, "m" * 5000)] for id_ in itertools.count(11))
    with pytest.raises(JournalError, match="make room"):
        deque(map(journal.commit, more), maxlen=0)
    return journal.bounds("lobby").last


def test_everything_is_there_after_a_restart(path: Path) -> None:
    """Messages, epoch, and the ids go on."""
    with closing(filled(path)) as journal:
        before = journal.epoch, journal.read("lobby", 0, 10, 100)
    with closing(SqliteJournal(path)) as journal:
        assert (journal.epoch, journal.read("lobby", 0, 10, 100)) == before
        assert journal.bounds("lobby") == (1, 10, 9.0)


def test_each_run_has_a_key_of_its_own_and_knows_those_before(path: Path) -> None:
    """With the time at which the run after it began."""
    with closing(SqliteJournal(path, clocks=Clocks(lambda: 5.0))) as journal:
        first = journal.secret
    with closing(SqliteJournal(path, clocks=Clocks(lambda: 6.0))) as journal:
        second = journal.secret
        assert journal.former[0] == FormerKey(first, 6.0)
    with closing(SqliteJournal(path, clocks=Clocks(lambda: 7.5))) as journal:
        assert journal.former[:2] == [FormerKey(second, 7.5), FormerKey(first, 6.0)]
        assert journal.secret not in (first, second)


def test_a_killed_server_leaves_what_it_stored(path: Path, tmp_path: Path) -> None:
    """What lies in the write-ahead log alone counts."""
    with closing(filled(path)) as journal:
        for ending in ("", "-wal"):
            (tmp_path / f"copy{ending}").write_bytes((tmp_path / f"chat.db{ending}").read_bytes())
        with closing(SqliteJournal(tmp_path / "copy")) as copy:
            assert copy.read("lobby", 0, 10, 100) == journal.read("lobby", 0, 10, 100)


def test_a_new_file_is_a_new_record(tmp_path: Path) -> None:
    """Two have neither epoch nor secret in common."""
    with closing(SqliteJournal(tmp_path / "a")) as one, closing(SqliteJournal(tmp_path / "b")) as other:
        assert one.epoch != other.epoch
        assert one.secret != other.secret


@pytest.mark.parametrize("count", [1, 2, ROWS_A_STATEMENT, ROWS_A_STATEMENT + 1, 100])
def test_a_commit_stores_any_number_of_records(path: Path, count: int) -> None:
    """Of rooms that are new and of such that are known, more than once the same."""
    names = ["one", "two", "three"]
    with closing(SqliteJournal(path)) as journal:
        for turn in range(2):
            journal.commit(
                [record(names[n % 3], _id(turn, n, count), _id(turn, n, count)) for n in range(count)]
            )
        stored = [id_ for name in names for id_ in ids(journal.read(name, 0, 1000, 1000).frames)]
        assert len(stored) == 2 * count
        assert stored[: journal.bounds("one").last] == list(range(1, journal.bounds("one").last + 1))


def _id(turn: int, number: int, count: int) -> int:
    of_the_room = len(range(number % 3, count, 3))
    return turn * of_the_room + number // 3 + 1


@pytest.mark.parametrize("durability", SYNCHRONOUS)
def test_each_durability_asks_sqlite_for_what_it_promises(path: Path, durability: str) -> None:
    """The connection that stores and the one that brings the log into the file agree."""
    with closing(SqliteJournal(path, durability)) as journal:
        wanted = {"fsync": 2, "os": 1, "none": 0}[durability]
        for connection in (journal._writer, journal._log._checkpointer):  # noqa: SLF001  # what SQLite was told
            assert connection.execute("PRAGMA synchronous").fetchone() == (wanted,)


class Bad(Record):
    """What SQLite cannot store."""

    def lines(self, first: int, ts: float) -> bytes:
        """Return no bytes."""
        del first, ts
        return None  # type: ignore[return-value]  # that is what is bad


def test_a_commit_of_several_rooms_is_stored_wholly_or_not_at_all(journal: SqliteJournal) -> None:
    """A record that cannot be stored takes the others with it; the room that was new is not there."""
    bad = Bad("lobby", 1, 1.0)
    with pytest.raises(JournalError):
        journal.commit([record("fresh", 1, 1), record("lobby", 11, 11), bad])
    assert journal.bounds("fresh") == (1, 0, 0.0)
    assert journal.bounds("lobby").last == 10
    journal.commit([record("other", 1, 1), record("fresh", 1, 1)])
    assert ids(journal.read("fresh", 0, 10, 10).frames) == [1]


def test_a_full_disk_stores_nothing_and_loses_nothing(journal: SqliteJournal) -> None:
    """The error says what to do; once there is room the same call is made again."""
    last = until_full(journal)
    failed = [record("lobby", last + 1, last + 1, 20.0, "m" * 5000)]
    with pytest.raises(JournalError, match="make room"):
        journal.commit([*failed, record("fresh", 1, 1)])
    assert journal.bounds("lobby").last == last
    assert ids(journal.read("lobby", 0, last, 5).frames) == [1, 2, 3, 4, 5]
    roomy(journal)
    journal.commit([*failed, record("fresh", 1, 1)])
    assert journal.bounds("lobby").last == last + 1


def test_a_journal_that_may_only_be_read_says_so(journal: SqliteJournal) -> None:
    """As on a file system that was remounted after an error."""
    journal._writer.execute("PRAGMA query_only = ON")  # noqa: SLF001  # a disk that takes no more writes
    with pytest.raises(JournalError, match="cannot be written"):
        journal.commit([record("lobby", 11, 11)])
    journal._writer.execute("PRAGMA query_only = OFF")  # noqa: SLF001  # likewise
    journal.commit([record("lobby", 11, 11)])


def test_a_read_only_file_is_refused_at_the_start(unprivileged: Callable[[], Path]) -> None:
    """Not when the first message comes."""
    path = unprivileged() / "chat.db"
    filled(path).close()
    path.chmod(0o400)
    with pytest.raises(JournalError, match="cannot be written; look at its owner and mode"):
        SqliteJournal(path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"dear diary, " * 1000, "no SQLite file"), (b"", None)],
)
def test_a_file_that_is_no_journal_is_refused(path: Path, content: bytes, complaint: str | None) -> None:
    """Nothing is written to it; an empty one becomes a journal. A failed start lets go of the lock."""
    path.write_bytes(content)
    for _ in range(2):
        if complaint:
            with pytest.raises(JournalError, match=complaint):
                SqliteJournal(path)
            assert path.read_bytes() == content
        else:
            SqliteJournal(path).close()


def test_a_damaged_file_says_so(path: Path) -> None:
    """At the start or when it is read; and what to do about it."""
    filled(path, 2000).close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xff" * len(data[4096 * 3 :])
    path.write_bytes(data)
    with (
        pytest.raises(JournalError, match=r"damaged; restore a backup"),
        closing(SqliteJournal(path)) as journal,
    ):
        journal.read("lobby", 0, 2000, 2000)


def test_a_second_server_is_kept_out(journal: SqliteJournal) -> None:
    """And the first goes on."""
    with pytest.raises(JournalError, match="used by another server"):
        SqliteJournal(journal.path)
    journal.commit([record("lobby", 11, 11)])


def test_a_file_that_is_taken_away_is_not_written_to(journal: SqliteJournal, tmp_path: Path) -> None:
    """From the next look on nothing is stored, since it would be lost; once it is back all is well."""
    journal.path.rename(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="moved or removed"):
        journal.upkeep()
    with pytest.raises(JournalError, match="put it back"):
        journal.commit([record("lobby", 11, 11)])
    (tmp_path / "elsewhere").rename(journal.path)
    journal.commit([record("lobby", 11, 11)])
    assert journal.bounds("lobby").last == 11


def test_a_reader_that_fails_raises_an_error_of_the_journal(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks gets one that can be answered."""
    calls: Sequence[Callable[[], object]] = (
        lambda: journal.bounds("lobby"),
        lambda: journal.read("lobby", 0, 10, 10),
        lambda: journal.id_at("lobby", 1.0),
        lambda: journal.time(1),
    )
    broken = sqlite3.connect(":memory:", isolation_level=None)
    with closing(broken), monkeypatch.context() as patched:
        patched.setattr(journal, "_connection", broken)
        for call in calls:
            with pytest.raises(JournalError):
                call()
    assert journal.bounds("lobby").last == 10


def test_what_a_session_published_is_known_after_a_restart(path: Path) -> None:
    """Of all its rooms, in the order of time; another session's is not among it."""
    with closing(SqliteJournal(path)) as journal:
        journal.commit(
            [referred("lobby", 1, "ann", "b", ts=5.0), referred("den", 1, "ann", "a", "c", ts=3.0)]
        )
        journal.commit([referred("lobby", 2, "bob", "a", ts=6.0)])
        journal.commit([record("lobby", 3, 3, 7.0)])
    with closing(SqliteJournal(path)) as journal:
        assert list(journal.known("ann").items()) == [
            ("a", ("den", 1, 3.0)),
            ("c", ("den", 2, 3.0)),
            ("b", ("lobby", 1, 5.0)),
        ]
        assert journal.known("bob") == {"a": ("lobby", 2, 6.0)}
        assert journal.known("eve") == {}


def test_a_busy_journal_leaves_the_index_for_later(journal: SqliteJournal) -> None:
    """Publishers come first; when they have calmed down it catches up."""
    settled(journal)
    for id_ in range(11, 200):
        journal.commit([record("lobby", id_, id_, 20.0)])
    assert not journal.behind
    journal.upkeep()
    journal.commit([record("lobby", 200, 200, 20.0)])
    journal.upkeep()
    settled(journal)
    assert ids(b"".join(journal.search("200", ["lobby"], 10))) == [200]


def test_search_finds_in_the_rooms_it_is_given_alone(path: Path) -> None:
    """The newest first, over all of them; a room that is not there has nothing."""
    with closing(filled(path, 4)) as journal:
        journal.commit([record("den", 1, 1, 2.5, "m"), record("secret", 1, 1, 9.0, "m")])
        settled(journal)
        found = journal.search("m", ["lobby", "den", "nowhere"], 10)
        assert [line.count(b'"lobby"') for line in found] == [1, 1, 0, 1, 1]
        assert ids(b"".join(found)) == [4, 3, 1, 2, 1]
        assert ids(b"".join(journal.search("m", ["lobby", "den"], 2))) == [4, 3]
        assert journal.search("m", [], 10) == []


def test_rooms_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one is taken only if there are not too many; those that there are go on."""
    monkeypatch.setattr(module, "ROOMS_AT_MOST", 2)
    with closing(SqliteJournal(path)) as journal:
        journal.commit([record("den", 1, 1)])
        assert journal.takes("attic")
        journal.commit([record("attic", 1, 1)])
        assert [journal.takes(room) for room in ("den", "attic", "new")] == [True, True, False]
