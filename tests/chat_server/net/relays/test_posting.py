"""One POST to a web address."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chat_server import dev_cert
from chat_server.net.relays.posting import Answer, PostError, post
from tests.support.receiver import Receiver


@contextmanager
def peer(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Have something else than an HTTP server answer one connection; return its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):  # whoever asked may be gone
                serve(connection)

        thread = threading.Thread(target=run, name="peer")
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def test_a_post_brings_headers_and_body() -> None:
    """To the address with its query; the answer's status comes back."""
    with Receiver([202, 503, 302], {"Retry-After": "7", "Location": "http://127.0.0.1:9/"}) as receiver:
        assert post(receiver.url, {"X-Chat-Hook": "3"}, b"{}") == Answer(202, 7.0)
        got = receiver.next()
        assert (got.path, got.headers["X-Chat-Hook"], got.body) == ("/told?by=chat", "3", b"{}")
        assert got.headers["Host"].startswith("127.0.0.1:")
        assert post(receiver.url, {}, b"") == Answer(503, 7.0)
        assert post(receiver.url, {}, b"") == Answer(302, 7.0)


def test_nobody_there_is_told() -> None:
    """As any other fault of the way."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PostError, match="refused"):
        post(f"http://127.0.0.1:{port}", {}, b"")
    with pytest.raises(PostError):
        post("http://host.invalid/", {}, b"")


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999]
)
def test_what_is_no_answer_is_told(said: bytes) -> None:
    """It may be any program."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with peer(serve) as url, pytest.raises(PostError):
        post(url, {}, b"")


def test_an_answer_that_comes_in_drops_has_an_end() -> None:
    """Each byte comes in time, and the whole does not."""
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            if over.wait(0.02):
                return
            connection.sendall(b"X: y\r\n"[:1])

    with peer(serve) as url:
        began = time.monotonic()
        with pytest.raises(PostError, match="timed out"):
            post(url, {}, b"", 0.2)
        assert time.monotonic() - began < 5
        over.set()


def test_over_https_the_certificate_is_checked(tmp_path: Path) -> None:
    """One that nobody vouches for is no receiver."""
    dev_cert.make(tmp_path / "tls")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem")

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    trusted = ssl.create_default_context(cafile=tmp_path / "tls/ca.pem")
    with peer(serve) as url, pytest.raises(PostError, match="certificate"):
        post(url.replace("http:", "https:"), {}, b"")
    with peer(serve) as url:
        secure = url.replace("http://127.0.0.1", "https://localhost")
        assert post(secure, {}, b"", context=trusted) == Answer(204)
