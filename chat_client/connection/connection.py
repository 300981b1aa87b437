"""One TCP connection to the server: messages in, messages out. Knows no rule of the chat."""

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress

from chat_client.errors import ConnectionLostError, IncompatibleError
from chat_client.terms import reason
from chat_client.waker import Waker
from chat_protocol.codec import SERVER_LINE_BYTES, encode_lines, server_decoder
from chat_protocol.framing import Framer
from chat_protocol.messages import ClientMessage, Ping
from chat_protocol.tls import TlsStream, said

#: Within how many seconds a connection must be made.
CONNECT_SECONDS = 10.0
#: How long, in seconds, the server may leave what we send unread before the connection is given up.
SEND_SECONDS = 30.0
#: A server whose line has not ended after so many bytes is given up.
UNENDED_BYTES = 16 * SERVER_LINE_BYTES
_CHUNK_BYTES = 256 * 1024
#: What OpenSSL says of a peer that speaks no TLS; which of them depends on its version.
PLAIN_PEER = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"}


def connect(host: str, port: int, context: ssl.SSLContext | None = None) -> "Connection":
    """Connect over IPv6 or IPv4, with TLS if there is a context for it.

    Raises `ConnectionLostError` or `IncompatibleError` with what to do about it.
    """
    sock = _connected(host, port)
    if context is None:
        return Connection(sock)
    try:
        return Connection(sock, _agreed(sock, host, port, context))
    except BaseException:
        sock.close()
        raise


def _connected(host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=CONNECT_SECONDS)
    except ConnectionRefusedError:
        raise ConnectionLostError(f"nothing listens on {host} port {port}") from None
    except TimeoutError:
        raise ConnectionLostError(f"{host} port {port} does not answer") from None
    except (OSError, UnicodeError) as error:
        raise ConnectionLostError(f"cannot reach {host} port {port}: {reason(error)}") from None


def _agreed(sock: socket.socket, host: str, port: int, context: ssl.SSLContext) -> TlsStream:
    stream = TlsStream(sock, context, host, server=False)
    try:
        stream.handshake(CONNECT_SECONDS)
    except ssl.SSLCertVerificationError as error:
        raise IncompatibleError(
            f"the certificate of {host} port {port} is not to be trusted: {error.verify_message};"
            " give the CA that signed it with --tls-ca FILE"
        ) from None
    except TimeoutError:
        raise ConnectionLostError(f"{host} port {port} does not answer the TLS handshake") from None
    except ssl.SSLError as error:
        if error.reason in PLAIN_PEER:
            raise IncompatibleError(
                f"{host} port {port} speaks no TLS; leave --tls out, or give the port that does"
            ) from None
        raise ConnectionLostError(f"no TLS with {host} port {port}: {said(error)}") from None
    except OSError as error:
        raise ConnectionLostError(f"the connection broke: {reason(error)}") from None
    return stream


def other_server(first: bytes) -> str | None:
    """Return what answers instead of a chat server, by its first bytes; none for a chat server."""
    if first.startswith(b"{"):
        return None
    if first.lstrip().startswith((b"HTTP/", b"<")):
        return "that port speaks HTTP, as the one for metrics does; the chat has another (--port)"
    if first.startswith((b"\x15\x03", b"\x16\x03")):
        return "that port speaks TLS; give --tls, or --tls-ca FILE if its certificate is of your own CA"
    return "what answers there is no chat server; see --host and --port"


class Connection:
    """A connection. One thread receives and closes; any thread, but one at a time, sends."""

    def __init__(self, sock: socket.socket, stream: TlsStream | None = None) -> None:
        if stream is None:
            sock.settimeout(SEND_SECONDS)
        with suppress(OSError):  # a connection that has no such option is only slower
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._stream = stream
        self._waker = Waker()
        self._framer = Framer(SERVER_LINE_BYTES)
        self._known = False
        self._decoder = server_decoder()

    def receive(self, timeout: float) -> list[object] | None:
        """Wait for bytes; return the messages they complete, or none if none came within so many seconds.

        It returns none at once when it is woken (`wake`).
        A line that is no message stands in the list as an error. Raises `ConnectionLostError`,
        `IncompatibleError`.
        """
        try:
            data = self._arrived(timeout)
        except OSError as error:
            raise ConnectionLostError(f"the connection broke: {reason(error)}") from None
        if data is None:
            return None
        if not data:
            raise ConnectionLostError("the server closed the connection")
        if not self._known and (what := other_server(data)) is not None:
            raise IncompatibleError(what)
        self._known = True
        block = self._framer.feed(data)
        if self._framer.skipped > UNENDED_BYTES:
            raise ConnectionLostError("the server sends a line without an end")
        return list(self._decoder.decode(block)) if block else []

    def _arrived(self, timeout: float) -> bytes | None:
        """Return what came within so many seconds, none if nothing did; `b""` is the end."""
        stream = self._stream
        data = None if stream is None else stream.decrypted()  # some may have come with the handshake
        if data is None and self._waker.wait(timeout, self._socket.fileno()):
            if stream is None:
                return self._socket.recv(_CHUNK_BYTES)
            stream.take()
            data = stream.decrypted()
        return data

    def wake(self) -> None:
        """Have who receives look at what it waits for."""
        self._waker.wake()

    def knock(self) -> None:
        """Ask a server that has not spoken whether it is one: others take it for a request that is wrong."""
        self._send(encode_lines([Ping()]) + b"\r\n")

    def send(self, messages: Sequence[ClientMessage]) -> None:
        """Send the messages. Raises `ConnectionLostError`; then some may be cut, and it is useless."""
        self._send(encode_lines(messages))

    def _send(self, data: bytes) -> None:
        try:
            if self._stream is None:
                self._socket.sendall(data)
            else:
                self._stream.send_all(data, SEND_SECONDS)
        except TimeoutError:
            raise ConnectionLostError("the server stopped reading") from None
        except OSError as error:
            raise ConnectionLostError(f"the connection broke: {reason(error)}") from None

    def shut(self) -> None:
        """End the connection, from any thread: `receive` wakes up and finds its end."""
        with suppress(OSError):  # it had ended already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket; only who receives may, so that nobody polls a closed one."""
        with suppress(OSError):  # it is let go of nevertheless, and all of it was lost anyway
            self._socket.close()
        self._waker.close()
