"""The accepting thread of one address."""

import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from chat_server.faults import report
from chat_server.net.addresses import bound
from chat_server.net.dialects import Dialect
from chat_server.net.heartbeat import BEAT_SECONDS, Heartbeat
from chat_server.net.transport import Transport
from chat_server.values import Endpoint, shown

log = structlog.get_logger()

#: Connections that the system holds ready for `accept` (net.core.somaxconn may hold it lower).
WAITING_CONNECTIONS = 4096
#: Connections taken in one go, before the thread looks whether it should stop.
BURST_CONNECTIONS = 256
#: How long, in seconds, the thread rests when the system is out of descriptors.
NO_DESCRIPTOR_SECONDS = 0.1
#: For how long, in seconds, it is not logged again that nothing can be accepted: the metric counts on.
QUIET_SECONDS = 10.0


class Acceptor(Protocol):
    """Who takes the connections."""

    def serve(self, transport: Transport, peer: str, dialect: Dialect) -> None:
        """Take a connection that speaks this dialect; never waits."""

    def no_descriptors(self) -> None:
        """Take note that the system has no descriptor for one."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """What is made of a connection: the transport of its socket, and the dialect that it speaks."""

    endpoint: Endpoint
    transport: Callable[[socket.socket], Transport]
    dialect: Callable[[], Dialect]


class Listener:
    """Accepts on one socket, in a thread that a socket pair wakes to stop.

    No handshake and no registration happens here: a peer that connects and says nothing holds up
    nobody else.
    """

    def __init__(
        self,
        sock: socket.socket,
        entrance: Entrance,
        acceptor: Acceptor,
        clock: Callable[[], float],
    ) -> None:
        self._socket = sock
        self._entrance = entrance
        self._acceptor = acceptor
        self._clock = clock
        self._quiet_until = 0.0
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self.endpoint = Endpoint(entrance.endpoint.scheme, *self.address)
        self._waker, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="accept")
        self.heartbeat = Heartbeat(self._thread, clock)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the socket."""
        self._waker.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._wake.close()
        self._socket.close()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(BEAT_SECONDS * 1000)]
            self.heartbeat.beat()
            if self._wake.fileno() in ready:
                return
            if ready and not self._accept_all():
                select.select([self._wake], [], [], NO_DESCRIPTOR_SECONDS)

    def _accept_all(self) -> bool:
        """Take what waits; false if that failed, so that it is not tried again at once."""
        try:
            return self._accept()
        except Exception:  # noqa: BLE001  # without memory, say; the next one must be taken all the same
            report("accept")
            return False

    def _accept(self) -> bool:
        """Take what waits; false if the system has no descriptor left."""
        try:
            for _ in range(BURST_CONNECTIONS):
                sock, address = self._socket.accept()
                self._serve(sock, address[:2])
        except (BlockingIOError, ConnectionError):  # nobody waits, or who waited has gone
            return True
        except OSError as error:
            if self._clock() >= self._quiet_until:
                self._quiet_until = self._clock() + QUIET_SECONDS
                log.error("accept_failed", error=error.strerror)  # noqa: TRY400  # no fault of the code
            self._acceptor.no_descriptors()
            return False
        return True

    def _serve(self, sock: socket.socket, address: tuple[str, int]) -> None:
        try:
            sock.setblocking(True)  # socket's own signature
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            entrance = self._entrance
            self._acceptor.serve(entrance.transport(sock), shown(*address), entrance.dialect())
        except OSError:  # it has gone already
            sock.close()
        except BaseException:
            sock.close()
            raise


def listen(entrance: Entrance, acceptor: Acceptor, clock: Callable[[], float]) -> list[Listener]:
    """Listen on every address that the endpoint's host has here, all with one port. Raises `ListenError`."""
    _, host, port = entrance.endpoint
    return [Listener(sock, entrance, acceptor, clock) for sock in bound(host, port, "", WAITING_CONNECTIONS)]
