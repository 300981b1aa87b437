"""Writing to whoever reads slowly, not at all, or through a descriptor that does not block."""

import fcntl
import os
import pty
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_client.ui import output as output_module
from chat_client.ui.output import Output
from tests.support.fake_server import DEADLINE

#: More than any pipe or terminal holds.
LONG = "".join(f"{number} äöü\n" for number in range(40_000))


@pytest.fixture(params=["blocking", "non-blocking"])
def pipe(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Return the ends of a pipe, to read and to write."""
    ends = os.pipe()
    os.set_blocking(ends[1], request.param == "blocking")
    yield ends
    for end in ends:
        os.close(end)


def read_all(descriptor: int, size: int) -> bytes:
    """Read so many bytes, in odd pieces."""
    data = b""
    while len(data) < size:
        data += os.read(descriptor, 1777)
    return data


def test_a_slow_reader_gets_everything(pipe: tuple[int, int]) -> None:
    """However little the pipe holds and whether it blocks or not, nothing is lost or torn."""
    output = Output(pipe[1])
    writing = threading.Thread(target=output.write, args=(LONG,))
    writing.start()
    assert read_all(pipe[0], len(LONG.encode())) == LONG.encode()
    writing.join(DEADLINE)
    assert output.failure is None


def test_two_texts_never_mix(pipe: tuple[int, int]) -> None:
    """What two threads write at once comes one after the other."""
    output = Output(pipe[1])
    texts = ["a" * 100_000 + "\n", "b" * 100_000 + "\n"]
    threads = [threading.Thread(target=output.write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    lines = read_all(pipe[0], sum(map(len, texts))).decode().splitlines(keepends=True)
    for thread in threads:
        thread.join(DEADLINE)
    assert sorted(lines) == texts


def test_who_is_in_a_hurry_does_not_wait(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes nothing holds nobody up who has to leave; that something is lost can be told."""
    monkeypatch.setattr(output_module, "HURRY_SECONDS", 0.0)
    output = Output(pipe[1])
    writing = threading.Thread(target=output.write, args=(LONG,))
    writing.start()
    output.hurry()
    writing.join(DEADLINE)
    assert not writing.is_alive()
    assert isinstance(output.loss, TimeoutError)


def test_a_hurry_costs_a_fast_reader_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be written at once still is."""
    monkeypatch.setattr(output_module, "HURRY_SECONDS", 0.0)
    file = os.memfd_create("file")
    output = Output(file)
    output.hurry()
    output.write(LONG)
    assert os.pread(file, 10_000_000, 0) == LONG.encode()
    os.close(file)


def test_a_reader_that_left_is_no_loss() -> None:
    """As with `| head -1`: it wanted no more. Nothing is raised, then or later."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    output = Output(write_end)
    output.write("a")
    output.write("b")
    assert isinstance(output.failure, BrokenPipeError)
    assert output.loss is None
    os.close(write_end)


def test_a_full_disk_is_a_loss() -> None:
    """It is told, once for all."""
    with Path("/dev/full").open("w") as full:
        output = Output(full.fileno())
        output.write("a")
        output.write("b")
    assert output.loss is not None
    assert output.loss.strerror == "No space left on device"


def test_a_closed_descriptor_is_a_loss(pipe: tuple[int, int]) -> None:
    """Whatever is wrong, nothing is raised."""
    copy = os.dup(pipe[1])
    output = Output(copy)
    os.close(copy)
    output.write("a")
    assert output.loss is not None


def test_a_terminal_keeps_its_mode() -> None:
    """Whoever shares the terminal, as the shell does, finds it as it was."""
    outside, inside = pty.openpty()
    output = Output(inside)
    output.write("a")
    assert os.read(outside, 10) == b"a"
    assert not fcntl.fcntl(inside, fcntl.F_GETFL) & os.O_NONBLOCK
    os.close(inside)
    os.close(outside)


def test_what_an_encoding_lacks_is_escaped(pipe: tuple[int, int]) -> None:
    """A character that cannot be shown is no error."""
    Output(pipe[1], "latin-1").write("ü今\n")
    assert os.read(pipe[0], 100) == b"\xfc\\u4eca\n"
