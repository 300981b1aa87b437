"""A file with several names: what was said lies beside one of them, and is never overlooked."""

from contextlib import closing
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.sqlite.check import check
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.journal.sqlite.links import check_name
from chat_server.journal.sqlite.maintenance import backup
from chat_server.journal.sqlite.reader import Reader
from tests.chat_server.journal.support import filled, ids
from tests.support.world import record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be."""
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk" / "chat.db"


def linked(path: Path, name: str = "other.db") -> Path:
    """Give the file another name, in another folder."""
    other = path.parent.parent / name
    other.hardlink_to(path)
    return other


def test_a_symbolic_link_leads_to_the_same_log(path: Path) -> None:
    """What lies in the write-ahead log alone is read through it, and the log is looked after."""
    link = path.parent.parent / "chat.db"
    link.symlink_to(path)
    with closing(filled(link)) as journal:
        journal.upkeep()
        assert {each.name for each in path.parent.iterdir()} >= {"chat.db", "chat.db-wal", "chat.db-lock"}
        assert [each.name for each in link.parent.iterdir() if each.name != "disk"] == ["chat.db"]
        for name in (link, path):
            assert check(name, lambda *_: None).messages == 10
    assert not path.with_name("chat.db-wal").exists()


def test_a_file_in_use_is_not_read_by_another_name(path: Path) -> None:
    """Its latest messages would be missing, and it would be called sound; its own name can be read."""
    with closing(filled(path)):
        other = linked(path)
        with pytest.raises(JournalError, match=r"other names \(hard links\).*disk/chat\.db"):
            check(other, lambda *_: None)
        with pytest.raises(JournalError, match="give that path"):
            backup(other, path.parent / "copy.db", lambda *_: None)
        assert check(path, lambda *_: None).messages == 10


def test_after_a_crash_the_other_name_is_refused(path: Path, tmp_path: Path) -> None:
    """Its log lies beside the first name, under which all is there."""
    with closing(filled(path)):
        log = path.with_name("chat.db-wal").read_bytes()
        content = path.read_bytes()
    path.write_bytes(content)
    path.with_name("chat.db-wal").write_bytes(log)
    other = linked(path)
    for opened in (SqliteJournal, Reader):
        with pytest.raises(JournalError, match="latest messages may lie"):
            opened(other)
    with closing(SqliteJournal(path)) as journal:
        assert ids(journal.read("lobby", 0, 10, 100).frames) == list(range(1, 11))
    with closing(SqliteJournal(other)) as journal:
        assert journal.bounds("lobby").last == 10
    assert list(tmp_path.glob("*-wal")) == []


def test_after_an_orderly_end_any_name_will_do(path: Path) -> None:
    """All lies in the file; the name that is used then counts from there."""
    filled(path).close()
    other = linked(path)
    with closing(SqliteJournal(other)) as journal:
        journal.commit([record("lobby", 11, 11, 20.0)])
        with pytest.raises(JournalError, match="other names"):
            Reader(path)
    with closing(Reader(path)) as reader:
        assert reader.bounds("lobby").last == 11


def test_a_name_that_is_gone_cannot_vouch(path: Path) -> None:
    """The file was moved since, perhaps without its log: nobody can tell."""
    filled(path).close()
    moved = path.rename(path.with_name("moved.db"))
    other = linked(moved)
    for name in (moved, other):
        with pytest.raises(JournalError, match="copy the file instead"):
            check_name(name)
    other.unlink()
    check_name(moved)


def test_a_backup_has_no_name_yet(path: Path) -> None:
    """It may be linked and opened by either name."""
    filled(path).close()
    backup(path, path.with_name("copy.db"), lambda *_: None)
    other = linked(path.with_name("copy.db"))
    with closing(SqliteJournal(other)) as journal:
        assert journal.bounds("lobby").last == 10


def test_what_is_no_journal_is_left_to_others(path: Path) -> None:
    """Whoever opens it says what is wrong with it."""
    check_name(path)
    path.write_bytes(b"dear diary")
    linked(path)
    check_name(path)
