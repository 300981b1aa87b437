"""The thread that keeps time: deadlines for names, pings, the age of outboxes, what has expired."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chat_protocol.messages import Ping
from chat_protocol.reasons import CloseReason
from chat_server.faults import contained
from chat_server.net.connection import ClientConnection, ConnectionStage
from chat_server.net.heartbeat import Heartbeat

#: By so many seconds a tick may be late on a busy machine; by more, the process was suspended.
LATE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds to give a name, of silence before a PING, and for an answer to it."""

    register: float = 10.0
    ping_interval: float = 25.0
    ping_timeout: float = 10.0


class Keeper:
    """Looks at everything that has a time limit, once a `tick`. Waits for no disk.

    What counts in a connection's life is told by its stage (`ClientConnection.stage`):

    | stage | what ends it |
    |---|---|
    | naming | no name within `register` seconds; its own thread ends it if it talks on without one |
    | working | nothing here: its thread is busy for it, and a replay has its own limits |
    | delayed | nothing here, if there is a name; without one as above: it goes on too fast to be let in |
    | live | silence, as below |
    | ending | nothing here |

    Nothing is judged while something has arrived that is not read yet, or while the outbox gets rid of
    something. If a tick comes late, since the process or its host was suspended, the time is given back.

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
        self._looked = clock()
        self._thread = threading.Thread(target=self._run, name="keeper")
        self.heartbeat = Heartbeat(self._thread, clock)

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
        self.heartbeat.beat()
        now = self._clock()
        late = now - self._looked - self.tick
        self._looked = now
        connections: Iterable[ClientConnection] = ()
        with contained("connections"):
            connections = self._connections()
        for connection in connections:
            with contained("keep"):  # one connection's fault must not keep the others from being looked at
                if late > LATE_SECONDS:
                    connection.give_back(late, now)
                self._check(connection, now)
        for chore in self._chores:
            with contained("chore"):
                chore()

    def _run(self) -> None:
        while not self._stopping.wait(self.tick):
            with contained("keeper"):
                self.check()

    def _check(self, connection: ClientConnection, now: float) -> None:
        limits = self._deadlines
        stage = connection.stage
        if stage is ConnectionStage.NAMING:
            if now - connection.since > limits.register and not connection.transport.unread():
                connection.end(CloseReason.REGISTER_TIMEOUT)
        elif stage is ConnectionStage.DELAYED:
            if now - connection.since > limits.register and not connection.conversation.has_session:
                connection.end(CloseReason.REGISTER_TIMEOUT)
        elif stage is ConnectionStage.LIVE:
            if now - connection.quiet_since < limits.ping_interval:
                connection.pinged = None
            elif connection.pinged is None:
                connection.pinged = now
                connection.owed = 0
                connection.send(Ping())
            elif now - connection.pinged > limits.ping_timeout:
                self._judge(connection, now)

    def _judge(self, connection: ClientConnection, now: float) -> None:
        """End a peer that is dead; let one live that takes bytes, or has sent some that are not read."""
        owed, before = connection.transport.unacknowledged(), connection.owed
        connection.owed = owed
        if connection.transport.unread() or connection.outbox.size or owed < before:
            connection.pinged = now
        elif connection.conversation.received.get("PONG") or owed:
            connection.end(CloseReason.PING_TIMEOUT)
        else:
            connection.last_received, connection.pinged = now, None
