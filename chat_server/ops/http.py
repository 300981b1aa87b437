"""Metrics and health over HTTP, on a port of their own."""

import contextlib
import hmac
import io
import select
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

import structlog

from chat_server.faults import report
from chat_server.net.addresses import bound

log = structlog.get_logger()

#: Seconds from a connection to the last byte of its answer: slow peers may hold it no longer, however they
#: spread what they send.
ANSWER_SECONDS = 5.0
#: Connections at once. When one more comes, the oldest gives way: who asks properly asks at once.
OPEN_REQUESTS = 64
#: Bytes of a request with its headers.
HEAD_BYTES = 16 * 1024
#: What a token keeps for those who have it: whether the server is well, everybody may know.
GUARDED = ("/metrics",)
REFUSED = "this needs the token of --metrics-token-file, as `Authorization: Bearer TOKEN`\n"
#: How long, in seconds, nobody is accepted after the system had no descriptor for one.
NO_DESCRIPTOR_SECONDS = 1.0
#: Connections that the system holds ready.
WAITING_CONNECTIONS = 128


class Answer(NamedTuple):
    """What a path answers with."""

    status: int
    content_type: str
    body: bytes


Route = Callable[[str], Answer]


class SideServer:
    """Serves a table of paths; a route is given the request's Accept header.

    If there is a `token`, who asks for one of the `GUARDED` paths must show it (RFC 6750, 2.1).

    1. One thread does all of it and waits for no peer, so no number of slow ones keeps others from their
       answer; and nothing has to be started for a request, which could fail.
    2. A fault of one request ends that one alone.

    Raises `ListenError` if it cannot listen.
    """

    def __init__(self, host: str, port: int, routes: Mapping[str, Route], token: str = "") -> None:
        self._routes = routes
        self._token = token
        self._listening = bound(host, port, "metrics-", WAITING_CONNECTIONS)
        self._selector = selectors.DefaultSelector()
        self._waker, self._wake = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._exchanges: dict[socket.socket, _Exchange] = {}
        # When accepting goes on, after the system had no descriptor; none while it does.
        self._resting: float | None = None
        self._listen(accept=True)
        self._thread = threading.Thread(target=self._run, name="http")
        #: The port it listens on.
        self.port = int(self._listening[0].getsockname()[1])

    def start(self) -> None:
        """Start to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._waker.close()
        if self._thread.ident is not None:
            self._thread.join()
        for sock in (*self._exchanges, *self._listening, self._wake):
            sock.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            try:
                if self._turn():
                    return
            except Exception:  # noqa: BLE001  # without memory, say; the next request must be answered
                report("http")
                select.select([self._wake], [], [], NO_DESCRIPTOR_SECONDS)

    def _turn(self) -> bool:
        """Do what can be done now; return whether it is told to stop."""
        for key, _ in self._selector.select(1.0 if self._exchanges or self._resting else None):
            if key.fileobj is self._wake:
                return True
            if isinstance(key.data, _Exchange):
                if key.data.sock in self._exchanges:  # else it has just given way to another
                    self._go_on(key.data)
            else:
                self._accept(key.data)
        now = time.monotonic()
        for exchange in [each for each in self._exchanges.values() if now > each.deadline]:
            self._close(exchange)
        if self._resting is not None and now > self._resting:
            self._resting = None
            self._listen(accept=True)
        return False

    def _listen(self, *, accept: bool) -> None:
        for sock in self._listening:
            if accept:
                self._selector.register(sock, selectors.EVENT_READ, sock)
            else:
                self._selector.unregister(sock)

    def _accept(self, listening: socket.socket) -> None:
        try:
            sock, _ = listening.accept()
        except (BlockingIOError, ConnectionError):  # it has gone already
            return
        except OSError as error:  # no descriptor: it would be ready again at once, for ever
            log.debug("scrape_failed", error=error.strerror)
            self._resting = time.monotonic() + NO_DESCRIPTOR_SECONDS
            self._listen(accept=False)
            return
        if len(self._exchanges) >= OPEN_REQUESTS:
            self._close(next(iter(self._exchanges.values())))
        sock.setblocking(False)  # socket's own signature
        self._exchanges[sock] = exchange = _Exchange(sock, time.monotonic() + ANSWER_SECONDS)
        self._selector.register(sock, selectors.EVENT_READ, exchange)

    def _go_on(self, exchange: "_Exchange") -> None:
        """Take more of the request, or send more of the answer."""
        try:
            if exchange.answer is None:
                exchange.receive()
                if not exchange.is_complete():
                    return
                exchange.answer = memoryview(_answer(bytes(exchange.head), self._routes, self._token))
                self._selector.modify(exchange.sock, selectors.EVENT_WRITE, exchange)
            exchange.answer = exchange.answer[exchange.sock.send(exchange.answer) :]
            if exchange.answer:
                return
        except BlockingIOError:
            return
        except Exception as error:  # noqa: BLE001  # a route's fault, or a peer that has gone
            log.debug("scrape_failed", error=str(error))
        self._close(exchange)

    def _close(self, exchange: "_Exchange") -> None:
        self._exchanges.pop(exchange.sock, None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(exchange.sock)
        exchange.close()


class _Exchange:
    """One request and its answer."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline
        self.head = bytearray()
        self.answer: memoryview | None = None
        self._ended = False

    def receive(self) -> None:
        """Take what has come."""
        data = self.sock.recv(HEAD_BYTES)
        self._ended = not data
        self.head += data

    def is_complete(self) -> bool:
        """Tell whether the request can be answered: its headers are over, or it is no request."""
        return b"\r\n\r\n" in self.head or b"\n\n" in self.head or len(self.head) > HEAD_BYTES or self._ended

    def close(self) -> None:
        """Close the socket, so that the peer gets what was sent: with unread bytes it would be reset."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.recv(HEAD_BYTES)
        self.sock.close()


class _Handler(BaseHTTPRequestHandler):
    """Parses one request and writes its answer, both in memory."""

    server_version = "chat-server"
    sys_version = ""
    routes: Mapping[str, Route]

    def __init__(self, head: bytes, routes: Mapping[str, Route], token: str) -> None:
        self.routes = routes
        self.token = token
        self.rfile = io.BytesIO(head)
        self.answer = io.BytesIO()
        self.wfile = self.answer
        self.client_address = ("", 0)
        self.handle_one_request()

    def do_GET(self) -> None:  # http.server's name
        self._answer(with_body=True)

    def do_HEAD(self) -> None:  # http.server's name
        self._answer(with_body=False)

    def log_message(self, *_arguments: object) -> None:
        """Log no request: a scrape a second would drown the chat's own log."""

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        route = self.routes.get(path)
        if path in GUARDED and not self._may_read():
            status, content_type, body = text(401, REFUSED)
        elif route is not None:
            status, content_type, body = route(self.headers.get("Accept", ""))
        else:
            listed = "".join(f"{each}\n" for each in self.routes)
            status, content_type, body = text(200 if path == "/" else 404, f"There are:\n{listed}")
        self.send_response(status)
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _may_read(self) -> bool:
        given = self.headers.get("Authorization", "").encode()
        return not self.token or hmac.compare_digest(given, f"Bearer {self.token}".encode())


def _answer(head: bytes, routes: Mapping[str, Route], token: str) -> bytes:
    return _Handler(head, routes, token).answer.getvalue()


def text(status: int, body: str) -> Answer:
    """Return an answer in plain text."""
    return Answer(status, "text/plain; charset=utf-8", body.encode())
