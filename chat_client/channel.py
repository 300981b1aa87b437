"""An exchange and the connection it goes over at the moment, shared between threads."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chat_client.admission import Admission
from chat_client.errors import ConnectionLostError
from chat_client.events import Event
from chat_client.exchange import Exchange
from chat_client.link import Link
from chat_protocol.messages import Bye, ClientMessage, Dm, Exit, Msg, Ping


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand at one moment. `pending` counts what is said and not acknowledged."""

    connected: bool
    name: str | None
    rooms: tuple[str, ...]
    pending: int


class Channel:
    """Sends what is submitted, in the order of the exchange, over whatever link is attached.

    Locks, outermost first: `_sending`, `changed`. Whoever sends takes what is to be sent from the
    exchange and sends it under `_sending`; only `changed` is needed to receive, so a server that
    does not read keeps nobody from hearing it.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        # Guards the bytes on the link. A send under it ends after link.SEND_TIMEOUT at the latest.
        self._sending = threading.Lock()
        #: Guards what follows and the exchange; notified whenever any of it changes.
        self.changed = threading.Condition()
        self._link: Link | None = None
        #: The user wants to leave; a loss of the connection is no matter now.
        self.leaving = False

    # For the threads that send

    def send(self, message: ClientMessage) -> None:
        """Submit a message. Raises what `Exchange.submit` raises."""
        self._send(lambda: self._exchange.submit(message))

    def take_name(self, name: str) -> None:
        """Try another name after a refused one."""
        self._send(lambda: self._exchange.take_name(name))

    def say_exit(self) -> None:
        """Say that we leave, if there is anybody to tell."""
        with self.changed:
            self.leaving = True
        self._send(lambda: [Exit()] if self._exchange.open else [])

    def status(self) -> Status:
        """Return how things stand."""
        with self.changed:
            exchange = self._exchange
            return Status(exchange.open, exchange.name, exchange.rooms, len(exchange.pending))

    def pending(self) -> list[Msg | Dm]:
        """Return what is not acknowledged."""
        with self.changed:
            return self._exchange.pending.messages()

    def shut(self) -> None:
        """End the connection, if there is one."""
        with self.changed:
            if self._link is not None:
                self._link.shut()
            self.changed.notify_all()

    def _send(self, take: Callable[[], Sequence[ClientMessage]]) -> None:
        with self._sending:
            with self.changed:
                ready = take()
                link = self._link
                self.changed.notify_all()
            if link is None or not ready:
                return
            try:
                link.send(ready)
            except ConnectionLostError:
                link.shut()  # its listener finds the end, and sees to it

    # For the thread that listens

    def connecting(self) -> None:
        """Note that a new connection is about to be made."""
        with self.changed:
            self._exchange.connecting()

    def attach(self, link: Link) -> None:
        """Use this connection from now on."""
        with self.changed:
            self._link = link

    def detach(self) -> None:
        """Use no connection any more."""
        with self._sending, self.changed:
            self._link = None
            self._exchange.disconnected()
            self.changed.notify_all()

    def receive(self, messages: Iterable[object], now: float) -> tuple[list[Event], list[ClientMessage]]:
        """Take what came in; return what happened and what to `answer`. Raises `IncompatibleError`."""
        with self.changed:
            outcome = self._exchange.receive(messages, now)
            self.changed.notify_all()
            return outcome

    def answer(self, messages: Sequence[ClientMessage], now: float) -> None:
        """Send answers, and all that was held back if its time has come."""
        if messages or self._flush_due(now):
            self._send(lambda: [*messages, *(self._exchange.flush() if self._flush_due(now) else [])])

    def ping(self) -> None:
        """Ask the server whether it is there, or is one at all."""
        if self.asked:
            self._send(lambda: [Ping()])
            return
        with self._sending:  # nothing else is sent yet
            link = self._link
            if link is not None:
                link.knock()

    def _flush_due(self, now: float) -> bool:
        exchange = self._exchange
        return exchange.welcomed or (
            exchange.open and exchange.again_at is not None and now >= exchange.again_at
        )

    @property
    def again_at(self) -> float | None:
        """When `answer` is due because messages were held back."""
        return self._exchange.again_at

    @property
    def asked(self) -> bool:
        """Whether the server has spoken as a chat server does."""
        return self._exchange.asked

    @property
    def admission(self) -> Admission:
        """Whether and why the server does not let us in."""
        return self._exchange.admission

    @property
    def nameless(self) -> bool:
        """Whether the name was refused and no other was given."""
        return self._exchange.name is None

    @property
    def farewell(self) -> tuple[Bye | None, float | None]:
        """The server's BYE, and after how many seconds it wants us back."""
        return self._exchange.bye, self._exchange.reconnect_after
