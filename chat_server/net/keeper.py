"""The thread that keeps time: deadlines for names, pings, the age of outboxes, what has expired."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from chat_server.net.connection import ClientConnection
from chat_server.wire.messages import Ping

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds to give a name, of silence before a PING, and for an answer to it."""

    register: float = 10.0
    ping_interval: float = 25.0
    ping_timeout: float = 10.0


class Keeper:
    """Looks at everything that has a time limit, once a `tick`.

    A peer is taken for dead when nothing came for `ping_interval`, a PING was sent, and for
    `ping_timeout` there was no answer. A peer that never answered any (a person with `nc`) is held to
    less: it is dead when its host has not acknowledged the PING's bytes either.
    """

    def __init__(
        self,
        deadlines: Deadlines,
        clock: Callable[[], float],
        connections: Callable[[], Iterable[ClientConnection]],
        chores: Iterable[Callable[[], None]],
    ) -> None:
        self._deadlines = deadlines
        self._clock = clock
        self._connections = connections
        self._chores = tuple(chores)
        self.tick = min(1.0, deadlines.register / 4, deadlines.ping_interval / 4, deadlines.ping_timeout / 4)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def check(self) -> None:
        """Look at everything once."""
        now = self._clock()
        for connection in self._connections():
            self._check(connection, now)
        for chore in self._chores:
            try:
                chore()
            except Exception:  # one chore's fault must not stop the others
                log.exception("job_failed")

    def _run(self) -> None:
        while not self._stopping.wait(self.tick):
            self.check()

    def _check(self, connection: ClientConnection, now: float) -> None:
        limits = self._deadlines
        if not connection.conversation.registered:
            if now - connection.since > limits.register:
                connection.end("register_timeout")
        elif now - connection.last_received < limits.ping_interval:
            connection.pinged = None
        elif connection.pinged is None:
            connection.pinged = now
            connection.send(Ping())
        elif now - connection.pinged > limits.ping_timeout:
            self._judge(connection, now)

    def _judge(self, connection: ClientConnection, now: float) -> None:
        if connection.conversation.received.get("PONG") or connection.unacknowledged():
            connection.end("ping_timeout")
        else:
            connection.last_received, connection.pinged = now, None
