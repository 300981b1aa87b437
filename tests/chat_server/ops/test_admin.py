"""The admin socket: one line asked, lines answered, and nobody waits for a shell that hangs."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chat_server.ops import admin as module
from chat_server.ops import admin_messages as admin
from chat_server.ops.admin import ANSWER_SECONDS, OPEN_EXCHANGES, AdminServer
from chat_server.unix_socket import connected
from tests.support.world import Clock

PATIENCE = 10.0
ASKED = b'{"type":"users"}\n'


class Shells:
    """A server of shells, and what it was asked."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.path = path
        self.asked: list[tuple[admin.Request, str]] = []
        self.answers: Callable[[], Iterable[admin.Answer]] = lambda: [admin.Said("yes")]
        self.server = AdminServer(path, self._perform, self.clock)
        self.server.start()

    def _perform(self, request: admin.Request, actor: str) -> Iterable[admin.Answer]:
        self.asked.append((request, actor))
        return self.answers()

    def connect(self) -> socket.socket:
        """Return a connection that has asked for nothing."""
        return connected(self.path, PATIENCE)

    def ask(self, line: bytes) -> list[admin.Answer]:
        """Return the answers to a line."""
        with self.connect() as sock:
            sock.sendall(line)
            return answers(sock)


def answers(sock: socket.socket) -> list[admin.Answer]:
    """Read answers to the end."""
    data = b""
    while received := sock.recv(1 << 16):
        data += received
    return [admin.decode_answer(line) for line in data.splitlines()]


@pytest.fixture
def shells(tmp_path: Path) -> Iterator[Shells]:
    """Run one."""
    made = Shells(tmp_path / "admin")
    yield made
    made.server.stop()
    assert not made.path.exists()


def test_a_line_is_asked_and_lines_are_answered(shells: Shells) -> None:
    """In however many pieces it comes; the actor is the user that the system vouches for."""
    with shells.connect() as sock:
        for byte in ASKED:
            sock.sendall(bytes([byte]))
        assert answers(sock) == [admin.Said("yes"), admin.Done()]
    assert shells.asked == [(admin.Users(), f"shell:{os.getuid()}")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"type":"shutdown"}\n', "does not take that"),
        (b"nonsense\n", "does not take that"),
        (b'{"type":"notice","text":"\xff"}\n', "does not take that"),
        (b"x" * (admin.REQUEST_BYTES + 1), "of 16384 bytes at most"),
    ],
)
def test_what_is_no_request_is_refused(shells: Shells, line: bytes, said: str) -> None:
    """Nothing is done, and the next one is answered."""
    refused, done = shells.ask(line)
    assert isinstance(refused, admin.Refused)
    assert (said in refused.text, done, shells.asked) == (True, admin.Done(), [])
    assert shells.ask(ASKED)[0] == admin.Said("yes")


def test_half_a_request_is_none(shells: Shells) -> None:
    """The line has no end: nothing is done."""
    with shells.connect() as sock:
        sock.sendall(ASKED[:-1])
        sock.shutdown(socket.SHUT_WR)
        assert isinstance(answers(sock)[0], admin.Refused)
    assert shells.asked == []


def test_shells_that_hang_hold_up_nobody(shells: Shells) -> None:
    """One that says nothing, one that began a line, one that does not read; they are left in the end."""
    shells.answers = lambda: [admin.Said("x" * 1000)] * 10_000
    silent, halfway, deaf = (shells.connect() for _ in range(3))
    halfway.sendall(ASKED[:5])
    deaf.sendall(ASKED)
    answered = shells.ask(ASKED)
    assert len(answered) == 10_001
    shells.clock.now += ANSWER_SECONDS + 1
    shells.answers = list
    assert shells.ask(ASKED) == [admin.Done()]  # a turn of the thread, which looks at the time
    assert silent.recv(1) == b""
    with contextlib.suppress(ConnectionResetError):  # its line was begun
        assert halfway.recv(1) == b""
    for sock in (silent, halfway, deaf):
        sock.close()


def test_so_many_at_once(shells: Shells) -> None:
    """When one more comes, the oldest gives way."""
    hanging = [shells.connect() for _ in range(OPEN_EXCHANGES + 1)]
    assert shells.ask(ASKED)[0] == admin.Said("yes")
    assert hanging[0].recv(1) == b""
    for sock in hanging:
        sock.close()


def test_an_answer_is_bounded(shells: Shells, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told how much is missing."""
    monkeypatch.setattr(module, "ANSWER_BYTES", 100)
    shells.answers = lambda: [admin.Said("x" * 20)] * 10
    *said, warned, done = shells.ask(ASKED)
    assert warned == admin.Warned(f"{10 - len(said)} more lines are left out")
    assert (0 < len(said) < 10, done) == (True, admin.Done())


def test_a_fault_ends_one_request_alone(shells: Shells) -> None:
    """The shell sees that the answer has no end; the next is answered."""

    def fail() -> Iterable[admin.Answer]:
        raise ValueError

    usual, shells.answers = shells.answers, fail
    with capture_logs() as logs:
        assert shells.ask(ASKED) == []
    assert [each["event"] for each in logs] == ["contained"]
    shells.answers = usual
    assert shells.ask(ASKED)[0] == admin.Said("yes")


def test_a_shell_that_goes_before_its_answer(shells: Shells) -> None:
    """Costs nothing."""
    gone = threading.Event()
    usual = shells.answers

    def wait() -> Iterable[admin.Answer]:
        gone.wait(PATIENCE)
        return [admin.Said("x" * 1000)] * 1000

    shells.answers = wait
    with shells.connect() as sock:
        sock.sendall(ASKED)
    gone.set()
    shells.answers = usual
    assert shells.ask(ASKED)[-1] == admin.Done()


def test_the_thread_shows_that_it_lives(shells: Shells) -> None:
    """Health looks at it as at the others."""
    assert shells.server.heartbeat.fault() is None
    assert "admin" in {thread.name for thread in threading.enumerate()}


def test_one_that_was_never_started_leaves_nothing(tmp_path: Path) -> None:
    """As if the server's start failed."""
    AdminServer(tmp_path / "admin", lambda _request, _actor: [], Clock()).stop()
    assert list(tmp_path.iterdir()) == []
