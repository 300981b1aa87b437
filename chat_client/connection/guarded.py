"""The client's protocol and the connection it goes over at the moment, shared between threads."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chat_client.connection.connection import Connection
from chat_client.errors import ConnectionLostError
from chat_client.protocol.admission import Admission
from chat_client.protocol.client import ClientProtocol
from chat_client.protocol.events import Event
from chat_client.protocol.pacing import Pacing
from chat_protocol.messages import ClientMessage, Dm, Exit, Msg, Ping
from chat_protocol.server_messages import Bye, Pace


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand at one moment. `pending` counts what is said and not acknowledged.

    `held` counts what waits until the server takes it, said or not; `registered` is whether the server has
    ever taken the name.
    """

    connected: bool
    registered: bool
    name: str | None
    rooms: tuple[str, ...]
    pending: int
    held: int = 0


class GuardedProtocol:
    """Sends what is submitted, in the order of the protocol, over whatever connection is attached.

    Locks, outermost first: `_sending`, `changed`. Whoever sends takes what is to be sent from the
    protocol and sends it under `_sending`; only `changed` is needed to receive, so a server that
    does not read keeps nobody from hearing it.
    """

    def __init__(self, protocol: ClientProtocol, clock: Callable[[], float] = time.monotonic) -> None:
        self._protocol = protocol
        self._clock = clock
        # Guards the bytes on the connection. A send under it ends after SEND_SECONDS at the latest.
        self._sending = threading.Lock()
        #: Guards what follows and the protocol; notified whenever any of it changes.
        self.changed = threading.Condition()
        self._pacing = Pacing()
        self._connection: Connection | None = None
        #: The user wants to leave; a loss of the connection is no matter now.
        self.leaving = False

    # For the threads that send

    def send(self, message: ClientMessage) -> None:
        """Submit a message. Raises what `ClientProtocol.submit` raises."""
        self._send(lambda: self._protocol.submit(message))

    def take_name(self, name: str) -> None:
        """Try another name after a refused one."""
        self._send(lambda: self._protocol.take_name(name))

    def say_exit(self, parting: str = "") -> None:
        """Say that we leave, and why, if there is anybody to tell."""
        with self.changed:
            self.leaving = True
        self._send(
            lambda: [*self._protocol.reading.rest(), Exit(text=parting)] if self._protocol.open else []
        )

    def status(self) -> Status:
        """Return how things stand."""
        with self.changed:
            protocol = self._protocol
            registered = protocol.session is not None
            pending, held = len(protocol.pending), self._pacing.held
            return Status(protocol.open, registered, protocol.name, protocol.rooms, pending, held)

    def pending(self) -> list[Msg | Dm]:
        """Return what is not acknowledged."""
        with self.changed:
            return self._protocol.pending.messages()

    def shut(self) -> None:
        """End the connection, if there is one."""
        with self.changed:
            if self._connection is not None:
                self._connection.shut()
            self.changed.notify_all()

    def _send(self, take: Callable[[], Sequence[ClientMessage]]) -> None:
        with self._sending:
            with self.changed:
                ready = self._pacing.pass_on(take(), self._clock())
                held = self._pacing.held
                connection = self._connection
                self.changed.notify_all()
            if connection is None:
                return
            if held:
                connection.wake()  # its listener sends the rest in time
            if not ready:
                return
            try:
                connection.send(ready)
            except ConnectionLostError:
                connection.shut()  # its listener finds the end, and sees to it

    # For the thread that listens

    def connecting(self) -> None:
        """Note that a new connection is about to be made."""
        with self.changed:
            self._protocol.connecting()

    def attach(self, connection: Connection) -> None:
        """Use this connection from now on."""
        with self.changed:
            self._connection = connection

    def detach(self) -> None:
        """Use no connection any more."""
        with self._sending, self.changed:
            self._connection = None
            self._protocol.disconnected()
            self._pacing.clear()
            self.changed.notify_all()

    def receive(self, messages: Iterable[object], now: float) -> tuple[list[Event], list[ClientMessage]]:
        """Take what came in; return what happened and what to `answer`. Raises `IncompatibleError`."""
        with self.changed:
            outcome = self._protocol.receive(messages, now)
            if (limits := self._protocol.limits) is not None:
                self._pacing.keep_to(limits.pace if isinstance(limits.pace, Pace) else None)
            self.changed.notify_all()
            return outcome

    def answer(self, messages: Sequence[ClientMessage], now: float) -> None:
        """Send answers, what was held back if its time has come, and what was read."""
        with self.changed:
            times = (self._pacing.due, self.read_at)
        if messages or self._flush_due(now) or any(each is not None and now >= each for each in times):
            self._send(lambda: [*messages, *self._flushed(now), *self._read(now)])

    def told(self, now: float) -> None:
        """Note that all that came was told, and so may be said to be read."""
        with self.changed:
            self._protocol.told(now)

    def ping(self) -> None:
        """Ask the server whether it is there, or is one at all."""
        if self.asked:
            self._send(lambda: [Ping()])
            return
        with self._sending:  # nothing else is sent yet
            connection = self._connection
            if connection is not None:
                connection.knock()

    def _flushed(self, now: float) -> list[ClientMessage]:
        """Return all that waits, if its time has come; `changed` is held."""
        if not self._flush_due(now):
            return []
        self._pacing.drop_said()
        return self._protocol.flush()

    def _read(self, now: float) -> list[ClientMessage]:
        """Return what is to be said of what was read, if it is time; `changed` is held."""
        return [*self._protocol.reading.due(now)] if self._protocol.open else []

    def _flush_due(self, now: float) -> bool:
        protocol = self._protocol
        return protocol.welcomed or (
            protocol.open and protocol.again_at is not None and now >= protocol.again_at
        )

    @property
    def again_at(self) -> float | None:
        """When `answer` is due because messages were held back."""
        with self.changed:
            times = (self._protocol.again_at, self._pacing.due)
        return min((each for each in times if each is not None), default=None)

    @property
    def read_at(self) -> float | None:
        """When `answer` is due to say what was read."""
        return self._protocol.reading.at if self._protocol.open else None

    @property
    def asked(self) -> bool:
        """Whether the server has spoken as a chat server does."""
        return self._protocol.asked

    @property
    def admission(self) -> Admission:
        """Whether and why the server does not let us in."""
        return self._protocol.admission

    @property
    def nameless(self) -> bool:
        """Whether the name was refused and no other was given."""
        return self._protocol.name is None

    @property
    def farewell(self) -> tuple[Bye | None, float | None]:
        """The server's BYE, and after how many seconds it wants us back."""
        return self._protocol.bye, self._protocol.reconnect_after
