"""Pages of others, and peers that speak HTTP and WebSocket against the rules."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from chat_server.config import Config
from chat_server.net.http.exchanges import HEAD_BYTES, REQUESTS
from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.integration.waiting import eventually
from tests.security.table import row
from tests.support.peer import PATIENCE, Address
from tests.support.websocket import HANDSHAKE, answers, closing, masked, request, texts

LISTEN = ("--listen", "chat://127.0.0.1:0", "--listen", "http://127.0.0.1:0")
SLOW = 200
CLOSE = {"Connection": "close"}
#: A handshake of one who has no other question.
ASKING = {**HANDSHAKE, "Connection": "Upgrade, close"}


@pytest.fixture(scope="module")
def web() -> Iterator[Running]:
    """Run a server for browsers, which waits for a name no longer than two seconds."""
    with Running("--register-timeout", "2", *LISTEN) as running:
        yield running


def address(server: Running) -> Address:
    """Return where browsers connect."""
    url = next(each for each in server.listening["endpoints"] if each.startswith("http://"))
    return "127.0.0.1", int(url.rpartition(":")[2])


def answer(server: Running, *said: bytes) -> bytes:
    """Say something, and return all that is answered."""
    with socket.create_connection(address(server), PATIENCE) as sock:
        received = b""
        with contextlib.suppress(ConnectionError):
            for each in said:
                sock.sendall(each)
            while data := sock.recv(1 << 16):
                received += data
        return received


def after_opening(server: Running, frames: bytes) -> bytes:
    """Open a WebSocket and send frames; return all frames that come."""
    with socket.create_connection(address(server), PATIENCE) as sock, sock.makefile("rb") as received:
        sock.sendall(request("/ws", HANDSHAKE))
        while received.readline() != b"\r\n":
            pass
        reader = threading.Thread(target=sock.sendall, args=(frames,))
        reader.start()
        answered = received.read()
        reader.join(PATIENCE)
        return answered


def talks(server: Running) -> None:
    """Check that others come in and talk."""
    guests = Guests(server.address)
    ann, bob = guests(), guests()
    ann.say("hello")
    bob.hear("hello")
    guests.leave()


@row(
    "a WebSocket from another site's page",
    defence="the page must be this server's own (Origin); no cookie lets anybody in",
)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost", "https://localhost:1"])
def test_a_websocket_from_another_site_s_page(web: Running, origin: str) -> None:
    """It is refused before anything is said; the log tells the operator."""
    asked = request("/ws", {**ASKING, "Host": f"localhost:{address(web)[1]}", "Origin": origin})
    ((status, headers, _), *_) = answers(answer(web, asked))
    assert status == 403
    assert not {"Access-Control-Allow-Origin", "Set-Cookie"} & set(headers)
    eventually(lambda: "http_refused" in {each["event"] for each in web.events()}, PATIENCE, "it is logged")


@row(
    "a stranger's name that leads here (DNS rebinding)",
    defence="only names that no stranger can have, or that are named, unless a certificate decides",
    default="none named (--web-hosts)",
)
def test_a_stranger_s_name_that_leads_here_dns_rebinding(web: Running) -> None:
    """Neither page nor WebSocket, though the browser takes both for the same site."""
    host = f"evil.example:{address(web)[1]}"
    for asked in (
        request(headers={"Host": host, **CLOSE}),
        request("/ws", {**ASKING, "Host": host, "Origin": f"http://{host}"}),
    ):
        assert answers(answer(web, asked))[0][0] == 421


@row("files by a path", defence="the page's files are read at the start; a path is only compared")
@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../../etc/passwd",
            "/..%2f..%2fetc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "//etc/passwd",
            "/./index.html",
        ),
        *(
            "/index.html%00.js",
            "/..\\..\\etc\\passwd",
            "/__init__.py",
            "/ws/../index.html",
            "file:///etc/passwd",
        ),
    ],
)
def test_files_by_a_path(web: Running, path: str) -> None:
    """There is nothing."""
    ((status, _, body), *_) = answers(answer(web, request(path, CLOSE)))
    assert status == 404
    assert b"root:" not in body


@row(
    "slow requests by 200 at once",
    defence="a time for all of a connection that is no WebSocket",
    default=f"{Config.register_timeout:g} s",
)
def test_slow_requests_by_200_at_once(web: Running) -> None:
    """Others talk meanwhile; each of the 200 is told, and gone."""
    begun = request("/", {"X": "y"})[:-2]
    with contextlib.ExitStack() as all_:
        slow = [all_.enter_context(socket.create_connection(address(web), PATIENCE)) for _ in range(SLOW)]
        for sock in slow:
            sock.sendall(begun)
        talks(web)
        for sock in slow:
            received = b""
            with contextlib.suppress(ConnectionError):
                while data := sock.recv(1 << 16):
                    received += data
            assert [each[0] for each in answers(received)] == [408]


@row(
    "huge headers and bodies, requests without end",
    defence="bounds on each; the connection ends",
    default=f"{2 * HEAD_BYTES // 1024} KiB, 64 KiB, {REQUESTS} requests",
)
@pytest.mark.parametrize(
    ("said", "statuses"),
    [
        ([request("/", {"X": "y" * (1 << 20)})], {431}),
        ([b"GET /" + b"x" * (1 << 20)], {431}),
        ([request("/", {f"X{each}": "y" for each in range(9000)})], {431}),
        ([request("/", {"Content-Length": str(1 << 40)}, "POST"), b"x" * (1 << 20)], {413}),
        ([request("/", {"Transfer-Encoding": "chunked"}, "POST"), b"fffff\r\n" + b"x" * (1 << 20)], {413}),
        ([request("/nothing")] * 2 * REQUESTS, {404}),
    ],
    ids=range(6),
)
def test_huge_headers_and_bodies_requests_without_end(
    web: Running, said: list[bytes], statuses: set[int]
) -> None:
    """Each is told what was too much."""
    found = answers(answer(web, *said))
    assert len(found) <= REQUESTS
    assert {each[0] for each in found} <= statuses
    talks(web)


@row(
    "WebSocket frames against the rules",
    defence="message size as a line's, masks, UTF-8, text alone; ended with a code",
    default=f"{Config.line_bytes // 1024} KiB",
)
@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (b"\x81\xff" + (1 << 62).to_bytes(8, "big"), 1009),
        (masked(b"x", fin=False) * 2, 1002),
        (masked(b"x" * 9000, fin=False) + masked(b"x" * 9000, 0, fin=False), 1009),
        (b"\x81\x02{}", 1002),
        (masked(b"\xed\xa0\x80"), 1007),
        (masked(b"{}", 2), 1003),
        (b"\xf1\x80mask", 1002),
    ],
    ids=range(7),
)
def test_websocket_frames_against_the_rules(web: Running, frames: bytes, code: int) -> None:
    """The client is told why in JSON too; the others talk on."""
    received = after_opening(web, frames)
    assert b'"reason":"bad_frames"' in texts(received)[-1]
    assert closing(received).code == code
    talks(web)


@row(
    "pings and empty frames without end",
    defence="read as fast as any bytes may come; of pings that come together one is answered",
    default=f"{Config.input_bytes_per_second // 1024} KiB/s",
)
@pytest.mark.parametrize(
    "frame", [masked(b"x" * 125, 9), masked(b"", fin=False) + masked(b"", 0), masked(b"", 10)]
)
def test_pings_and_empty_frames_without_end(web: Running, frame: bytes) -> None:
    """They are answered with less than they are."""
    said = frame * (200_000 // len(frame))
    received = after_opening(web, said + masked(b"\x03\xe8", 8))
    assert len(received) < len(said)
    assert closing(received).code == 1000
    talks(web)
