"""TLS as another transport: the certificate in force, and a connection's bytes through it."""

import datetime as dt
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from cryptography import x509

from chat_protocol.reasons import CloseReason
from chat_protocol.tls import TlsStream, said, waited
from chat_server.errors import ConfigError
from chat_server.net.sniff import SNIFFED_BYTES, sniff
from chat_server.net.transport import TcpTransport

log = structlog.get_logger()

#: The first byte of each TLS connection: a record of a handshake (RFC 8446, 5.1).
HANDSHAKE_RECORD = b"\x16"


class Certificates:
    """The certificate and key that new connections get, and, if there is one, the CA of the clients.

    `check` takes new files over; if they are no good, the ones before stay in force. Connections that are
    there keep what they began with.
    """

    def __init__(self, cert: str, key: str, client_ca: str = "") -> None:
        """Read the files. Raises `ConfigError`."""
        self._files = [Path(cert), Path(key), *([Path(client_ca)] if client_ca else [])]
        # Guards _seen, and that one thread at a time loads.
        self._lock = threading.Lock()
        self._seen = self._look()
        self.context, self.expires = self._load()

    def seconds_left(self, now: float) -> float:
        """Return for how many seconds from `now` (since 1970) on the certificate is valid."""
        return self.expires - now

    def check(self) -> None:
        """Take the files over if they have changed since the last look. Raises nothing; the log tells."""
        with self._lock:
            seen = self._look()
            if seen == self._seen:
                return
            self._seen = seen
            self._reload()

    def reload(self) -> None:
        """Take the files over. Raises nothing; the log tells."""
        with self._lock:
            self._seen = self._look()
            self._reload()

    def _reload(self) -> None:
        try:
            self.context, self.expires = self._load()
        except ConfigError as error:
            log.error("tls_reload_failed", error=str(error))  # noqa: TRY400  # no fault of the code
        else:
            log.info("tls_reloaded", expires=_date(self.expires))

    def _look(self) -> Sequence[tuple[int, int] | None]:
        """Return what changes if a file does: when it was written, and which one it is (a link may move)."""
        looks: list[tuple[int, int] | None] = []
        for file in self._files:
            try:
                found = file.stat()
            except OSError:
                looks.append(None)
            else:
                looks.append((found.st_mtime_ns, found.st_ino))
        return looks

    def _load(self) -> tuple[ssl.SSLContext, float]:
        cert, key, *client_ca = self._files
        for file, option in zip(self._files, ("--tls-cert", "--tls-key", "--tls-client-ca"), strict=False):
            try:
                file.read_bytes()
            except OSError as error:
                raise ConfigError(f"cannot read {file}: {error.strerror}; see {option}") from None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # As OpenSSL 3 does by itself: in TLS 1.2 a peer could have a handshake as often as it likes.
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0  # nobody resumes: a chat's connections are few and long
        try:
            context.load_cert_chain(cert, key, password=_no_password)
        except ssl.SSLError as error:
            raise ConfigError(f"{cert} and {key} are no certificate with its key: {said(error)}") from None
        try:
            for file in client_ca:
                context.load_verify_locations(file)
                context.verify_mode = ssl.CERT_REQUIRED
        except ssl.SSLError as error:
            raise ConfigError(f"{file} has no certificates of a CA: {said(error)}") from None
        certificate = x509.load_pem_x509_certificate(cert.read_bytes())
        return context, certificate.not_valid_after_utc.timestamp()


class TlsTransport(TcpTransport):
    """TCP with TLS on it."""

    __slots__ = ("_context", "_plain", "_stream")

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self._context = context
        self._stream: TlsStream | None = None
        self._plain = False

    def handshake(self, seconds: float) -> CloseReason | None:
        """Agree on keys with the peer; return why that failed.

        A peer that says nothing, or speaks no TLS, is told so without encryption.
        """
        deadline = time.monotonic() + seconds
        if (plain := self._begins_plain(seconds)) is not None:
            self._plain = True
            return plain
        self._stream = TlsStream(self._socket, self._context, server=True)
        try:
            self._stream.handshake(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            return CloseReason.REGISTER_TIMEOUT
        except ssl.SSLError as error:
            log.info("tls_failed", error=said(error))
            return CloseReason.TLS_FAILED
        return None

    def _begins_plain(self, seconds: float) -> CloseReason | None:
        """Return why what comes first is not encrypted, none if it is."""
        if not waited(self._socket, select.POLLIN, seconds):
            return CloseReason.TLS_EXPECTED
        first = self._socket.recv(SNIFFED_BYTES, socket.MSG_PEEK)
        if first.startswith(HANDSHAKE_RECORD):
            return None
        told = sniff(first)
        return told if told is CloseReason.PROXY_UNEXPECTED else CloseReason.TLS_EXPECTED

    @property
    def certified(self) -> str:
        """The common name of the client's certificate, which the CA vouches for; empty without one."""
        return "" if self._stream is None else self._stream.peer_name

    @property
    def receive(self) -> Callable[[int], bytes]:
        """Wait for decrypted data."""
        return self._agreed().receive

    @property
    def send(self) -> Callable[[bytes, int], int]:
        """Encrypt and send what fits."""
        return self._send

    def _send(self, data: bytes, flags: int) -> int:
        if self._plain:
            return self._socket.send(data, flags)
        return self._agreed().send(data)

    def send_pieces(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Encrypt and send what fits of several pieces."""
        if self._plain:
            return super().send_pieces(pieces)
        return self._agreed().send_pieces(pieces)

    def flush(self) -> bool:
        """Send on what is encrypted; return whether some still waits."""
        return self._stream is not None and self._stream.flush()

    @property
    def owed(self) -> int:
        """How many bytes are encrypted and not with the kernel."""
        return 0 if self._stream is None else self._stream.owed

    def unread(self) -> int:
        """Return how many bytes have arrived that were not received."""
        return super().unread() + (0 if self._stream is None else self._stream.unread())

    def stop_sending(self) -> None:
        """Tell the peer that nothing more comes, in TLS too."""
        if self._stream is not None:
            self._stream.close_notify()
        super().stop_sending()

    def _agreed(self) -> TlsStream:
        if self._stream is None:
            raise ConnectionError("no TLS handshake yet")
        return self._stream


def _no_password() -> str:
    """Refuse a key with a password: OpenSSL would ask at the terminal, and wait for ever without one."""
    raise ConfigError("the key has a password; give one without, which only the server's user may read")


def _date(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%d")
