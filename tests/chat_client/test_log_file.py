"""A file that lines are added to while others move, empty, fill or replace it."""

import os
import pty
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chat_client import log_file
from chat_client.errors import TranscriptError
from chat_client.log_file import LogFile

HEADER = b"# header\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to be."""
    return tmp_path / "chat.txt"


def opened(path: Path) -> LogFile:
    """Return the file, with its header and one line."""
    file = LogFile(str(path), HEADER)
    add(file, file.header_due + b"one\n")
    return file


def add(file: LogFile, lines: bytes) -> str | None:
    """Add lines as the transcript does; return what had become of the file."""
    file.add(lines)
    became = file.renew(lambda: b"# head\n")
    file.write()
    return became


def remove(path: Path) -> None:
    """Remove the file."""
    path.unlink()


def move(path: Path) -> None:
    """Move it away."""
    path.rename(path.with_suffix(".1"))


def rotate(path: Path) -> None:
    """Move it away and put an empty one in its place."""
    move(path)
    path.touch()


def empty(path: Path) -> None:
    """Throw away what is in it."""
    os.truncate(path, 0)


@pytest.mark.parametrize("deed", [remove, move, rotate, empty])
def test_goes_on_where_the_path_leads(path: Path, deed: Callable[[Path], None]) -> None:
    """What comes after is in the file that has the name now, which begins as each does; that is told."""
    file = opened(path)
    assert add(file, b"two\n") is None
    deed(path)
    assert add(file, b"three\n") is not None
    assert add(file, b"four\n") is None
    file.close()
    assert path.read_bytes() == HEADER + b"# head\nthree\nfour\n"
    if deed in {move, rotate}:
        assert path.with_suffix(".1").read_bytes() == HEADER + b"one\ntwo\n"


def test_another_transcript_in_its_place_is_gone_on_with(path: Path) -> None:
    """Its last line may have no end."""
    file = opened(path)
    path.unlink()
    path.write_bytes(HEADER + b"earlier")
    assert add(file, b"two\n") == "was moved away and replaced"
    file.close()
    assert path.read_bytes() == HEADER + b"earlier\n# head\ntwo\n"


def test_something_else_in_its_place_is_left_alone(path: Path) -> None:
    """The lines wait until the way is free."""
    file = opened(path)
    path.unlink()
    path.write_text("Chapter 1\n")
    with pytest.raises(TranscriptError, match="no transcript"):
        add(file, b"two\n")
    assert path.read_text() == "Chapter 1\n"
    path.unlink()
    add(file, b"three\n")
    file.close()
    assert path.read_bytes() == HEADER + b"# head\ntwo\nthree\n"


def test_a_link_is_followed_to_a_file_that_is_there(path: Path) -> None:
    """But none is made behind it: the one who left the link would choose where."""
    target = path.with_name("elsewhere")
    path.symlink_to(target)
    with pytest.raises(TranscriptError, match="it is a link to nothing"):
        opened(path)
    assert not target.exists()
    target.touch()
    opened(path).close()
    assert target.read_bytes() == HEADER + b"one\n"


def test_a_folder_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    """The lines are written once it is back."""
    folder = tmp_path / "folder"
    folder.mkdir()
    file = opened(folder / "chat.txt")
    (folder / "chat.txt").unlink()
    folder.rmdir()
    with pytest.raises(TranscriptError, match=r"cannot save to .*: no such file or directory"):
        add(file, b"two\n")
    folder.mkdir()
    add(file, b"three\n")
    file.close()
    assert (folder / "chat.txt").read_bytes() == HEADER + b"# head\ntwo\nthree\n"


@pytest.mark.parametrize("deed", [move, empty])
def test_a_line_that_was_cut_in_two_is_whole(
    path: Path, deed: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk takes half of a line; then the file is moved away. The new one has all of the line."""
    file = opened(path)
    original = os.write
    left = [6]

    def write(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        size = original(descriptor, data[: left[0]])
        left[0] -= size
        return size

    with monkeypatch.context() as patch:
        patch.setattr("chat_client.log_file.os.write", write)
        with pytest.raises(OSError, match="No space"):
            add(file, b"two\nthree\n")
    assert path.read_bytes() == HEADER + b"one\ntwo\nth"
    assert file.unsaved == 1
    deed(path)
    add(file, b"four\n")
    file.close()
    assert path.read_bytes() == HEADER + b"# head\nthree\nfour\n"


def test_a_header_that_was_cut_is_made_whole(path: Path) -> None:
    """A run on a full disk may have written only a part of it."""
    path.write_bytes(HEADER[:4])
    file = opened(path)
    file.close()
    assert path.read_bytes() == HEADER + b"one\n"


@pytest.mark.parametrize("first", [b"\xef\xbb\xbf# header\n", b"# header\r\n", b"\xef\xbb\xbf# header\r\n"])
def test_a_file_that_an_editor_saved_is_still_one(path: Path, first: bytes) -> None:
    """Some put a byte order mark at the beginning, or end lines otherwise."""
    path.write_bytes(first)
    file = LogFile(str(path), HEADER)
    assert not file.header_due
    add(file, b"one\n")
    file.close()
    assert path.read_bytes() == first + b"one\n"


@pytest.fixture
def fifo(path: Path) -> Iterator[tuple[Path, int]]:
    """Return a named pipe, and the end that reads it."""
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    with suppress(OSError):
        os.close(reader)


def test_a_pipe_without_a_reader_is_told(path: Path) -> None:
    """It would take what nobody ever gets."""
    os.mkfifo(path)
    with pytest.raises(TranscriptError, match="nobody reads it"):
        LogFile(str(path), HEADER)


def test_a_full_pipe_holds_nobody_up(fifo: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not take waits; when it is read, the rest follows."""
    path, reader = fifo
    file = LogFile(str(path), HEADER)
    lines = b"".join(b"%d\n" % number for number in range(50_000))
    with pytest.raises(BlockingIOError):
        add(file, lines)
    received = b""
    while len(received) < len(lines):
        received += os.read(reader, 65536)
        with suppress(BlockingIOError):
            add(file, b"")
    assert received == lines
    with pytest.raises(BlockingIOError):
        add(file, lines)
    monkeypatch.setattr(log_file, "CLOSE_SECONDS", 0.0)
    file.close()
    assert 0 < file.unsaved < 50_000


def test_the_end_waits_a_moment_for_a_slow_reader(fifo: tuple[Path, int]) -> None:
    """What a pipe took too slowly is written at the close, if somebody reads on."""
    path, reader = fifo
    file = LogFile(str(path), HEADER)
    lines = b"".join(b"%d\n" % number for number in range(50_000))
    with pytest.raises(BlockingIOError):
        add(file, lines)
    received: list[bytes] = []
    os.set_blocking(reader, True)

    def read() -> None:
        while data := os.read(reader, 65536):
            received.append(data)

    reading = threading.Thread(target=read)
    reading.start()
    file.close()
    reading.join()
    assert file.unsaved == 0
    assert b"".join(received) == lines


def test_a_terminal_is_no_file_to_be_read(path: Path) -> None:
    """Lines are shown there, without a header, and it does not become ours."""
    outside, inside = pty.openpty()
    path.symlink_to(os.ttyname(inside))
    file = LogFile(str(path), HEADER)
    assert not file.header_due
    add(file, b"one\n")
    assert os.read(outside, 100) == b"one\r\n"
    file.close()
    os.close(inside)
    os.close(outside)


def test_a_disk_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody means that."""
    path.touch()
    monkeypatch.setattr(stat, "S_ISBLK", lambda _mode: True)
    with pytest.raises(TranscriptError, match="is a disk"):
        LogFile(str(path), HEADER)


def test_remarks_are_no_lines_that_are_missed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only messages count as unsaved."""
    file = opened(path)

    def write(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chat_client.log_file.os.write", write)
    with pytest.raises(OSError, match="No space"):
        add(file, b"# remark\ntwo\n")
    file.close()
    assert file.unsaved == 1
