"""Where a journal lies: one server at a time, and on the file that it opened."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.sqlite.lockfile import LockedFile
from chat_server.sqlite_file import named


def test_a_second_server_is_kept_out_until_the_first_is_gone(tmp_path: Path) -> None:
    """The error names the path; afterwards it can be had."""
    first = LockedFile(tmp_path / "chat.db")
    with pytest.raises(JournalError, match=r"chat\.db is used by another server"):
        LockedFile(tmp_path / "chat.db")
    first.release()
    LockedFile(tmp_path / "chat.db").release()


@pytest.mark.parametrize("kind", ["symbolic", "relative", "hard", "folder", "dangling"])
def test_another_name_of_the_file_is_the_same_journal(tmp_path: Path, kind: str) -> None:
    """A link of any kind leads to the same lock, whether the file or the link is opened first."""
    (tmp_path / "disk").mkdir()
    path, other = tmp_path / "disk" / "chat.db", tmp_path / "other.db"
    if kind != "dangling":
        path.touch()
    if kind == "hard":
        other.hardlink_to(path)
    elif kind == "folder":
        (tmp_path / "way").symlink_to(tmp_path / "disk")
        other = tmp_path / "way" / "chat.db"
    else:
        other.symlink_to("disk/chat.db" if kind == "relative" else path)
    for first, second in ((path, other), (other, path)):
        place = LockedFile(first)
        with pytest.raises(JournalError, match="used by another server"):
            LockedFile(second)
        place.release()


def test_a_link_that_is_turned_elsewhere_is_noticed(tmp_path: Path) -> None:
    """A restart would open another file."""
    for name in ("one.db", "two.db"):
        (tmp_path / name).touch()
    link = tmp_path / "chat.db"
    link.symlink_to("one.db")
    place = LockedFile(link)
    place.settle()
    place.check()
    link.unlink()
    link.symlink_to("two.db")
    with pytest.raises(JournalError, match=r"chat\.db was moved"):
        place.check()
    place.release()


def test_the_home_folder_has_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder by the name of `~` is made."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named("~/chat.db") == tmp_path / "chat.db"
    assert named("a~/chat.db") == Path("a~/chat.db")
    with pytest.raises(JournalError, match="no such home folder"):
        named("~nobody-of-that-name/chat.db")


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """The error says what to do; a mistyped path leaves nothing behind."""
    with pytest.raises(JournalError, match="folder is not there; make this folder"):
        LockedFile(tmp_path / "new" / "folder" / "chat.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (".", "is a folder; give the path of a file"),
        ("pipe", "is no file"),
        ("loop", "Too many levels of symbolic links"),
        ("file/chat.db", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("nul\0", "null (byte|character)"),
    ],
)
def test_what_cannot_be_a_journal_is_explained(tmp_path: Path, name: str, complaint: str) -> None:
    """In a sentence, and at once; it lets go of what it held."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for _ in range(2):
        with pytest.raises(JournalError, match=complaint):
            LockedFile(tmp_path / name)


def test_a_folder_that_cannot_be_written_is_named(unprivileged: Callable[[], Path]) -> None:
    """The error says what is asked of the folder."""
    folder = unprivileged()
    folder.chmod(0o500)
    with pytest.raises(JournalError, match="folder must be one that the server may write"):
        LockedFile(folder / "chat.db")


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_file_that_is_taken_away_is_missed_until_it_is_back(tmp_path: Path, ending: str) -> None:
    """The same file must come back; another of the same name is not it."""
    for each in ("", "-wal", "-shm"):
        (tmp_path / f"chat.db{each}").touch()
    place = LockedFile(tmp_path / "chat.db")
    place.settle()
    place.check()
    taken = place.beside(ending)
    taken.rename(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="moved or removed"):
        place.check()
    taken.touch()
    with pytest.raises(JournalError, match="put it back"):
        place.check()
    (tmp_path / "elsewhere").rename(taken)
    place.check()
    place.release()


def test_the_size_of_the_log_is_told(tmp_path: Path) -> None:
    """It is 0 where there is none."""
    place = LockedFile(tmp_path / "chat.db")
    assert place.log_bytes() == 0
    place.beside("-wal").write_bytes(b"12345")
    assert place.log_bytes() == 5
    place.release()


def test_a_disk_that_does_not_take_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which file, why, and where to look."""
    place = LockedFile(tmp_path / "chat.db")
    place.sync()

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(JournalError, match=r"chat.db: Input/output error; look at the disk"):
        place.sync()
    place.release()
