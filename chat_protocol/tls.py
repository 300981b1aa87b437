"""TLS over a TCP socket that one thread reads from while others write to it.

`ssl.SSLSocket` may crash or dead-lock if two threads use it at once (CPython issues 137583, 143756). Here the
TLS object works in memory, under a lock, and no call that waits for the peer holds that lock.
"""

import contextlib
import errno
import select
import socket
import ssl
import threading
import time
from collections.abc import Sequence

#: How many bytes are encrypted at once, at the most: so many may wait here, beyond those of the kernel.
WRITE_BYTES = 64 * 1024
#: What TLS adds to a small record, at the most (RFC 8446, 5.2; RFC 5246, 6.2.3.3).
RECORD_OVERHEAD_BYTES = 256
#: How many bytes are read at once: a record and what comes with it.
READ_BYTES = 32 * 1024
#: After so many bytes without any data in them a peer is given up. A record is at most 16 KiB and 2 KiB, so
#: it sends others: requests for new keys, which cost much and have no end of their own (RFC 8446, 4.6.3).
DATALESS_BYTES = 32 * 1024
#: So many bytes may be owed to the peer. What `send` takes stays below `WRITE_BYTES`; beyond that it asks for
#: new keys and reads no answer.
OWED_BYTES = 2 * WRITE_BYTES


class TlsStream:
    """A TLS connection. One thread receives; any thread, but one at a time, sends. The socket has no timeout.

    What goes wrong raises `OSError`, of which `ssl.SSLError` is one. Nothing is sent before `handshake` is
    through.
    """

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, hostname: str | None = None, *, server: bool
    ) -> None:
        # With a timeout of its own, Python waits in each call, whatever MSG_DONTWAIT says.
        sock.settimeout(None)
        self._socket = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server, hostname)
        # Guards the three above and what follows. Under it nothing waits.
        self._lock = threading.Lock()
        # What is encrypted and not yet with the kernel, in its order.
        self._owed = b""
        self._ready = False
        # How many bytes have come since there was data in them.
        self._dataless = 0

    def handshake(self, seconds: float) -> None:
        """Agree on keys, and check certificates. Raises `TimeoutError`, `ssl.SSLError`, `ConnectionError`."""
        deadline = time.monotonic() + seconds
        while not self._try_handshake():
            left = max(0.0, deadline - time.monotonic())
            events = select.POLLIN | (select.POLLOUT if self._owed else 0)
            if not waited(self._socket, events, left):
                raise TimeoutError("the TLS handshake took too long")
            with contextlib.suppress(BlockingIOError):
                self._feed(self._socket.recv(READ_BYTES, socket.MSG_DONTWAIT))

    @property
    def peer_name(self) -> str:
        """The common name of the peer's certificate, if that was checked and has one; else empty."""
        with self._lock:
            found = self._object.getpeercert() or {}
        names = [pair[1] for part in found.get("subject", ()) for pair in part if pair[0] == "commonName"]
        return names[0] if len(names) == 1 else ""

    def receive(self, size: int) -> bytes:
        """Wait for data and return so many bytes at most; `b""` is the end that the peer told of.

        A connection that is cut without that raises `ConnectionAbortedError`; sending still works. So it is
        with a peer that sends records without data for too long.
        """
        while (data := self._read(size)) is None:
            self._feed(self._socket.recv(size + RECORD_OVERHEAD_BYTES))
        return data

    def take(self) -> None:
        """Take what the kernel has, or wait for it."""
        self._feed(self._socket.recv(READ_BYTES))

    def decrypted(self) -> bytes | None:
        """Return the data of all records that have come in whole, none without one; `b""` is the end."""
        pieces = []
        while data := self._read(WRITE_BYTES):
            pieces.append(data)
        return b"".join(pieces) if pieces else data

    def send(self, data: bytes | memoryview, flags: int = 0) -> int:
        """Encrypt and send what fits, and return how many bytes of it are taken. Never waits.

        Raises `BlockingIOError` if the kernel has not all of it yet, with how much is taken as
        `characters_written`: `flush` sends the rest, before which nothing more is taken.
        """
        del flags
        with self._lock:
            if not self._ready:
                raise ConnectionError("nothing is sent before the TLS handshake is through")
            if not self._flush_locked():
                raise BlockingIOError(errno.EAGAIN, "what was encrypted before is not sent yet", 0)
            taken = 0
            view = memoryview(data)[:WRITE_BYTES]
            while taken < len(view):
                taken += self._object.write(view[taken:])
            if not self._flush_locked():
                raise BlockingIOError(errno.EAGAIN, "not all that was encrypted is sent yet", taken)
            return taken

    def send_pieces(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Send what fits of several pieces, as `send` does."""
        size = 0
        some = []
        for piece in pieces:
            some.append(piece)
            size += len(piece)
            if size >= WRITE_BYTES:
                break
        return self.send(b"".join(some))

    def send_all(self, data: bytes, seconds: float) -> None:
        """Send all of it, waiting so long at most for the peer to take some. Raises `TimeoutError`."""
        view = memoryview(data)
        while view or self.owed:
            try:
                view = view[self.send(view) :]
            except BlockingIOError as error:
                view = view[error.characters_written :]
                if not waited(self._socket, select.POLLOUT, seconds):
                    raise TimeoutError("the peer does not read") from None

    def flush(self) -> bool:
        """Send on what is encrypted; return whether some of it still waits."""
        with self._lock:
            return not self._flush_locked()

    @property
    def owed(self) -> int:
        """How many encrypted bytes the kernel has not taken."""
        return len(self._owed)

    def unread(self) -> int:
        """Return how many bytes have come out of the kernel that were not received."""
        with self._lock:
            return self._object.pending() + self._incoming.pending

    def close_notify(self) -> None:
        """Tell the peer that nothing more comes (RFC 8446, 6.1), if that can be sent at once."""
        with self._lock:
            if self._ready and not self._owed:
                with contextlib.suppress(ssl.SSLWantReadError):
                    self._object.unwrap()
                self._flush_locked()

    def _try_handshake(self) -> bool:
        with self._lock:
            try:
                self._object.do_handshake()
                self._ready = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush_locked()  # the alert that says why
                raise
            return self._flush_locked() and self._ready

    def _read(self, size: int) -> bytes | None:
        """Return what is decrypted, none if more has to arrive."""
        with self._lock:
            try:
                data = self._object.read(size)
            except ssl.SSLWantReadError:
                return None
            except ssl.SSLZeroReturnError:
                return b""
            finally:
                if self._outgoing.pending:  # new keys were asked for (RFC 8446, 4.6.3)
                    self._flush_locked()
            self._dataless = 0
            return data

    def _feed(self, encrypted: bytes) -> None:
        if not encrypted:
            # Not told to OpenSSL: it would send an alert, and then nothing more, no last words either.
            raise ConnectionAbortedError("the connection ended without an end of TLS")
        with self._lock:
            if self._dataless > DATALESS_BYTES or len(self._owed) > OWED_BYTES:
                raise ConnectionAbortedError("the peer asks for new keys without end")
            self._dataless += len(encrypted) if self._ready else 0
            self._incoming.write(encrypted)

    def _flush_locked(self) -> bool:
        if self._outgoing.pending:
            self._owed += self._outgoing.read()
        while self._owed:
            try:
                sent = self._socket.send(self._owed, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                self._owed = b""  # nobody will have it
                raise
            self._owed = self._owed[sent:]
        return True


def said(error: ssl.SSLError) -> str:
    """Return what OpenSSL says of an error, in words."""
    return (error.reason or str(error)).replace("_", " ").lower()


def waited(sock: socket.socket, events: int, seconds: float) -> bool:
    """Wait until the socket is ready for one of these events (poll(2)); false if the time is up."""
    poll = select.poll()
    poll.register(sock, events)
    return bool(poll.poll(seconds * 1000))
