"""The protocol and its connection, shared between threads."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chat_client.connection.connection import Connection
from chat_client.connection.guarded import GuardedProtocol, Status
from chat_client.errors import ConnectionLostError
from chat_client.protocol.client import ClientProtocol
from chat_protocol.messages import Exit, Msg, Ping, Pong, RegName
from chat_protocol.server_messages import Notice
from tests.support.fake_server import DEADLINE, Peer, entered, request, welcome


class Wire:
    """A guarded protocol with a connection attached, and the server's end of it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.guarded = GuardedProtocol(ClientProtocol("dave"))
        self.connection = Connection(ours)
        self.peer = Peer(theirs)
        self.guarded.attach(self.connection)

    def hear(self, now: float = 0.0) -> None:
        """Take what the server has sent, and answer it."""
        _, answers = self.guarded.receive(self.connection.receive(DEADLINE) or [], now)
        self.guarded.answer(answers, now)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Return one that is registered."""
    wire = Wire()
    wire.peer.send(request())
    wire.hear()
    wire.peer.receive(RegName)
    wire.peer.send(welcome(), entered())
    wire.hear()
    yield wire
    wire.connection.close()
    wire.peer.close()


def test_tells_how_things_stand(wire: Wire) -> None:
    """Before, during and after a connection."""
    here = Status(connected=True, registered=True, name="dave", rooms=("lobby",), pending=0)
    assert wire.guarded.status() == here
    wire.guarded.detach()
    wire.guarded.send(Msg(text="later", room="lobby"))
    assert wire.guarded.status() == replace(here, connected=False, pending=1)


def test_what_waited_goes_out_after_the_answers(wire: Wire) -> None:
    """The name comes first on a new connection, then all that waits, in order."""
    wire.guarded.detach()
    wire.guarded.send(Msg(text="1", room="lobby"))
    wire.guarded.attach(wire.connection)
    wire.guarded.send(Msg(text="2", room="lobby"))
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
        wire.guarded.send(Msg(text="x", room="lobby"))
    assert wire.guarded.status().pending == 3
    with pytest.raises(ConnectionLostError):
        wire.connection.receive(DEADLINE)


def test_leaving_without_a_connection_says_nothing(wire: Wire) -> None:
    """There is nobody to tell; with one, EXIT is said."""
    wire.guarded.say_exit()
    wire.peer.receive(Exit)
    wire.guarded.detach()
    wire.guarded.say_exit()
    assert wire.guarded.leaving


def test_a_stuck_sender_lets_go_of_a_link_that_is_shut(wire: Wire) -> None:
    """So the listener, which knows that the server is gone, need not wait for it."""

    def send() -> None:
        for number in range(900):
            wire.guarded.send(Msg(text=f"{number} {'x' * 900}", room="lobby"))

    sender = threading.Thread(target=send)
    sender.start()
    wire.peer.receive(Msg)
    wire.connection.shut()
    wire.guarded.detach()
    sender.join(DEADLINE)
    assert not sender.is_alive()
    assert wire.guarded.status().pending == 900


def test_a_notice_needs_no_sending(wire: Wire) -> None:
    """What needs no answer is taken while another thread is in the middle of sending."""
    wire.peer.send(Notice(text="x"))
    with wire.guarded._sending:  # noqa: SLF001  # as a sender that is stuck
        events, answers = wire.guarded.receive(wire.connection.receive(DEADLINE) or [], 0.0)
        wire.guarded.answer(answers, 0.0)
    assert events == [Notice(text="x")]
