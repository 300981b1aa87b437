"""One POST to a web address, bounded in time as a whole; a redirect is an answer like any other."""

import functools
import http.client
import io
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from chat_server.net.relays.letter import wished

#: For how many seconds a post may take, looking up the host's address not counted.
POST_SECONDS = 5.0


class Answer(NamedTuple):
    """The status of an answer, and for how many seconds it asks to be left alone. Its body is not read."""

    status: int
    wish: float = 0.0


class PostError(Exception):
    """There was no answer; the text says why."""


def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float = POST_SECONDS,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Post; return the answer. Raises `PostError`. Over https the certificate is checked."""
    parts = urlsplit(url)
    deadline = time.monotonic() + seconds
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context or _context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=seconds)
    )
    connection.response_class = functools.partial(_Response, left=lambda: deadline - time.monotonic())  # type: ignore[assignment]  # it makes one
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, wished(response.headers.get("Retry-After")))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PostError(str(error) or type(error).__name__) from None
    finally:
        connection.close()


@functools.cache
def _context() -> ssl.SSLContext:
    """Return how certificates are checked: as the system does, read once."""
    return ssl.create_default_context()


class _Response(http.client.HTTPResponse):
    """An answer whose bytes come in time, or not at all: the socket's own timeout starts anew with each."""

    def __init__(self, sock: Any, *arguments: Any, left: Callable[[], float], **named: Any) -> None:  # noqa: ANN401  # as the library calls it
        super().__init__(sock, *arguments, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Bounded(sock, left))


class _Bounded(io.RawIOBase):
    """Reads a socket for as long as time is left."""

    def __init__(self, sock: Any, left: Callable[[], float]) -> None:  # noqa: ANN401  # a socket, with TLS or without
        self._sock = sock
        self._left = left

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # as the base class has it
        """Read what has come. Raises `OSError`."""
        left = self._left()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return int(self._sock.recv_into(buffer))
