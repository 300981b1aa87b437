"""The HTTP requests of one connection, until it is a WebSocket or ends."""

import enum
import math
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

import h11
import structlog

from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.http.exchange import Request, Response, plain
from chat_server.net.http.site import SAFE, Site
from chat_server.net.http.upgrade import SWITCHING
from chat_server.net.sniff import SNIFFED_BYTES, sniff
from chat_server.net.transport import Transport

log = structlog.get_logger()

#: Bytes of one read, and of a request's first line and headers: those are counted after each read, so that
#: twice as many may come.
HEAD_BYTES = 16 * 1024
#: Requests of one connection; a browser opens another one.
REQUESTS = 100
#: For how many seconds a connection waits for its next request. A page comes within that, and an open
#: connection counts for its address.
IDLE_SECONDS = 3.0
#: What an answer is that has no body (RFC 9110, 6.4.1).
_BODILESS = (204, 304)
#: What no header may have (RFC 9110, 5.5); the parser is more patient.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
#: What is answered to a request that has begun, by why its connection ends; in all other cases 503: another
#: try is worth it.
_STATUS = {
    CloseReason.REGISTER_TIMEOUT: 408,
    CloseReason.TLS_HELLO: 400,
    CloseReason.TLS_EXPECTED: 400,
    CloseReason.PROXY_UNEXPECTED: 400,
    CloseReason.PROXY_FAILED: 400,
    CloseReason.INTERNAL_ERROR: 500,
    CloseReason.BANNED: 403,
    RejectReason.ADDRESS_BANNED: 403,
}
#: Reasons whose sentences speak of what browsers don't have.
_TEXTS: dict[CloseReason | RejectReason, str] = {
    CloseReason.TLS_EXPECTED: "this port speaks TLS; ask for https://"
}
#: What such a peer has not got, it never will.
_GONE = (CloseReason.PEER_CLOSED, CloseReason.PEER_RESET)


class HttpStage(enum.Enum):
    """What a connection is at."""

    FRESH = "nothing was asked yet"
    ASKED = "a request has begun"
    ANSWERED = "nothing can be added to the last answer"
    SWITCHED = "it is a WebSocket"


class _RefusedError(Exception):
    """A request is answered before all of it was read, so that no other can follow it."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


class Exchanges:
    """Answers the requests of one connection, one after the other, in its own thread.

    1. `serve` returns none once the connection is a WebSocket, else why it ends. It takes so many seconds at
       most, and is given no more than a bounded request at a time, so many in all.
    2. `farewell` is what the peer is told if the connection ends otherwise.
    """

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._clock = clock
        self.stage = HttpStage.FRESH

    def serve(self, transport: Transport, seconds: float, peer: str) -> CloseReason | None:
        """Answer requests until one makes it a WebSocket, or there is a reason to end. Raises `OSError`."""
        wire = _Wire(transport, self._clock, self._clock() + seconds)
        for left in reversed(range(REQUESTS)):
            reason = self._exchange(wire, peer, last=not left)
            if reason is not None or self.stage is HttpStage.SWITCHED:
                return reason
        return CloseReason.HTTP_DONE

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None) -> bytes:
        """Return the answer to what was asked, if the connection ends for this reason before there is one."""
        fresh = self.stage is HttpStage.FRESH
        if reason in _GONE or (fresh and reason is CloseReason.REGISTER_TIMEOUT):
            return b""
        if not fresh and self.stage is not HttpStage.ASKED:
            return b""
        again = () if retry_after is None else (("Retry-After", str(math.ceil(retry_after))),)
        answer = plain(_STATUS.get(reason, 503), _TEXTS.get(reason, reason.text), *again)
        return _head(answer, h11.Connection(h11.SERVER), last=True) + answer.body

    def _exchange(self, wire: "_Wire", peer: str, *, last: bool) -> CloseReason | None:
        """Answer one request; return why the connection ends, none if it goes on."""
        method = ""
        try:
            head = self._next(wire)
            if not isinstance(head, h11.Request):
                return CloseReason.PEER_CLOSED
            method = head.method.decode()
            response = self._answer(self._request(head, wire, peer), head.http_version.decode())
            if response.status == SWITCHING and wire.ahead:
                response, last = plain(400, "Wait for the answer before you send frames."), True
        except TimeoutError:
            if self.stage is not HttpStage.ASKED:
                return (
                    CloseReason.REGISTER_TIMEOUT if self.stage is HttpStage.FRESH else CloseReason.HTTP_DONE
                )
            response, last = plain(408, "The request took too long; send it again."), True
        except _RefusedError as refused:
            response, last = refused.answer, True
        except h11.RemoteProtocolError as error:
            if (other := sniff(wire.first)) in {CloseReason.TLS_HELLO, CloseReason.PROXY_UNEXPECTED}:
                return other
            if wire.ended:  # by the peer, or since the connection is to end
                return CloseReason.PEER_CLOSED
            response, last = _broken(error), True
        return self._send(wire, response, method, last=last)

    def _next(self, wire: "_Wire") -> object:
        """Wait for the next request, or the end."""
        wire.until = wire.deadline
        if self.stage is HttpStage.ANSWERED:
            wire.until = min(wire.deadline, self._clock() + IDLE_SECONDS)
        while (event := wire.h11.next_event()) is h11.NEED_DATA:
            if wire.receive():
                self.stage = HttpStage.ASKED
                wire.until = wire.deadline
        if isinstance(event, h11.Request):
            self.stage = HttpStage.ASKED
        return event

    def _request(self, head: h11.Request, wire: "_Wire", peer: str) -> Request:
        """Read the rest of a request. Raises `_RefusedError`."""
        if not head.http_version.startswith(b"1."):
            raise _RefusedError(plain(505, "This port speaks HTTP/1.1."))
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode(), raw_value.decode("latin-1")
            if _CONTROL.search(value):
                raise _RefusedError(plain(400, "A header has a control character in it."))
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        path, _, query = head.target.decode().partition("?")
        if path.startswith(("http://", "https://")):  # as to a proxy (RFC 9112, 3.2.2)
            headers["host"], slash, path = path.partition("://")[2].partition("/")
            path = slash + path or "/"
        limit = self._site.body_bytes(path)
        if int(headers.get("content-length", "0")) > limit:
            raise _too_large(limit)
        body = wire.body(limit)
        return Request(head.method.decode(), path, query, headers, body, peer, wire.deadline)

    def _answer(self, request: Request, version: str) -> Response:
        try:
            response = self._site.answer(request, version)
        except Exception:  # a fault of one route is that route's
            log.exception("http_failed")
            return plain(500, "The server failed; try again later.")
        if response.status in {403, 421}:
            log.warning("http_refused", status=response.status, error=response.body.decode().strip())
        return response

    def _send(self, wire: "_Wire", response: Response, method: str, *, last: bool) -> CloseReason | None:
        """Send an answer; return why the connection ends, none if it goes on."""
        self.stage = HttpStage.ANSWERED
        body = b"" if method == "HEAD" or response.status in _BODILESS else response.body
        wire.send(_head(response, wire.h11, last=last) + wire.written(body, response.status))
        if response.status == SWITCHING:
            self.stage = HttpStage.SWITCHED
            return None
        if wire.h11.our_state is not h11.DONE or wire.h11.their_state is not h11.DONE:
            return CloseReason.HTTP_DONE
        wire.h11.start_next_cycle()
        if wire.ahead:
            self.stage = HttpStage.ASKED
        return None


class _Wire:
    """Bytes of HTTP over a transport, within a time."""

    def __init__(self, transport: Transport, clock: Callable[[], float], deadline: float) -> None:
        self._transport = transport
        self._clock = clock
        self.h11 = h11.Connection(h11.SERVER, HEAD_BYTES)
        #: When the peer must have sent what it sends, and when all must be over.
        self.until = self.deadline = deadline
        #: The first that came, so much as tells what it is.
        self.first = b""
        self.ended = False

    @property
    def ahead(self) -> bool:
        """Whether bytes have come that are not of this request."""
        return bool(self.h11.trailing_data[0])

    def receive(self) -> bool:
        """Wait for bytes; return false at their end. Raises `TimeoutError`."""
        data = self._transport.receive_by(HEAD_BYTES, self.until - self._clock())
        self.first = (self.first + data)[:SNIFFED_BYTES]
        self.ended = not data
        self.h11.receive_data(data)
        return bool(data)

    def body(self, limit: int) -> bytes:
        """Return the body of a request. Raises `_RefusedError`, `TimeoutError`."""
        body = bytearray()
        while not isinstance(event := self.h11.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                body += event.data
            elif self.h11.they_are_waiting_for_100_continue:
                self.send(self.h11.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            else:
                self.receive()
            if len(body) > limit:
                raise _too_large(limit)
        return bytes(body)

    def written(self, body: bytes, status: int) -> bytes:
        """Return the bytes of an answer's body and its end."""
        if status == SWITCHING:
            return b""
        data = self.h11.send(h11.Data(data=body)) or b"" if body else b""
        return data + (self.h11.send(h11.EndOfMessage()) or b"")

    def send(self, data: bytes) -> None:
        """Send all of it. Raises `TimeoutError`."""
        self._transport.send_all(data, self.deadline - self._clock())


def _head(response: Response, connection: h11.Connection, *, last: bool) -> bytes:
    """Return the bytes of an answer's status and headers."""
    headers = list(response.headers)
    if response.status == SWITCHING:
        return connection.send(h11.InformationalResponse(status_code=SWITCHING, headers=headers)) or b""
    headers += [*SAFE, ("Date", formatdate(usegmt=True))]
    if "Cache-Control" not in dict(headers):
        headers.append(("Cache-Control", "no-store"))
    if response.status not in _BODILESS:
        headers += [("Content-Type", response.content_type), ("Content-Length", str(len(response.body)))]
    if last:
        headers.append(("Connection", "close"))
    reason = HTTPStatus(response.status).phrase.encode()
    return connection.send(h11.Response(status_code=response.status, headers=headers, reason=reason)) or b""


def _too_large(limit: int) -> _RefusedError:
    return _RefusedError(plain(413, f"The body of the request is too large; send {limit:,} bytes at most."))


def _broken(error: h11.RemoteProtocolError) -> Response:
    what = str(error).partition(": bytearray")[0]  # which would repeat what came
    sentence = f"This port speaks HTTP/1.1, and this is not that: {what}. JSON lines have another port."
    return plain(error.error_status_hint, sentence)
