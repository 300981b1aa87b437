"""The contract of the write-ahead log: short, whoever writes and whoever reads."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.sqlite import wal
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.journal.sqlite.lockfile import LockedFile
from tests.chat_server.journal.support import settled
from tests.support.world import record

#: Bytes of a message's text; a commit takes a page or two of 4 KiB.
TEXT = "m" * 1000


class Flood:
    """Somebody who writes; `size` is of the log on the disk."""

    def __init__(self, journal: SqliteJournal, path: Path) -> None:
        self._journal = journal
        self._log = path.with_name(path.name + "-wal")
        self.last = 0

    @property
    def size(self) -> int:
        """Return how many bytes the log takes on the disk."""
        return self._log.stat().st_size

    def say(self, messages: int = 1) -> None:
        """Store so many messages, each by itself."""
        for _ in range(messages):
            self.last += 1
            self._journal.commit([record("lobby", self.last, self.last, 1.0, TEXT)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the journal is."""
    return tmp_path / "chat.db"


def shrink(monkeypatch: pytest.MonkeyPatch, factor: int = 64) -> None:
    """Make all sizes smaller by a factor."""
    for name in ("LOG_BYTES", "LARGE_BYTES", "TURN_BYTES", "REMAINDER_BYTES", "FILE_BYTES", "STEP_BYTES"):
        monkeypatch.setattr(wal, name, getattr(wal, name) // factor)


class Meanwhile:
    """A connection beside which somebody writes, so that nothing it brings in is ever all."""

    def __init__(self, connection: sqlite3.Connection, path: Path, write: Callable[[], None]) -> None:
        self._connection = connection
        self._path = path
        self._write = write

    def execute(self, statement: str) -> sqlite3.Cursor:
        """Execute it on what was there before the other wrote: a reader's view keeps it to that."""
        with closing(sqlite3.connect(self._path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM batches").fetchone()
            self._write()
            return self._connection.execute(statement)


def beside(monkeypatch: pytest.MonkeyPatch, job: Callable[[], None]) -> None:
    """Have something done whenever the log has just been brought into the file, as by another thread."""
    monkeypatch.setattr(LockedFile, "sync", lambda _: job())


def test_it_begins_anew_if_publishers_pause(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 1: beside them, so that no commit waits."""
    shrink(monkeypatch)
    with closing(SqliteJournal(path)) as journal:
        flood = Flood(journal, path)
        monkeypatch.setattr(wal, "FILE_BYTES", 1 << 40)
        sizes = []
        for _ in range(40):
            flood.say(10)
            journal.upkeep()
            sizes.append(flood.size)
        assert max(sizes) < 256 * 1024 < path.stat().st_size


def test_it_begins_anew_if_publishers_never_pause(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2: a commit brings in what came since, once that is little; nothing else shortens it here."""
    shrink(monkeypatch)
    monkeypatch.setattr(wal, "STEP_BYTES", 1 << 40)
    with closing(SqliteJournal(path)) as journal:
        flood = Flood(journal, path)
        log = journal._log  # noqa: SLF001  # as another thread would write in the middle of it
        meanwhile = Meanwhile(log._checkpointer, path, lambda: flood.say(3))  # noqa: SLF001  # likewise
        monkeypatch.setattr(log, "_checkpointer", meanwhile)
        sizes = []
        for _ in range(30):
            flood.say(60)  # too many to be quiet
            journal.upkeep()
            sizes.append(flood.size)
        assert wal.TURN_BYTES < max(sizes) < 2 * wal.TURN_BYTES < path.stat().st_size
        assert journal.bounds("lobby").last == flood.last


@pytest.mark.parametrize("text", ["m" * 1000, "m"], ids=["long", "short"])
def test_it_has_a_limit_however_slow_the_upkeep_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Contract 2: beyond that a commit brings it in, however much it is; a short message takes a page too."""
    shrink(monkeypatch)
    monkeypatch.setattr(f"{__name__}.TEXT", text)
    with closing(SqliteJournal(path)) as journal:
        flood = Flood(journal, path)
        flood.say(2000)
        assert wal.FILE_BYTES < flood.size < 2 * wal.FILE_BYTES


def test_its_place_is_given_back_once_publishers_are_quiet(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a flood made it take, it does not keep."""
    shrink(monkeypatch)
    with closing(SqliteJournal(path)) as journal:
        flood = Flood(journal, path)
        flood.say(300)
        journal.upkeep()
        assert flood.size > wal.LARGE_BYTES, "there was no quiet yet"
        journal.upkeep()
        assert flood.size == 0
        flood.say()
        assert journal.bounds("lobby").last == 301


def test_nobody_waits_for_who_reads_for_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 3: commits and upkeep go on beside a backup, say; after it the log begins anew."""
    shrink(monkeypatch)
    with closing(SqliteJournal(path)) as journal, closing(sqlite3.connect(path)) as reader:
        flood = Flood(journal, path)
        flood.say()
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM batches").fetchone()
        for _ in range(40):
            flood.say(10)
            journal.upkeep()
        assert flood.size > wal.TURN_BYTES
        reader.execute("COMMIT")
        settled(journal)
        assert flood.size == 0
        assert journal.bounds("lobby").last == flood.last


@pytest.mark.parametrize("durability", ["fsync", "os", "none"])
def test_a_disk_that_does_not_take_it_is_told_and_stops_nobody(
    path: Path, monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    """Upkeep raises, unless nothing was promised; messages are stored on."""
    shrink(monkeypatch)

    def broken() -> None:
        raise JournalError("told to")

    beside(monkeypatch, broken)
    with closing(SqliteJournal(path, durability)) as journal:
        flood = Flood(journal, path)
        flood.say(100)
        if durability == "none":
            journal.upkeep()
        else:
            with pytest.raises(JournalError, match="told to"):
                journal.upkeep()
        flood.say()
        assert journal.bounds("lobby").last == 101
