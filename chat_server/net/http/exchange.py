"""What a route of the HTTP port is given and gives back. Pure: no sockets, no bytes of HTTP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: Bytes of a request's body, unless a route takes fewer.
BODY_BYTES = 64 * 1024
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, complete and within bounds.

    `path` is the target without its query, as it was sent: percent escapes are not undone. The names in
    `headers` are in lower case; the values of one that came several times are joined by commas. `peer` is the
    host that asks, with a proxy in front the one that it passes on. The connection ends at `deadline`, on the
    monotonic clock, so an answer after it reaches nobody.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. Its length, the date and the headers that keep browsers safe are added."""

    status: int
    body: bytes = b""
    content_type: str = PLAIN
    headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers what: `path` itself, or, if it ends with a slash, all below it; but not all below "/".

    `handle` is called in the connection's own thread, under no lock, with one of `methods` alone (HEAD comes
    as GET; its body is left out), and with a body of at most `body_bytes`. It may wait until the request's
    deadline. A fault of it is answered by 500 and logged.
    """

    path: str
    handle: Callable[[Request], Response]
    methods: Sequence[str] = ("GET",)
    body_bytes: int = BODY_BYTES

    def leads_to(self, path: str) -> bool:
        """Tell whether this route answers a path."""
        below = self.path.endswith("/") and self.path != "/"
        return path.startswith(self.path) if below else path == self.path


def plain(status: int, sentence: str, *headers: tuple[str, str]) -> Response:
    """Return an answer that is one sentence for a person."""
    return Response(status, f"{sentence}\n".encode(), PLAIN, headers)
