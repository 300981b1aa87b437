"""The index follows the journal, and is made anew where it does not fit."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chat_protocol.errors import UnavailableError
from chat_server.errors import JournalError
from chat_server.journal.sqlite import indexer as module
from chat_server.journal.sqlite import search
from chat_server.journal.sqlite.journal import SqliteJournal
from tests.chat_server.journal.sqlite.test_check import tampered
from tests.chat_server.journal.support import filled, ids, settled
from tests.support.world import record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be."""
    return tmp_path / "chat.db"


def found(journal: SqliteJournal, words: str = "m") -> list[int]:
    """Return the ids of what is found in the lobby."""
    return ids(b"".join(journal.search(words, ["lobby"], 1000)))


def test_steps_are_short(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes about so many bytes, and the next goes on from there."""
    monkeypatch.setattr(module, "STEP_BYTES", 200)
    with closing(filled(path, 20)) as journal:
        steps: list[int] = []
        while not steps or journal.behind:
            journal.upkeep()
            steps.append(len(found(journal)))
        assert steps[:5] == [4, 8, 12, 16, 20]
        assert found(journal) == list(range(20, 0, -1))


def test_what_is_removed_while_it_forgets_is_forgotten_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often something of a room is removed, one note of it waits."""
    with closing(settled(filled(path, 10))) as journal:
        indexer = journal._indexer  # noqa: SLF001  # as retention tells it
        low, _ = journal.keys("lobby")
        remove = indexer._index.remove  # noqa: SLF001  # likewise

        def remove_while_more_goes(low: int, high: int) -> None:
            remove(low, high)
            monkeypatch.undo()
            indexer.forget(low, low + 8)

        monkeypatch.setattr(indexer._index, "remove", remove_while_more_goes)  # noqa: SLF001  # likewise
        for high in (2, 4, 6):
            indexer.forget(low, low + high)
        journal.upkeep()
        assert found(journal) == [10, 9, 8, 7]
        assert journal.behind
        journal.upkeep()
        assert found(journal) == [10, 9]
        assert not journal.behind


def test_what_could_not_be_forgotten_is_forgotten_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that is no damage leaves the note where it was."""

    def busy(_low: int, _high: int) -> None:
        raise sqlite3.OperationalError("told to")

    with closing(settled(filled(path, 10))) as journal:
        indexer = journal._indexer  # noqa: SLF001  # as retention tells it
        low, _ = journal.keys("lobby")
        indexer.forget(low, low + 4)
        with monkeypatch.context() as patched:
            patched.setattr(indexer._index, "remove", busy)  # noqa: SLF001  # likewise
            with pytest.raises(JournalError, match="told to"):
                journal.upkeep()
        assert journal.behind
        journal.upkeep()
        assert found(journal) == [10, 9, 8, 7, 6, 5]
        assert not journal.behind


@pytest.mark.parametrize("ending", ["-search", "-search-wal"])
def test_an_index_that_was_deleted_is_made_anew(path: Path, ending: str) -> None:
    """From the journal; nothing is missing."""
    with closing(filled(path, 10)) as journal:
        settled(journal)
    path.with_name(path.name + ending).unlink(missing_ok=True)
    with closing(SqliteJournal(path)) as journal:
        assert found(settled(journal)) == list(range(10, 0, -1))


def test_an_index_goes_on_where_it_was(path: Path) -> None:
    """What was indexed before a restart is not indexed again; what was stored since is."""
    with closing(filled(path, 10)) as journal:
        settled(journal)
        journal.commit([record("lobby", 11, 12, 20.0)])
    with closing(SqliteJournal(path)) as journal:
        assert found(journal) == list(range(10, 0, -1))
        assert found(settled(journal)) == list(range(12, 0, -1))


def test_an_index_that_is_ahead_of_its_journal_is_made_anew(path: Path) -> None:
    """The file was replaced by an older copy; the ids that are given again find the new messages."""
    with closing(filled(path, 4)):
        pass
    older = path.read_bytes()
    with closing(SqliteJournal(path)) as journal:
        journal.commit([record("lobby", 5, 5, 9.0, "apples")])
        settled(journal)
    path.write_bytes(older)
    with closing(SqliteJournal(path)) as journal:
        journal.commit([record("lobby", 5, 5, 9.0, "pears")])
        settled(journal)
        assert found(journal, "apples") == []
        assert found(journal, "pears") == [5]


def test_damage_at_run_time_is_mended(path: Path) -> None:
    """The file goes bad under the server: search fails until the next steps have made it anew."""
    with closing(filled(path, 400)) as journal:
        settled(journal)
        connection = journal._indexer._index._connection  # noqa: SLF001  # its file, to be damaged
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        search = path.with_name("chat.db-search")
        search.write_bytes(search.read_bytes()[:4096] + b"\xff" * (search.stat().st_size - 4096))
        connection.execute("PRAGMA cache_size = 0")
        connection.execute("PRAGMA shrink_memory")
        with pytest.raises(JournalError, match="damaged"):
            found(journal)
        journal.commit([record("lobby", 401, 401, 500.0)])
        assert len(found(settled(journal))) == 401


def test_a_step_that_fails_is_done_again(path: Path) -> None:
    """The disk is full for a while."""
    with closing(filled(path, 10)) as journal:
        connection = journal._indexer._index._connection  # noqa: SLF001  # a disk that takes no more
        connection.execute("PRAGMA query_only = ON")
        with pytest.raises(JournalError, match=r"chat\.db-search.*cannot be written"):
            journal.upkeep()
        connection.execute("PRAGMA query_only = OFF")
        assert found(settled(journal)) == list(range(10, 0, -1))


def test_frames_that_cannot_be_read_are_left_out(path: Path) -> None:
    """The rest of the room is found, and upkeep goes on."""
    filled(path, 10).close()
    tampered(path, "UPDATE batches SET frames = ? WHERE first = 5", b"{")
    with closing(SqliteJournal(path)) as journal:
        assert found(settled(journal)) == [10, 9, 8, 7, 4, 3, 2, 1]


def test_an_index_that_cannot_be_opened_keeps_no_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no search, which is said; once it can be opened it is made, and finds what was said."""
    monkeypatch.setattr(search, "RETRY_SECONDS", 0.0)
    obstacle = tmp_path / "chat.db-search"
    obstacle.mkdir()
    with closing(SqliteJournal(tmp_path / "chat.db")) as journal:
        journal.commit([record("lobby", 1, 1, text="needle")])
        with pytest.raises(UnavailableError, match="unavailable at the moment"):
            journal.search("needle", ["lobby"], 5)
        with pytest.raises(JournalError, match=r"chat\.db-search"):
            journal.upkeep()
        obstacle.rmdir()
        for _ in range(5):
            journal.upkeep()
        assert len(journal.search("needle", ["lobby"], 5)) == 1
