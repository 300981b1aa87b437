"""The client without a terminal."""

import io
from collections.abc import Callable

from chat_client.front import IN_FLIGHT, ExitStatus
from chat_client.lines import Lines
from chat_server.wire.messages import ErrorFrame, Join, Msg
from tests.chat_client.fake_server import FakeServer, entered, options, playing, typed_in


def run(
    server: FakeServer, typed: bytes, part: Callable[[], object], **others: object
) -> tuple[ExitStatus, str]:
    """Run the client on these lines; return its status and what it printed."""
    out = io.StringIO()
    with typed_in(typed) as read_end, playing(server, part):
        status = Lines(options(server, **others), out, io.StringIO(), read_end).run()
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
    count = 3 * IN_FLIGHT

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
