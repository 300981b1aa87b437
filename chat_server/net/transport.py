"""Bytes of one connection, in and out: what a connection asks of its socket is here."""

import contextlib
import fcntl
import select
import socket
import struct
import termios
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from chat_protocol.reasons import CloseReason
from chat_protocol.tls import waited

#: For `send`: it takes what fits and never waits.
DONTWAIT = socket.MSG_DONTWAIT


class Transport(Protocol):
    """A way to a peer. One thread receives and closes; any thread, but one at a time, sends.

    What goes wrong raises `OSError`.
    """

    def handshake(self, seconds: float) -> CloseReason | None:
        """Agree with the peer on whatever there is to agree on, within so long; return why that failed.

        Called by the receiving thread.
        """

    @property
    def receive(self) -> Callable[[int], bytes]:
        """A function that waits for data and returns so many bytes at most; `b""` is the end."""

    def receive_within(self, size: int, seconds: float) -> bytes:
        """Wait for bytes as the network has them, so long at most. Raises `TimeoutError`."""

    def receive_by(self, size: int, seconds: float) -> bytes:
        """As `receive`, but wait so long at most for something to come. Raises `TimeoutError`.

        Over TLS what comes may be half a record, whose rest is waited for without end.
        """

    def discard(self, size: int) -> int:
        """Read and forget what is there; return how many bytes. Never waits."""

    @property
    def send(self) -> Callable[[bytes, int], int]:
        """A function that sends what fits, given `DONTWAIT`, and returns how many bytes that were.

        It raises `BlockingIOError` if nothing fits, or if some of what was taken waits for `flush`: then
        with how much was taken as `characters_written`.
        """

    def send_all(self, data: bytes, seconds: float) -> None:
        """Send all of it, waiting so long at most for the peer to take it. Raises `TimeoutError`."""

    def send_pieces(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Send what fits of several pieces, as `send` does."""

    def flush(self) -> bool:
        """Send on what was taken and is not with the kernel; return whether some still waits."""

    @property
    def certified(self) -> str:
        """The name that a certificate of the peer's proves; empty for none."""

    @property
    def owed(self) -> int:
        """How many bytes were taken and are not with the kernel."""

    def unacknowledged(self) -> int:
        """Return how many bytes the peer's host has not acknowledged."""

    def unread(self) -> int:
        """Return how many bytes have arrived that were not received."""

    def stop_receiving(self) -> None:
        """Wake the thread that receives: it finds the end. Any thread may call this."""

    def stop_sending(self) -> None:
        """Tell the peer that nothing more comes."""

    def close(self) -> None:
        """Let go of it; the receiving thread alone does so."""

    def fileno(self) -> int:
        """Return the descriptor, or -1 once it is closed."""


class TcpTransport:
    """TCP as it is. The calls that are made for each message are the socket's own."""

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def handshake(self, seconds: float) -> CloseReason | None:
        """Do nothing: the kernel has done it."""

    @property
    def certified(self) -> str:
        """Return nothing: no certificate was shown."""
        return ""

    @property
    def receive(self) -> Callable[[int], bytes]:
        """The socket's own `recv`."""
        return self._socket.recv

    @property
    def send(self) -> Callable[[bytes, int], int]:
        """The socket's own `send`."""
        return self._socket.send

    def receive_within(self, size: int, seconds: float) -> bytes:
        """Wait for bytes as the network has them, so long at most. Raises `TimeoutError`."""
        if not waited(self._socket, select.POLLIN, seconds):
            raise TimeoutError
        return self._socket.recv(size, DONTWAIT)

    def receive_by(self, size: int, seconds: float) -> bytes:
        """Receive what is there, or wait so long at most for something to come. Raises `TimeoutError`."""
        if not self.unread() and not waited(self._socket, select.POLLIN, max(0.0, seconds)):
            raise TimeoutError
        return self.receive(size)

    def discard(self, size: int) -> int:
        """Read and forget what is there; return how many bytes."""
        try:
            return len(self._socket.recv(size, DONTWAIT))
        except BlockingIOError:
            return 0

    def send_all(self, data: bytes, seconds: float) -> None:
        """Send all of it, waiting so long at most for the peer to take it. Raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while data or self.owed:
            try:
                data = data[self.send(data, DONTWAIT) :]
            except BlockingIOError as error:
                data = data[getattr(error, "characters_written", 0) :]
                if not waited(self._socket, select.POLLOUT, max(0.0, deadline - time.monotonic())):
                    raise TimeoutError("the peer does not read") from None

    def send_pieces(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Send what fits of several pieces."""
        return self._socket.sendmsg(pieces, (), DONTWAIT)

    def flush(self) -> bool:
        """Say that nothing waits: what is taken is the kernel's."""
        return False

    @property
    def owed(self) -> int:
        """Nothing."""
        return 0

    def unacknowledged(self) -> int:
        """Return how many bytes the peer's host has not acknowledged (SIOCOUTQ, tcp(7))."""
        return self._ask(termios.TIOCOUTQ)

    def unread(self) -> int:
        """Return how many bytes have arrived that were not received (SIOCINQ, tcp(7))."""
        return self._ask(termios.FIONREAD)

    def stop_receiving(self) -> None:
        """Wake the thread that receives, as a close would not."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def stop_sending(self) -> None:
        """Tell the peer that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def fileno(self) -> int:
        """Return the descriptor, or -1 once it is closed."""
        return self._socket.fileno()

    def _ask(self, what: int) -> int:
        with contextlib.suppress(OSError, ValueError):  # ValueError: the socket was closed meanwhile
            answer = fcntl.ioctl(self._socket.fileno(), what, b"\0" * 4)
            return int(struct.unpack("i", answer)[0])
        return 0
