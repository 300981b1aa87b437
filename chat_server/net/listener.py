"""The accepting thread of one address."""

import errno
import select
import socket
import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from chat_server.chat.faults import report
from chat_server.errors import ListenError
from chat_server.net.heartbeat import BEAT, Heartbeat

log = structlog.get_logger()

#: Connections that the system holds ready for `accept` (net.core.somaxconn may hold it lower).
BACKLOG = 4096
#: Connections taken in one go, before the thread looks whether it should stop.
BURST = 256
#: How long, in seconds, the thread rests when the system is out of descriptors.
REST = 0.1


class Acceptor(Protocol):
    """Who takes the connections."""

    def serve(self, sock: socket.socket, peer: str) -> None:
        """Take a connection; never waits."""

    def no_descriptors(self) -> None:
        """Take note that the system has no descriptor for one."""


class Listener:
    """Accepts on one socket, in a thread that a socket pair wakes to stop.

    No handshake and no registration happens here: a peer that connects and says nothing holds up
    nobody else.
    """

    def __init__(self, sock: socket.socket, acceptor: Acceptor, clock: Callable[[], float]) -> None:
        self._socket = sock
        self._acceptor = acceptor
        self._clock = clock
        self.address: tuple[str, int] = sock.getsockname()[:2]
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
            ready = [descriptor for descriptor, _ in poll.poll(BEAT * 1000)]
            self.heartbeat.beat()
            if self._wake.fileno() in ready:
                return
            if ready and not self._accept_all():
                select.select([self._wake], [], [], REST)

    def _accept_all(self) -> bool:
        """Take what waits; false if that failed, so that it is not tried again at once."""
        try:
            return self._accept()
        except Exception:  # noqa: BLE001  # without memory, say; the next one must be taken all the same
            report("accept")
            return False

    def _accept(self) -> bool:
        """Take what waits; false where the system has no descriptor left."""
        try:
            for _ in range(BURST):
                self._serve(*self._socket.accept())
        except (BlockingIOError, ConnectionError):  # nobody waits, or who waited has gone
            return True
        except OSError as error:
            log.error("accept_failed", error=error.strerror)  # noqa: TRY400  # no fault of the code
            self._acceptor.no_descriptors()
            return False
        return True

    def _serve(self, sock: socket.socket, address: tuple[object, ...]) -> None:
        try:
            sock.setblocking(True)  # socket's own signature
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._acceptor.serve(sock, f"{address[0]}:{address[1]}")
        except OSError:  # it has gone already
            sock.close()
        except BaseException:
            sock.close()
            raise


def listen(host: str, port: int, acceptor: Acceptor, clock: Callable[[], float]) -> list[Listener]:
    """Listen on every address that the host has here, all with one port. Raises `ListenError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"cannot find the address {host!r}: {error.strerror}; give another --host"
        ) from None
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            chosen = sockets[0].getsockname()[1] if sockets else port
            sock = _bound(family, (address[0], chosen, *address[2:]))
            if sock is not None:
                sockets.append(sock)
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        ) from None
    if not sockets:
        raise ListenError(f"this machine has no address {host!r}; give another --host")
    return [Listener(sock, acceptor, clock) for sock in sockets]


def _bound(family: int, address: tuple[object, ...]) -> socket.socket | None:
    """Return a listening socket; none where this machine lacks the address (IPv6 switched off, say)."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)  # socket's own signature
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return sock
