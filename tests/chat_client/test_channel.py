"""An exchange and its connection, shared between threads."""

import socket
import threading
from collections.abc import Iterator

import pytest

from chat_client.channel import Channel, Status
from chat_client.errors import ConnectionLostError
from chat_client.exchange import Exchange
from chat_client.link import Link
from chat_protocol.messages import Exit, Msg, Notice, Ping, Pong, RegName
from tests.chat_client.fake_server import DEADLINE, Peer, entered, request, welcome


class Wire:
    """A channel with a link attached, and the server's end of it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(Exchange("dave"))
        self.link = Link(ours)
        self.peer = Peer(theirs)
        self.channel.attach(self.link)

    def hear(self, now: float = 0.0) -> None:
        """Take what the server has sent, and answer it."""
        _, answers = self.channel.receive(self.link.receive(DEADLINE) or [], now)
        self.channel.answer(answers, now)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Return a channel that is registered."""
    wire = Wire()
    wire.peer.send(request())
    wire.hear()
    wire.peer.receive(RegName)
    wire.peer.send(welcome(), entered())
    wire.hear()
    yield wire
    wire.link.close()
    wire.peer.close()


def test_tells_how_things_stand(wire: Wire) -> None:
    """Before, during and after a connection."""
    assert wire.channel.status() == Status(connected=True, name="dave", rooms=("lobby",), pending=0)
    wire.channel.detach()
    wire.channel.send(Msg(text="later", room="lobby"))
    assert wire.channel.status() == Status(connected=False, name="dave", rooms=("lobby",), pending=1)


def test_what_waited_goes_out_after_the_answers(wire: Wire) -> None:
    """The name comes first on a new connection, then all that waits, in order."""
    wire.channel.detach()
    wire.channel.send(Msg(text="1", room="lobby"))
    wire.channel.attach(wire.link)
    wire.channel.send(Msg(text="2", room="lobby"))
    wire.peer.send(request())
    wire.hear()
    assert wire.peer.receive(RegName).session == "s1"
    wire.peer.send(welcome(resumed=True), Ping(ref="p"))
    wire.hear()
    assert wire.peer.receive(Pong) == Pong(ref="p")
    assert [wire.peer.receive(Msg).text for _ in range(2)] == ["1", "2"]


def test_a_send_that_fails_ends_the_link(wire: Wire) -> None:
    """Who sends is not told: the message is kept, and the listener finds the end."""
    wire.peer.close()
    for _ in range(3):
        wire.channel.send(Msg(text="x", room="lobby"))
    assert wire.channel.status().pending == 3
    with pytest.raises(ConnectionLostError):
        wire.link.receive(DEADLINE)


def test_leaving_without_a_connection_says_nothing(wire: Wire) -> None:
    """There is nobody to tell; with one, EXIT is said."""
    wire.channel.say_exit()
    wire.peer.receive(Exit)
    wire.channel.detach()
    wire.channel.say_exit()
    assert wire.channel.leaving


def test_a_stuck_sender_lets_go_of_a_link_that_is_shut(wire: Wire) -> None:
    """So the listener, which knows that the server is gone, need not wait for it."""

    def send() -> None:
        for number in range(900):
            wire.channel.send(Msg(text=f"{number} {'x' * 900}", room="lobby"))

    sender = threading.Thread(target=send)
    sender.start()
    wire.peer.receive(Msg)
    wire.link.shut()
    wire.channel.detach()
    sender.join(DEADLINE)
    assert not sender.is_alive()
    assert wire.channel.status().pending == 900


def test_a_notice_needs_no_sending(wire: Wire) -> None:
    """What needs no answer is taken while another thread is in the middle of sending."""
    wire.peer.send(Notice(text="x"))
    with wire.channel._sending:  # noqa: SLF001  # as a sender that is stuck
        events, answers = wire.channel.receive(wire.link.receive(DEADLINE) or [], 0.0)
        wire.channel.answer(answers, 0.0)
    assert events == [Notice(text="x")]
