"""A person's terminal: printing above the line being typed, and what becomes of it when the terminal goes."""

import asyncio
import errno
import os
import pty
import signal
import threading
from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput

from chat_client.ui.output import Output
from chat_client.ui.screen import WAITING_CHARACTERS, Keyboard, Printer, Screen
from chat_protocol.messages import Msg, Who
from tests.support.fake_server import DEADLINE, FakeServer, Peer, playing, said
from tests.support.sheet import Sheet
from tests.support.terminal import Terminal


class Paper(DummyOutput):
    """An output that keeps what is written, and may be told to take nothing for a while."""

    def __init__(self) -> None:
        self.text = ""
        self.takes = threading.Event()
        self.takes.set()

    def write_raw(self, data: str) -> None:
        """Keep it, once something may be taken."""
        assert self.takes.wait(DEADLINE)
        self.text += data


def test_prints_plainly_without_a_prompt() -> None:
    """Before the prompt and after it, what is written is there at once."""
    paper = Paper()
    Printer(paper).write("a\n")
    assert paper.text == "a\n"


def test_nothing_is_lost_when_the_prompt_ends() -> None:
    """Lines of many threads, written while the event loop begins and ends, are all printed, each whole."""
    paper = Paper()
    printer = Printer(paper)
    start = threading.Barrier(5)

    def write(name: str) -> None:
        start.wait(DEADLINE)
        for number in range(200):
            printer.write(f"{name}{number}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    start.wait(DEADLINE)
    while any(thread.is_alive() for thread in threads):
        asyncio.run(_prompt(printer))
    for thread in threads:
        thread.join(DEADLINE)
    for name in "abcd":
        assert [line for line in paper.text.splitlines() if line[0] == name] == [
            f"{name}{n}" for n in range(200)
        ]


async def _prompt(printer: Printer) -> None:
    with printer.above_prompt():
        await asyncio.sleep(0)


def test_nobody_waits_for_a_terminal_that_takes_nothing() -> None:
    """Lines are added while a print is stuck; what is too much is left out, the oldest first, and counted."""
    paper = Paper()
    printer = Printer(paper)
    line = "x" * (WAITING_CHARACTERS // 4) + "\n"

    async def prompt() -> None:
        with printer.above_prompt():
            paper.takes.clear()
            printer.write("stuck\n")
            await asyncio.sleep(0)  # the print is scheduled
            writer = threading.Thread(target=flood)
            writer.start()
            await asyncio.sleep(0)
            await asyncio.to_thread(writer.join, DEADLINE)

    def flood() -> None:
        for number in range(6):
            printer.write(f"{number}{line}")
        paper.takes.set()

    with create_pipe_input() as keys, create_app_session(input=keys, output=paper):
        asyncio.run(prompt())
    lines = paper.text.splitlines()
    assert [each[0] for each in lines if each[-1] == "x"] in (["3", "4", "5"], ["2", "3", "4", "5"])
    assert any(each.startswith("-- lines that the terminal was too slow to show: ") for each in lines)


# The terminal goes away


def test_a_terminal_that_is_gone_is_told_once() -> None:
    """Whatever is wrong with it, nothing is raised, and who is to leave is told one time."""
    outside, inside = pty.openpty()
    screen = Screen(Output(inside))
    assert screen.isatty()
    told: list[str] = []
    screen.on_gone = lambda: told.append("gone")
    os.close(outside)
    screen.write("a")
    screen.write("b")
    assert told == ["gone"]
    assert not screen.isatty()
    assert screen.out.loss is None
    os.close(inside)


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", b"gr\\xfc\\xdfe \\u4eca"), ("latin-1", b"gr\xfc\xdfe \\u4eca")]
)
def test_what_a_terminal_lacks_is_shown_as_escapes(encoding: str, shown: bytes) -> None:
    """A question mark would hide what it stands for."""
    sheet = Sheet(encoding)
    screen = Screen(sheet)
    screen.write("grüße 今")
    assert sheet.written == shown
    assert screen.spelt("grüße 今").encode(encoding) == shown


@pytest.fixture
def keyboard() -> Iterator[tuple[int, Keyboard]]:
    """Return the outer end of a terminal, and its keys."""
    outside, inside = pty.openpty()
    with os.fdopen(inside, encoding="ascii") as stdin:
        yield outside, Keyboard(stdin)


def test_keys_of_a_terminal_that_says_it_is_ascii(keyboard: tuple[int, Keyboard]) -> None:
    """What comes in is UTF-8 nevertheless."""
    outside, keys = keyboard
    os.write(outside, "ü\n".encode())
    assert [each.data for each in keys.read_keys()] == ["ü", "\n"]
    assert not keys.closed
    os.close(outside)


def test_a_long_paste_is_one_key(keyboard: tuple[int, Keyboard]) -> None:
    """Also from a terminal that does not say that it is one: key by key it would take minutes."""
    outside, keys = keyboard
    os.write(outside, b"a" * 1000 + b"\n")
    found = keys.read_keys()
    assert [(each.key, each.data) for each in found[:-1]] == [(Keys.BracketedPaste, "a" * 1000)]
    os.close(outside)


def test_keys_end_with_the_terminal(keyboard: tuple[int, Keyboard]) -> None:
    """Nobody asks a terminal that is gone for ever."""
    outside, keys = keyboard
    os.close(outside)
    assert keys.read_keys() == []
    assert keys.closed


@pytest.mark.parametrize(("number", "closed"), [(errno.EIO, True), (errno.EAGAIN, False)])
def test_keys_that_cannot_be_read(
    keyboard: tuple[int, Keyboard],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    closed: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """EIO is an end: a process group in the background gets it each time. An empty terminal is none."""
    outside, keys = keyboard
    os.write(outside, b"x\n")

    def read(_descriptor: int, _count: int) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("chat_client.ui.screen.os.read", read)
    assert keys.read_keys() == []
    assert keys.closed is closed
    os.close(outside)


def join(server: FakeServer) -> Peer:
    """Register the client, which asks who is there; return the server's end."""
    peer = server.accept()
    peer.register()
    peer.receive(Who)
    return peer


def test_a_closed_window_leaves_properly(server: FakeServer) -> None:
    """What was said is delivered and EXIT is sent, though nobody can see it; the status says so."""
    with Terminal(["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave"]) as terminal:

        def part() -> None:
            peer = join(server)
            terminal.wait_for("you are in lobby")
            terminal.type("last words\r")
            message = peer.receive(Msg)
            terminal.hang_up()
            peer.send(said(1))
            peer.acknowledge(message, 2)
            peer.part()

        with playing(server, part):
            assert terminal.status() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_leaves_the_terminal_as_it_was(server: FakeServer, number: int) -> None:
    """While a name is asked for, too: it is no raw terminal that a shell gets back."""
    with Terminal(["--host", "127.0.0.1", "--port", str(server.port)]) as terminal:
        before = terminal.is_raw()
        terminal.wait_for("Your name:")
        during = terminal.is_raw()
        terminal.signal(number)
        assert terminal.status() == 0
        assert (before, during, terminal.is_raw()) == (False, True, False)


def test_a_terminal_of_another_encoding(server: FakeServer) -> None:
    """Messages, the prompt and the toolbar show escapes, and the program goes on."""
    arguments = ["--host", "127.0.0.1", "--port", str(server.port), "--name", "dave", "--color", "never"]
    with Terminal(arguments, {"PYTHONIOENCODING": "latin-1"}) as terminal:

        def part() -> None:
            peer = join(server)
            peer.send(said(1, "今日は grüße", sender="bob"))
            terminal.wait_for("\\u4eca\\u65e5\\u306f")
            terminal.type("\x04")
            peer.part()

        with playing(server, part):
            pass
        assert terminal.finish() == 0
    assert b"gr\xfc\xdfe" in terminal.shown
