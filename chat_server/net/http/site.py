"""What the HTTP port answers: the page, its WebSocket, and the routes of programs. Pure."""

import dataclasses
from collections.abc import Mapping, Sequence

from chat_server.net.http.exchange import BODY_BYTES, Request, Response, Route, plain
from chat_server.net.http.hosts import Hosts
from chat_server.net.http.pages import Page, shown
from chat_server.net.http.upgrade import upgrade

#: Where the WebSocket is.
SOCKET_PATH = "/ws"
#: Requests of other kinds are unknown (RFC 9110, 9.1).
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE")
_READING = ("GET", "HEAD")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'"
)
#: Each answer has these: nothing of the page comes from elsewhere or goes there, and no other site can have
#: it in a frame, a window or a script of its own.
SAFE = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


class Site:
    """Answers requests. `routes` come before `pages`, and are for programs, under whatever name they ask.

    A route's fault is its own: whoever calls `answer` sees to it.
    """

    def __init__(self, pages: Mapping[str, Page], hosts: Hosts, routes: Sequence[Route] = ()) -> None:
        self._pages = pages
        self._hosts = hosts
        self._routes = routes

    def body_bytes(self, path: str) -> int:
        """Return how many bytes of a body a request for this path may have."""
        route = self._route(path)
        return BODY_BYTES if route is None else route.body_bytes

    def answer(self, request: Request, version: str = "1.1") -> Response:
        """Answer a request of this version of HTTP. Status 101 makes the connection a WebSocket."""
        if request.method not in METHODS:
            return plain(501, "There is no such method; use GET or POST.")
        if (route := self._route(request.path)) is not None:
            return _answered(route, request)
        if request.path == SOCKET_PATH:
            return self._hosts.refusal_to_join(request) or upgrade(request, version)
        page = self._pages.get(request.path)
        if page is None:
            return self._hosts.refusal(request) or plain(404, "There is nothing here; the chat is at /.")
        if request.method not in _READING:
            return _not_allowed(_READING)
        return self._hosts.refusal(request) or shown(page, request)

    def _route(self, path: str) -> Route | None:
        return next((each for each in self._routes if each.leads_to(path)), None)


def _answered(route: Route, request: Request) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    if method not in route.methods:
        return _not_allowed(route.methods)
    return route.handle(dataclasses.replace(request, method=method))


def _not_allowed(methods: Sequence[str]) -> Response:
    allowed = ", ".join(methods)
    return plain(405, f"This takes {allowed} alone.", ("Allow", allowed))
