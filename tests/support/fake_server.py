"""A server that says what a test tells it to: the test's own thread plays its part."""

import os
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self, TypeVar

from chat_client.connection.connection import connect
from chat_client.connection.session import Session
from chat_client.protocol.backoff import Backoff
from chat_client.protocol.client import ClientProtocol
from chat_client.protocol.events import Event
from chat_client.ui.app import Options
from chat_protocol.base import Message
from chat_protocol.codec import client_decoder, encode_lines
from chat_protocol.messages import PROTOCOL, Exit, Msg, RegName
from chat_protocol.server_messages import Ack, Bye, Joined, Limits, MsgFrame, RegNameRequest, Welcome

#: A test that waits longer than this for the other side has failed; seconds.
DEADLINE = 10.0
LIMITS = Limits(line_bytes=1024, name_length=32, topic_length=256, rooms_per_user=50)
M = TypeVar("M")


def request(limits: Limits = LIMITS) -> RegNameRequest:
    """Return what a server says first."""
    return RegNameRequest(protocol=PROTOCOL, server="fake", limits=limits)


def welcome(
    name: str = "dave",
    rooms: Sequence[str] = ("lobby",),
    session: str = "s1",
    epoch: str = "e1",
    resumed: bool | None = None,  # noqa: FBT001  # as the protocol has it
) -> Welcome:
    """Return a WELCOME."""
    return Welcome(name=name, session=session, rooms=list(rooms), epoch=epoch, resumed=resumed)


def entered(room: str = "lobby", last: int = 0, name: str = "dave", **others: object) -> Joined:
    """Return the JOINED that one gets for oneself."""
    return Joined(room=room, name=name, members=1, topic="", last=last, **others)  # type: ignore[arg-type]  # of its fields


def said(
    number: int, text: str = "hi", sender: str = "bob", room: str = "lobby", ts: float = 0.0
) -> MsgFrame:
    """Return a message of a room."""
    return MsgFrame(room=room, id=number, ts=ts, sender=sender, text=text)


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(DEADLINE)
        self.socket = sock
        self._decoder = client_decoder(1024 * 1024)
        self._tail = b""
        self._received: deque[object] = deque()

    def send(self, *messages: Message) -> None:
        """Send messages."""
        self.socket.sendall(encode_lines(messages))

    def receive(self, kind: type[M]) -> M:
        """Return the next message, which must be of this kind."""
        while not self._received:
            data = self.socket.recv(65536)
            assert data, f"the client left while {kind.__name__} was due"
            *lines, self._tail = (self._tail + data).split(b"\n")
            self._received += self._decoder.decode(b"".join(line + b"\n" for line in lines))
        message = self._received.popleft()
        assert isinstance(message, kind), message
        return message

    def at_end(self) -> bool:
        """Wait for what comes; return whether it is the end of the connection."""
        try:
            return not self._received and self.socket.recv(65536) == b""
        except ConnectionError:
            return True

    def register(self, *more: Message, resumed: bool | None = None, limits: Limits = LIMITS) -> RegName:
        """Ask for the name, welcome whoever it is into the lobby, and send what follows."""
        self.send(request(limits))
        registered = self.receive(RegName)
        self.send(welcome(name=registered.name, resumed=resumed), entered(name=registered.name), *more)
        return registered

    def acknowledge(self, message: Msg, number: int) -> None:
        """Acknowledge a message."""
        assert message.ref is not None
        self.send(Ack(ref=message.ref, id=number, ts=float(number), room=message.room))

    def part(self) -> None:
        """Take leave of a client that says EXIT."""
        self.receive(Exit)
        self.send(Bye(reason="exit", text="goodbye"))
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


class LeapingClock:
    """A clock that goes on by `step` seconds each time it is asked, and else stands still."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.step = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += self.step
        return self.now


class FakeServer:
    """Listens on the loopback; `accept` returns the server's end of the next connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(DEADLINE)
        self._peers: list[Peer] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def accept(self) -> Peer:
        """Wait for the next connection."""
        peer = Peer(self._listener.accept()[0])
        self._peers.append(peer)
        return peer

    def is_left_alone(self) -> bool:
        """Whether no other connection was made."""
        self._listener.settimeout(0.0)
        try:
            self.accept()
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        """Close everything."""
        self._listener.close()
        for peer in self._peers:
            peer.close()


@contextmanager
def typed_in(typed: bytes) -> Iterator[int]:
    """Give the descriptor of an input that has these bytes and then ends."""
    read_end, write_end = os.pipe()
    os.write(write_end, typed)
    os.close(write_end)
    try:
        yield read_end
    finally:
        os.close(read_end)


@contextmanager
def playing(
    server: FakeServer, part: Callable[[], object], give_up: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Play the server's part in a thread, while what is in here plays the client's.

    A part that fails closes the server and calls `give_up`.
    """
    failures: list[BaseException] = []

    def play() -> None:
        try:
            part()
        except BaseException as failure:  # noqa: BLE001  # raised below, in the test's thread
            failures.append(failure)
            server.close()
            give_up()

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        thread.join(DEADLINE)
        if failures:
            raise failures[0]
    assert not thread.is_alive()


def options(server: FakeServer, **others: Any) -> Options:  # noqa: ANN401  # as Options has them
    """Return what a user asks for who has no patience."""
    return replace(Options("127.0.0.1", server.port, "dave", retry=0.0), **others)


class Client:
    """A session against a fake server, with its events in a queue."""

    def __init__(  # noqa: PLR0913  # each has its default
        self,
        port: int,
        room: str | None = None,
        *,
        asks_name: bool = False,
        at_start: float = 0.0,
        afterwards: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self.session = Session(
            ClientProtocol("dave", room),
            lambda: connect("127.0.0.1", port),
            self._put,
            Backoff(at_start, afterwards, first=0.0),
            asks_name=asks_name,
            clock=clock,
        )

    def __enter__(self) -> Self:
        self.session.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def next(self, kind: type[M]) -> M:
        """Return the next event of this kind; events of other kinds before it are passed over."""
        while True:
            event = self._events.get(timeout=DEADLINE)
            if isinstance(event, kind):
                return event

    def rest(self) -> list[Event]:
        """Return what has happened and was not looked at."""
        events = []
        while not self._events.empty():
            events.append(self._events.get())
        return events

    def _put(self, events: Sequence[Event]) -> None:
        for event in events:
            self._events.put(event)
