"""The client without a terminal."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_client.connection.session import Session
from chat_client.ui import line_input
from chat_client.ui.app import IN_FLIGHT_MESSAGES, ExitStatus
from chat_client.ui.lines import Lines
from chat_client.ui.output import Output
from chat_protocol.messages import Exit, Join, Msg, RegName
from chat_protocol.server_messages import Bye, ErrorFrame
from tests.support.fake_server import (
    DEADLINE,
    FakeServer,
    Peer,
    entered,
    options,
    playing,
    request,
    said,
    typed_in,
)
from tests.support.sheet import Sheet


def run(
    server: FakeServer, typed: bytes, part: Callable[[], object], **others: object
) -> tuple[ExitStatus, str]:
    """Run the client on these lines; return its status and what it printed."""
    out = Sheet()
    with typed_in(typed) as read_end, playing(server, part):
        status = Lines(options(server, **others), out, Sheet(), read_end).run()
    return status, out.getvalue()


def test_says_line_by_line_and_leaves(server: FakeServer) -> None:
    """The end of the input leaves, once all is acknowledged; the conversation is printed as it is."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        for number, text in enumerate(("hello", "two\u202e\ufffd", "three"), 1):
            message = peer.receive(Msg)
            assert (message.text, message.room) == (text, "lobby")
            peer.acknowledge(message, number)
        peer.part()

    status, printed = run(server, b"hello\ntwo\xe2\x80\xae\xff\r\n\nthree", part)
    assert status is ExitStatus.LEFT
    assert "dave: two\\u202e\ufffd\n" in printed
    assert "\x1b" not in printed


def test_a_wrong_line_shows_in_the_status(server: FakeServer) -> None:
    """The lines after it are said nevertheless, and `exit` ends before the end."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        message = peer.receive(Msg)
        assert message.text == "said"
        peer.acknowledge(message, 1)
        peer.part()

    status, printed = run(server, b"/frobnicate\nsaid\nexit\nnever\n", part)
    assert status is ExitStatus.NOT_ALL_SENT
    assert "no command /frobnicate" in printed


def test_what_follows_a_join_is_said_there(server: FakeServer) -> None:
    """The next line waits until the room is entered, and goes there however the server spells it."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        join = peer.receive(Join)
        peer.send(entered("tea", ref=join.ref))
        message = peer.receive(Msg)
        assert message.room == "tea"
        peer.acknowledge(message, 1)
        peer.part()

    assert run(server, b"/join TEA\nhello\n", part)[0] is ExitStatus.LEFT


def test_a_refused_room_is_not_waited_for(server: FakeServer) -> None:
    """The lines after it go where one is."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        join = peer.receive(Join)
        peer.send(ErrorFrame(code="room_invalid", text="no", ref=join.ref))
        message = peer.receive(Msg)
        assert message.room == "lobby"
        peer.acknowledge(message, 1)
        peer.part()

    assert run(server, b"/join x\nhello\n", part)[0] is ExitStatus.NOT_ALL_SENT


def test_the_room_asked_for_is_entered_first(server: FakeServer) -> None:
    """With --room nothing is said in the lobby by mistake."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        join = peer.receive(Join)
        assert join.room == "tea"
        peer.send(entered("tea", ref=join.ref))
        message = peer.receive(Msg)
        assert message.room == "tea"
        peer.acknowledge(message, 1)
        peer.part()

    assert run(server, b"hello\n", part, room="tea")[0] is ExitStatus.LEFT


def test_nothing_is_said_where_it_was_not_meant(server: FakeServer) -> None:
    """Where the room asked for cannot be entered, nothing is said in the lobby instead."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        join = peer.receive(Join)
        peer.send(ErrorFrame(code="limit_reached", text="no", ref=join.ref))
        peer.part()

    assert run(server, b"a secret\n", part, room="tea")[0] is ExitStatus.NOT_ALL_SENT


def test_what_was_said_is_delivered_after_a_loss(server: FakeServer) -> None:
    """The end of the input leaves only when the server has all of it, if that takes another connection."""

    def part() -> None:
        peer = server.accept()
        peer.register()
        message = peer.receive(Msg)
        peer.close()
        peer = server.accept()
        peer.register(resumed=True)
        assert peer.receive(Msg) == message
        peer.acknowledge(message, 1)
        peer.part()

    assert run(server, b"hello\n", part, retry=60.0)[0] is ExitStatus.LEFT


def test_a_long_input_waits_for_the_server(server: FakeServer) -> None:
    """No more lines are taken than the server can be expected to hold; none is lost or out of order."""
    count = 3 * IN_FLIGHT_MESSAGES

    def part() -> None:
        peer = server.accept()
        peer.register()
        for number in range(count):
            message = peer.receive(Msg)
            assert message.text == str(number)
            peer.acknowledge(message, number + 1)
        peer.part()

    typed = b"".join(b"%d\n" % number for number in range(count))
    status, printed = run(server, typed, part)
    assert status is ExitStatus.LEFT
    assert printed.count("dave: ") == count


def stopped(server: FakeServer, typed: bytes, part: Callable[[], Peer]) -> tuple[ExitStatus, str]:
    """Run the client on these lines until it is stopped after the part; return status and complaints."""
    err = Sheet()
    with typed_in(typed) as read_end:
        app = Lines(options(server), Sheet(), err, read_end)

        def play() -> None:
            peer = part()
            app.stop()
            peer.at_end()

        with playing(server, play):
            return app.run(), err.getvalue()


def test_lines_that_were_read_and_not_sent_are_told(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is ended while it waits to enter a room says that the rest was not sent."""
    monkeypatch.setattr(Session.leave, "__defaults__", (0.1,))

    def part() -> Peer:
        peer = server.accept()
        peer.register()
        peer.receive(Join)
        return peer

    assert stopped(server, b"/join tea\nhello\n", part) == (
        ExitStatus.NOT_ALL_SENT,
        "chat-client: what was left of the input was not sent\n",
    )


@pytest.mark.parametrize(
    ("typed", "status"),
    [(b"hello", ExitStatus.NOT_ALL_SENT), (b"\n", ExitStatus.LEFT), (b"", ExitStatus.LEFT)],
)
def test_lines_that_were_not_read_are_told(server: FakeServer, typed: bytes, status: ExitStatus) -> None:
    """A client that is ended before its name is taken has sent nothing. If there was any, it says so."""

    def part() -> Peer:
        peer = server.accept()
        peer.send(request())
        peer.receive(RegName)
        return peer

    assert stopped(server, typed, part)[0] is status


def test_an_input_that_cannot_be_read_is_told(server: FakeServer, tmp_path: Path) -> None:
    """It is not as if it had been empty."""
    err = Sheet()
    folder = os.open(tmp_path, os.O_RDONLY)

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.part()

    with playing(server, part):
        status = Lines(options(server), Sheet(), err, folder).run()
    os.close(folder)
    assert status is ExitStatus.NOT_ALL_SENT
    assert err.getvalue() == "chat-client: cannot read standard input: is a directory\n"


def test_a_line_without_an_end_is_told(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is thrown away, and what follows it is said."""
    monkeypatch.setattr(line_input, "LINE_BYTES", 1000)
    monkeypatch.setattr(line_input, "CHUNK_BYTES", 500)

    def part() -> None:
        peer = server.accept()
        peer.register()
        message = peer.receive(Msg)
        assert message.text == "hello"
        peer.acknowledge(message, 1)
        peer.part()

    status, printed = run(server, b"x" * 2000 + b"\nhello\n", part)
    assert status is ExitStatus.NOT_ALL_SENT
    assert "!! nothing was sent: a line has at most" in printed


def test_a_full_output_is_no_success(server: FakeServer) -> None:
    """What could not be shown is told on standard error and by the status; what was taken is delivered."""
    err = Sheet()

    def part() -> None:
        peer = server.accept()
        peer.register()
        peer.part()

    with Path("/dev/full").open("w") as full, typed_in(b"") as read_end, playing(server, part):
        status = Lines(options(server), Output(full.fileno()), err, read_end).run()
    assert status is ExitStatus.NOT_ALL_SAVED
    assert err.getvalue() == "chat-client: cannot write to standard output: no space left on device\n"


def test_a_slow_reader_sees_the_end(server: FakeServer) -> None:
    """The client ends only once everything that came was taken from its output."""
    read_end, write_end = os.pipe()
    received: list[bytes] = []
    slow = threading.Event()

    def read() -> None:
        slow.wait(DEADLINE)
        while data := os.read(read_end, 65536):
            received.append(data)

    def part() -> None:
        peer = server.accept()
        peer.register(*(said(number, "x" * 500) for number in range(1, 1001)))
        peer.receive(Exit)
        peer.send(Bye(reason="exit"))
        peer.close()
        slow.set()

    reader = threading.Thread(target=read)
    reader.start()
    with typed_in(b"") as typed, playing(server, part):
        status = Lines(options(server), Output(write_end), Sheet(), typed).run()
    os.close(write_end)
    reader.join(DEADLINE)
    os.close(read_end)
    assert status is ExitStatus.LEFT
    lines = b"".join(received).decode().splitlines()
    assert sum(line.endswith("x" * 500) for line in lines) == 1000
    assert lines[-1] == "-- you left the chat"
