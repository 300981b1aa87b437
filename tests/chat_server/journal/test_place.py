"""Where a journal lies: one server at a time, and on the file that it opened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chat_server.errors import JournalError
from chat_server.journal.place import Place


def test_a_second_server_is_kept_out_until_the_first_is_gone(tmp_path: Path) -> None:
    """The error names the path; afterwards it can be had."""
    first = Place(tmp_path / "chat.db")
    with pytest.raises(JournalError, match=r"chat\.db is used by another server"):
        Place(tmp_path / "chat.db")
    first.release()
    Place(tmp_path / "chat.db").release()


def test_the_folder_is_made(tmp_path: Path) -> None:
    """An operator need not make it first."""
    Place(tmp_path / "new" / "folder" / "chat.db").release()
    assert (tmp_path / "new" / "folder").is_dir()


def test_a_folder_that_cannot_be_written_is_named(unprivileged: Callable[[], Path]) -> None:
    """The error says what is asked of the folder."""
    folder = unprivileged()
    folder.chmod(0o500)
    with pytest.raises(JournalError, match="folder must be one that the server may write"):
        Place(folder / "chat.db")


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_file_that_is_taken_away_is_missed_until_it_is_back(tmp_path: Path, ending: str) -> None:
    """The same file must come back; another of the same name is not it."""
    for each in ("", "-wal", "-shm"):
        (tmp_path / f"chat.db{each}").touch()
    place = Place(tmp_path / "chat.db")
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
    place = Place(tmp_path / "chat.db")
    assert place.log_bytes() == 0
    place.beside("-wal").write_bytes(b"12345")
    assert place.log_bytes() == 5
    place.release()
