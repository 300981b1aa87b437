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
from chat_protocol.messages import Exit, Msg, Ping, Pong, RegName, Who
from chat_protocol.server_messages import ErrorFrame, Limits, Notice, Pace
from tests.support.fake_server import DEADLINE, LIMITS, LeapingClock, Peer, entered, request, welcome


class Wire:
    """A guarded protocol with a connection attached, and the server's end of it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.clock = LeapingClock()
        self.guarded = GuardedProtocol(ClientProtocol("dave"), self.clock)
        self.connection = Connection(ours)
        self.peer = Peer(theirs)
        self.guarded.attach(self.connection)

    def hear(self, now: float = 0.0) -> None:
        """Take what the server has sent, and answer it."""
        _, answers = self.guarded.receive(self.connection.receive(DEADLINE) or [], now)
        self.guarded.answer(answers, now)

    def enter(self, limits: Limits = LIMITS) -> None:
        """Register."""
        self.peer.send(request(limits))
        self.hear()
        self.peer.receive(RegName)
        self.peer.send(welcome(), entered())
        self.hear()

    def come_back(self) -> None:
        """Lose the connection, and have another."""
        self.guarded.detach()
        self.guarded.attach(self.connection)
        self.peer.send(request(PACED))
        self.hear()
        self.peer.receive(RegName)
        self.peer.send(welcome(resumed=True), entered())
        self.hear(self.clock.now)

    def say(self, *numbers: int) -> None:
        """Say so many texts."""
        for number in numbers:
            self.guarded.send(Msg(text=str(number), room="lobby"))

    def told(self, count: int) -> list[str]:
        """Return so many texts that the server got."""
        return [self.peer.receive(Msg).text for _ in range(count)]


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


# Keeping to the server's pace

PACED = Limits(1024, 32, 256, 50, pace=Pace(3, 2.0, {}))


@pytest.fixture
def paced() -> Iterator[Wire]:
    """Return one whose server takes three messages at once, then two a second."""
    wire = Wire()
    wire.enter(PACED)
    yield wire
    wire.connection.close()
    wire.peer.close()


def test_a_server_s_pace_is_kept(paced: Wire) -> None:
    """What is too much is held, and whoever listens is woken to send it in time."""
    paced.say(*range(5))
    assert paced.told(3) == ["0", "1", "2"]
    assert paced.guarded.status().held == 2
    assert paced.connection.receive(DEADLINE) is None
    assert paced.guarded.again_at == pytest.approx(paced.clock.now + 0.5)
    for text in ("3", "4"):
        paced.clock.now += 0.5
        paced.guarded.answer([], paced.clock.now)
        assert paced.told(1) == [text]
    assert (paced.guarded.status().held, paced.guarded.again_at) == (0, None)


def test_nothing_is_sent_before_its_time(paced: Wire) -> None:
    """An answer to a PING goes at once, and takes nothing along."""
    paced.say(*range(4))
    paced.told(3)
    paced.guarded.answer([Pong(ref="p")], paced.clock.now)
    assert paced.peer.receive(Pong).ref == "p"
    assert paced.guarded.status().held == 1


def test_what_is_sent_again_after_a_loss_keeps_to_the_pace_too(paced: Wire) -> None:
    """So a server that cut somebody is not flooded again; all of it comes, in order, once."""
    paced.say(*range(5))
    paced.told(3)
    paced.clock.now += 10.0
    paced.come_back()
    assert paced.told(3) == ["0", "1", "2"]
    assert paced.guarded.status().held == 2
    paced.clock.now += 1.0
    paced.guarded.answer([], paced.clock.now)
    assert paced.told(2) == ["3", "4"]


def test_what_was_asked_on_a_lost_connection_is_forgotten(paced: Wire) -> None:
    """As it is without a pace; what was said waits in its own place."""
    paced.say(*range(3))
    paced.told(3)
    paced.guarded.send(Who(room="lobby"))
    paced.guarded.detach()
    assert (paced.guarded.status().held, paced.guarded.status().pending) == (0, 3)


def test_what_the_server_could_not_store_comes_again_once(paced: Wire) -> None:
    """In order with what was held meanwhile."""
    paced.say(*range(5))
    first = paced.peer.receive(Msg)
    paced.told(2)
    paced.guarded.receive([ErrorFrame(code="unavailable", text="later", ref=first.ref)], paced.clock.now)
    paced.clock.now += 60.0
    paced.guarded.answer([], paced.clock.now)
    assert paced.told(3) == ["0", "1", "2"]
    paced.clock.now += 60.0
    paced.guarded.answer([], paced.clock.now)
    assert paced.told(2) == ["3", "4"]
    assert paced.guarded.status().held == 0
