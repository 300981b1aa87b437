"""Metrics and health over HTTP, on a port of their own."""

import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import structlog

log = structlog.get_logger()

#: Seconds that a client has for each step of its request, so that a slow one holds its thread no longer.
TIMEOUT = 5.0
#: Requests at once; what is more is closed unanswered.
REQUESTS = 32


class Answer(NamedTuple):
    """What a path answers with."""

    status: int
    content_type: str
    body: bytes


Route = Callable[[str], Answer]


class SideServer:
    """Serves a table of paths; a route is given the request's Accept header.

    Raises `OSError` where it cannot listen.
    """

    def __init__(self, host: str, port: int, routes: Mapping[str, Route]) -> None:
        self._server = _Server((host, port), _handler(routes))
        self._thread = threading.Thread(target=self._server.serve_forever, name="http")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; requests under way end within their timeouts."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a scraper that reads slowly must not hold up the server's end
    block_on_close = False  # likewise

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._slots = threading.BoundedSemaphore(REQUESTS)
        super().__init__(address, handler)

    def process_request(self, request: object, client_address: object) -> None:
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)  # type: ignore[arg-type]  # typeshed's own aliases
        else:
            self.shutdown_request(request)  # type: ignore[arg-type]  # likewise

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]  # likewise
        finally:
            self._slots.release()

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        log.debug("scrape_failed", error=str(sys.exc_info()[1]))


def _handler(routes: Mapping[str, Route]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT
        server_version = "chat-server"
        sys_version = ""

        def do_GET(self) -> None:  # http.server's name
            self._answer(with_body=True)

        def do_HEAD(self) -> None:  # http.server's name
            self._answer(with_body=False)

        def log_message(self, *_arguments: object) -> None:
            """Log no request: a scrape a second would drown the chat's own log."""

        def _answer(self, *, with_body: bool) -> None:
            route = routes.get(self.path.partition("?")[0], _not_found)
            status, content_type, body = route(self.headers.get("Accept", ""))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    def _not_found(_accept: str) -> Answer:
        return text(404, f"not here; there are {', '.join(routes)}\n")

    return Handler


def text(status: int, body: str) -> Answer:
    """Return an answer in plain text."""
    return Answer(status, "text/plain; charset=utf-8", body.encode())
