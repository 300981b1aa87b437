"""What all ways of talking have in common: exit status, file, signals."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chat_client.errors import TranscriptError
from chat_client.protocol.events import Event, Said
from chat_client.ui.app import App, ExitStatus, Options
from chat_client.ui.output import Output
from chat_protocol.messages import Msg, RegName
from chat_protocol.server_messages import Bye, ErrorFrame
from tests.support.fake_server import DEADLINE, FakeServer, Peer, options, playing, request, said
from tests.support.sheet import Sheet


class Waiting(App):
    """A app that says one thing, if any, and waits for its end."""

    text = ""

    def __init__(self, asked: Options) -> None:
        self.out = Sheet()
        self.err = Sheet()
        super().__init__(asked, self.out, self.err)

    def converse(self) -> None:
        """Wait."""
        self.wait_until(lambda: self.ready)
        if self.text:
            self.interpreter.take(self.text)
        self.wait_until(lambda: False)


def register(server: FakeServer) -> Peer:
    """Register the client; return the server's end."""
    peer = server.accept()
    peer.register()
    return peer


def test_leaving_properly_is_no_error(server: FakeServer) -> None:
    """A stop leaves with EXIT, and status 0 says so."""
    app = Waiting(options(server))
    app.text = "hello"

    def part() -> None:
        peer = register(server)
        peer.acknowledge(peer.receive(Msg), 1)
        app.stop()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT
    assert app.err.getvalue() == ""
    assert app.out.getvalue().endswith("-- you left the chat\n")


def test_a_pulse_beats_once_something_is_said(server: FakeServer, tmp_path: Path) -> None:
    """The file is not there before the first message, and is with it."""
    pulse = tmp_path / "pulse"
    app = Waiting(options(server, pulse=str(pulse)))
    app.text = "hello"
    before: list[bool] = []

    def part() -> None:
        peer = register(server)
        message = peer.receive(Msg)
        before.append(pulse.exists())
        peer.acknowledge(message, 1)
        app.stop()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT
    assert (before, pulse.exists()) == ([False], True)


def test_no_server() -> None:
    """What is wrong and what to do about it is told, with status 1."""
    server = FakeServer()
    app = Waiting(options(server))
    server.close()
    assert app.run() is ExitStatus.LOST
    assert app.err.getvalue() == (
        f"chat-client: nothing listens on 127.0.0.1 port {app.options.port}; "
        "start a server with chat-server, or see --host and --port\n"
    )


def test_a_port_of_something_else(server: FakeServer) -> None:
    """It says what is there; no advice to start a server, since one runs."""
    app = Waiting(options(server))
    with playing(server, lambda: server.accept().socket.sendall(b"HTTP/1.0 400 Bad Request\r\n")):
        assert app.run() is ExitStatus.LOST
    assert app.err.getvalue() == (
        "chat-client: that port speaks HTTP, as the one for metrics does; the chat has another (--port)\n"
    )


def test_a_connection_lost_for_good(server: FakeServer) -> None:
    """The reason is told, and what was not delivered."""
    app = Waiting(options(server))
    app.text = "into the void"

    def part() -> None:
        peer = register(server)
        peer.receive(Msg)
        peer.send(Bye(reason="server_shutdown", text="stopping"))
        peer.close()

    with playing(server, part):
        assert app.run() is ExitStatus.LOST
    assert app.err.getvalue() == (
        "chat-client: the connection is lost: stopping\nchat-client: messages that were not delivered: 1\n"
    )


def test_a_refused_name(server: FakeServer) -> None:
    """Status 3 is for a name that was refused where nobody can be asked."""
    app = Waiting(options(server))

    def part() -> None:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        peer.send(ErrorFrame(code="name_taken", text="the name dave is taken\x1b"))

    with playing(server, part):
        assert app.run() is ExitStatus.NAME_REFUSED
    assert "taken␛ (--name)" in app.err.getvalue()


def test_what_was_not_taken_shows_in_the_status(server: FakeServer) -> None:
    """A message that the server refused makes status 4, though one left properly."""
    app = Waiting(options(server))
    app.text = "hello"

    def part() -> None:
        peer = register(server)
        message = peer.receive(Msg)
        peer.send(ErrorFrame(code="not_a_member", text="no", ref=message.ref))
        app.stop()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.NOT_ALL_SENT


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_properly(server: FakeServer, number: int) -> None:
    """What was said is delivered first; afterwards the signal means what it meant before."""
    before = signal.getsignal(number)
    app = Waiting(options(server))
    app.text = "last words"

    def part() -> None:
        peer = register(server)
        message = peer.receive(Msg)
        os.kill(os.getpid(), number)
        peer.acknowledge(message, 1)
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT
    assert signal.getsignal(number) is before


def test_a_signal_that_comes_twice_is_one(server: FakeServer) -> None:
    """Some senders reach a process by itself and by its group; that is no impatience."""
    app = Waiting(options(server))
    app.text = "hello"

    def part() -> None:
        peer = register(server)
        message = peer.receive(Msg)
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        peer.acknowledge(message, 1)
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT


def test_who_interrupts_again_does_not_wait(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C, while one waits for a server that does not answer, ends it at once."""
    monkeypatch.setattr("chat_client.ui.app.MOMENT_SECONDS", -1.0)
    app = Waiting(options(server))
    monkeypatch.setattr(app.session, "leave", lambda _parting: signal.raise_signal(signal.SIGINT))

    def part() -> None:
        peer = register(server)
        os.kill(os.getpid(), signal.SIGINT)
        assert peer.at_end()

    with playing(server, part), pytest.raises(KeyboardInterrupt):
        app.run()


def test_the_duration_ends_it(server: FakeServer) -> None:
    """After so many seconds one leaves as if one had said so, wherever one is."""
    app = Waiting(options(server, duration=0.01))

    def part() -> None:
        assert server.accept().at_end()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT


def test_saves_what_it_shows(server: FakeServer, tmp_path: Path) -> None:
    """Received and sent messages are in the file, each once, when the client has ended."""
    path = tmp_path / "chat.txt"
    app = Waiting(options(server, file=str(path)))
    app.text = "hello"

    def part() -> None:
        peer = register(server)
        message = peer.receive(Msg)
        peer.send(said(1), said(1))
        peer.acknowledge(message, 2)
        app.stop()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT
    lines = [line.split(" ", 1)[1] for line in path.read_text().splitlines() if line[0] != "#"]
    assert lines == ["lobby #1 bob: hi", "lobby #2 dave: hello"]


def test_a_file_that_cannot_be_used_is_told_before_connecting(server: FakeServer, tmp_path: Path) -> None:
    """Nobody sees one come and go for that."""
    with pytest.raises(TranscriptError):
        Waiting(options(server, file=str(tmp_path)))
    assert server.is_left_alone()


def test_leaves_when_nobody_reads(server: FakeServer) -> None:
    """A reader of our output that ends, ends us too, without a traceback."""
    app = Waiting(options(server))
    read_end, write_end = os.pipe()
    os.close(read_end)
    app._out = Output(write_end)  # noqa: SLF001  # as a shell connects it

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.LEFT
    os.close(write_end)
    assert app.err.getvalue() == ""


def test_a_wait_has_an_end(server: FakeServer) -> None:
    """What does not happen is not waited for beyond its time."""
    app = Waiting(options(server))
    app.wait_until(lambda: False, 0.0)
    waiting = threading.Thread(target=app.wait_until, args=(lambda: False,))
    waiting.start()
    app.stop()
    waiting.join(DEADLINE)
    assert not waiting.is_alive()


class Waits:
    """Waits for nothing; keeps what was to be waited for: whether that was so already, and for how long."""

    def __init__(self) -> None:
        self.done: list[bool] = []
        self.seconds: list[float | None] = []

    def __call__(self, done: Callable[[], bool], timeout: float | None = None) -> None:
        """Look, and go on."""
        self.done.append(done())
        self.seconds.append(timeout)


class Standing:
    """A session of which only how it stands is known: at each look the next, and then the last for good."""

    def __init__(self, *looks: int, held: int = 0) -> None:
        self._looks = chain(looks, repeat(looks[-1]))
        self._held = held

    def status(self) -> SimpleNamespace:
        """Return how it stands."""
        return SimpleNamespace(pending=next(self._looks), held=self._held)


def test_deliveries_are_waited_for_as_long_as_they_come(server: FakeServer) -> None:
    """Each has the time in which a connection may come back: a server may take only so many a second."""
    app: Any = Waiting(options(server, retry=7.0))
    app.session = Standing(3, 2, 2, 2, 1, 1, 1, 0)
    app.wait_until = waits = Waits()
    app.wait_until_delivered()
    assert waits.seconds == [7.0] * 3
    assert waits.done == [True] * 3


def test_deliveries_that_do_not_come_are_given_up(server: FakeServer) -> None:
    """After that time."""
    app: Any = Waiting(options(server, retry=7.0))
    app.session = Standing(3)
    app.wait_until = waits = Waits()
    app.wait_until_delivered()
    assert waits.seconds == [7.0]


@pytest.mark.parametrize(
    ("pending", "held", "joining", "waits"),
    [(0, 0, None, 0), (500, 0, None, 1), (0, 500, None, 1), (0, 1, "tea", 2), (0, 0, "tea", 1)],
)
def test_the_next_line_waits_for_what_is_under_way(
    server: FakeServer, pending: int, held: int, joining: str | None, waits: int
) -> None:
    """Not too much may be unacknowledged or held back; a JOIN has its time once it has been sent."""
    app: Any = Waiting(options(server))
    app.session, app.interpreter.joining = Standing(pending, held=held), joining
    app.wait_until = waited = Waits()
    app.wait_until_taken()
    assert waited.done.count(False) == waits


def test_what_could_not_be_saved_shows_in_the_status(server: FakeServer) -> None:
    """A program that saves a chat learns that a part of it is missing."""
    app = Waiting(options(server, file="/dev/full"))
    app.text = "hello"

    def part() -> None:
        peer = register(server)
        peer.acknowledge(peer.receive(Msg), 1)
        app.stop()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.NOT_ALL_SAVED
    assert app.err.getvalue() == "chat-client: lines that could not be saved to /dev/full: 1\n"


def test_a_fault_costs_its_step_alone(server: FakeServer, tmp_path: Path) -> None:
    """What cannot be shown, for whatever reason, is saved nevertheless, told, and no success."""
    path = tmp_path / "chat.txt"
    app = Waiting(options(server, file=str(path)))
    app.text = "hello"
    faults = [KeyError("x")]
    show = app.view.show

    def failing(events: Sequence[Event]) -> None:
        if any(isinstance(event, Said) for event in events) and faults:
            raise faults.pop()
        show(events)

    app.view.show = failing  # type: ignore[method-assign]  # as a bug would

    def part() -> None:
        peer = register(server)
        peer.acknowledge(peer.receive(Msg), 1)
        app.stop()
        peer.part()

    with playing(server, part):
        assert app.run() is ExitStatus.NOT_ALL_SAVED
    assert path.read_text().count("lobby #1 dave: hello") == 1
    assert app.err.getvalue() == (
        "chat-client: the client failed, so something was not shown or saved: KeyError('x')\n"
    )
    assert app.out.getvalue().endswith("-- you left the chat\n")
