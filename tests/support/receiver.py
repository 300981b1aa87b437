"""A program that is told, as tests have one: a small HTTP server that keeps what it gets."""

import queue
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self

PATIENCE = 10.0


class Got(NamedTuple):
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Answers with the statuses that it is given, then with 204, or with 503 while it is to `fail`."""

    def __init__(self, statuses: Sequence[int] = (), headers: Mapping[str, str] | None = None) -> None:
        self.got: queue.Queue[Got] = queue.Queue()
        #: All that was read of it.
        self.seen: list[Got] = []
        self.fail = False
        waiting = list(statuses)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.put(Got(self.path, dict(self.headers), body))
                self.send_response(waiting.pop(0) if waiting else 503 if receiver.fail else 204)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="receiver")
        self.url = f"http://127.0.0.1:{self._server.server_port}/told?by=chat"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self, timeout: float = PATIENCE) -> Got:
        """Return the next request. Raises `queue.Empty`."""
        self.seen.append(self.got.get(timeout=timeout))
        return self.seen[-1]

    def until(self, part: bytes) -> Got:
        """Read on to a request with this in its body."""
        while part not in (got := self.next()).body:
            pass
        return got

    def waiting(self, seconds: float) -> list[Got]:
        """Return the next request, or nothing if none comes for so many seconds."""
        try:
            return [self.next(seconds)]
        except queue.Empty:
            return []
