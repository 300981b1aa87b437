"""Lines of standard input."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_client.ui.line_input import LINE_BYTES, LineInput


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the ends of a pipe, to read and to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


def test_lines_come_whole(pipe: tuple[int, int]) -> None:
    """A line is given when its end has come, and the last one also without."""
    lines = LineInput(pipe[0])
    for piece, expected in ((b"a\nb", [b"a"]), (b"c\n\nd", [b"bc", b""])):
        os.write(pipe[1], piece)
        lines.fill()
        assert [lines.line() for _ in expected] == expected
        assert lines.line() is None
    assert [lines.ended] == [False]
    os.close(pipe[1])
    lines.fill()
    assert lines.ended
    assert [lines.line(), lines.line()] == [b"d", None]


def test_byte_order_marks_are_no_text(pipe: tuple[int, int]) -> None:
    """They stand at the beginning, and in the middle of what was put together of several files."""
    lines = LineInput(pipe[0])
    os.write(pipe[1], b"\xef\xbb\xbf/join tea\na\xef\xbb\xbfb\n\xef\xbb\xbfhello\n")
    lines.fill()
    assert [lines.line() for _ in range(4)] == [b"/join tea", b"a\xef\xbb\xbfb", b"hello", None]


def test_utf_16_is_read(pipe: tuple[int, int]) -> None:
    """Its byte order mark says so."""
    lines = LineInput(pipe[0])
    os.write(pipe[1], "grüße\n".encode("utf-16"))
    lines.fill()
    assert lines.line() == "grüße".encode()


def test_an_endless_line_is_kept_only_so_far(pipe: tuple[int, int]) -> None:
    """Beyond the bound it is thrown away as it comes; the line after it is taken."""
    lines = LineInput(pipe[0])
    for _ in range(3 * LINE_BYTES // 65536):
        os.write(pipe[1], b"x" * 65536)
        lines.fill()
    assert (lines.line(), lines.overlong) == (None, 1)
    os.write(pipe[1], b"x\nhello\n")
    lines.fill()
    assert (lines.line(), lines.overlong) == (b"hello", 1)


def test_a_closed_input_has_ended(pipe: tuple[int, int]) -> None:
    """A program started without a standard input is no error."""
    lines = LineInput(pipe[0])
    os.close(pipe[0])
    lines.fill()
    assert (lines.ended, lines.failure) == (True, None)


def test_an_input_that_cannot_be_read_has_failed(tmp_path: Path) -> None:
    """That is no end, of which one might think that everything was read."""
    folder = os.open(tmp_path, os.O_RDONLY)
    lines = LineInput(folder)
    lines.fill()
    os.close(folder)
    assert lines.ended
    assert lines.failure is not None
    assert lines.failure.strerror == "Is a directory"


def test_an_input_that_does_not_block_has_not_ended(pipe: tuple[int, int]) -> None:
    """There is nothing now; there may be later."""
    os.set_blocking(pipe[0], False)
    lines = LineInput(pipe[0])
    lines.fill()
    assert not lines.ended


@pytest.mark.parametrize(("piece", "left"), [(b"\n \n", False), (b"\na\n", True), (b"\nhal", True)])
def test_tells_whether_something_is_left(pipe: tuple[int, int], piece: bytes, left: bool) -> None:  # noqa: FBT001  # a case
    """A line that has not ended is something, empty ones are nothing."""
    lines = LineInput(pipe[0])
    os.write(pipe[1], piece)
    lines.fill()
    assert lines.abandon() is left
    assert lines.line() is None
