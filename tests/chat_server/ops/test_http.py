"""The side server: paths, HEAD, errors, and clients of it that misbehave."""

import contextlib
import errno
import http.client
import socket
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from chat_server.errors import ListenError
from chat_server.ops import http as module
from chat_server.ops.http import REFUSED, Answer, SideServer, text
from tests.chat_server.net.support import PATIENCE, until_end


def _fail(_accept: str) -> Answer:
    raise ZeroDivisionError


ROUTES = {
    "/hello": lambda _accept: text(200, "hello\n"),
    "/busy": lambda _accept: text(503, "busy\n"),
    "/accept": lambda accept: text(200, accept),
    "/fails": _fail,
}


@pytest.fixture
def server() -> Iterator[SideServer]:
    """Return a server that answers."""
    server = SideServer("127.0.0.1", 0, ROUTES)
    server.start()
    yield server
    server.stop()


def ask(
    server: SideServer, path: str, method: str = "GET", accept: str | None = None
) -> tuple[http.client.HTTPResponse, str]:
    """Make one request; return the answer and its body."""
    asked = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        asked.request(method, path, headers={} if accept is None else {"Accept": accept})
        answer = asked.getresponse()
        return answer, answer.read().decode()
    finally:
        asked.close()


@pytest.mark.parametrize(("path", "status", "body"), [("/hello", 200, "hello\n"), ("/busy", 503, "busy\n")])
def test_a_path_answers_with_its_route(server: SideServer, path: str, status: int, body: str) -> None:
    """Status, type and body are those of the route."""
    answer, got = ask(server, path)
    assert (answer.status, got) == (status, body)
    assert answer.getheader("Content-Type") == "text/plain; charset=utf-8"


def test_the_root_lists_what_there_is(server: SideServer) -> None:
    """Who looks at the port with a browser finds the way."""
    answer, got = ask(server, "/")
    assert answer.status == 200
    assert got == "There are:\n/hello\n/busy\n/accept\n/fails\n"


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Bearer ", 401),
        ("Basic c2VjcmV0", 401),
        ("secret", 401),
        ("Bearer s\xe9cret", 401),
        ("Bearer secret", 200),
    ],
)
def test_a_token_keeps_the_metrics_for_those_who_have_it(shown: str | None, status: int) -> None:
    """The others are told what is missing; whether the server is well, everybody may know."""
    routes = {
        "/metrics": lambda _accept: text(200, "numbers\n"),
        "/healthz": lambda _accept: text(200, "ok\n"),
    }
    server = SideServer("127.0.0.1", 0, routes, "secret")
    server.start()
    asked = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    asked.request("GET", "/metrics", headers={} if shown is None else {"Authorization": shown})
    answer = asked.getresponse()
    body = answer.read().decode()
    asked.close()
    assert (answer.status, ask(server, "/healthz")[1]) == (status, "ok\n")
    assert body == ("numbers\n" if status == 200 else REFUSED)
    assert answer.getheader("WWW-Authenticate") == (None if status == 200 else "Bearer")
    server.stop()


@pytest.mark.parametrize("path", ["/hello/", "/metrics/../hello", "/HELLO"])
def test_elsewhere_is_nothing(server: SideServer, path: str) -> None:
    """404, and the text says what there is."""
    answer, got = ask(server, path)
    assert answer.status == 404
    assert "/hello" in got


@pytest.mark.parametrize(("path", "status"), [("/hello", 200), ("/busy", 503), ("/nothing", 404)])
def test_head_is_get_without_the_body(server: SideServer, path: str, status: int) -> None:
    """The same status and length, and no body."""
    answer, got = ask(server, path, "HEAD")
    assert (answer.status, got) == (status, "")
    assert answer.getheader("Content-Length") == ask(server, path)[0].getheader("Content-Length")


def test_a_query_is_passed_over(server: SideServer) -> None:
    """What a scraper adds behind a question mark changes nothing."""
    assert ask(server, "/hello?name[]=x")[0].status == 200


def test_a_route_sees_the_accept_header(server: SideServer) -> None:
    """It may choose its format by it; without the header it gets an empty one."""
    assert ask(server, "/accept", accept="text/x-test")[1] == "text/x-test"
    assert ask(server, "/accept")[1] == ""


def test_other_methods_are_refused(server: SideServer) -> None:
    """Nothing here can be changed."""
    assert ask(server, "/hello", "POST")[0].status == 501


def test_it_does_not_tell_the_version_of_python(server: SideServer) -> None:
    """The header names the service alone."""
    header = ask(server, "/hello")[0].getheader("Server")
    assert header is not None
    assert header.strip() == "chat-server"


def test_a_slow_client_holds_up_nobody(server: SideServer) -> None:
    """One that stops in the middle of its request is not waited for."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as slow:
        slow.sendall(b"GET /hello HTTP/1.1\r\nHost:")
        assert ask(server, "/hello")[0].status == 200


def test_any_number_of_slow_clients_hold_up_nobody(server: SideServer) -> None:
    """Two hundred that send a byte now and then: everybody who asks is answered."""
    peers = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in range(200)]
    for _ in range(3):
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.sendall(b"G")
        assert ask(server, "/hello")[0].status == 200
    for peer in peers:
        peer.close()


def test_the_time_is_for_the_whole_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that goes on and on with a byte each is let go as well."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    server = SideServer("127.0.0.1", 0, ROUTES)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), 0.01) as slow:
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < 10_000:
                sent += slow.send(b"G")
                with contextlib.suppress(TimeoutError):
                    slow.recv(1)
        assert 1 < sent < 10_000
    server.stop()


def test_a_reader_that_takes_its_time_gets_all_of_it() -> None:
    """An answer larger than the socket's buffers is sent as the peer takes it; others are served."""
    big = "x" * 20_000_000
    server = SideServer("127.0.0.1", 0, {"/big": lambda _accept: text(200, big), **ROUTES})
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as slow:
        slow.sendall(b"GET /big HTTP/1.0\r\n\r\n")
        assert ask(server, "/hello")[0].status == 200
        assert until_end(slow).endswith(b"x" * 1000)
    server.stop()


def test_without_descriptors_it_rests_and_comes_back(
    server: SideServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not try again and again at once, and answers when there are some."""
    monkeypatch.setattr(module, "NO_DESCRIPTOR_SECONDS", 0.05)
    tries: list[int] = []

    class Full:
        def __init__(self, sock: socket.socket) -> None:
            self.sock = sock

        def accept(self) -> tuple[socket.socket, object]:
            tries.append(1)
            if len(tries) < 3:
                raise OSError(errno.EMFILE, "Too many open files")
            return self.sock.accept()

    accept = SideServer._accept  # noqa: SLF001  # the system cannot be brought to it in a test
    monkeypatch.setattr(SideServer, "_accept", lambda self, sock: accept(self, Full(sock)))  # type: ignore[arg-type]  # a stand-in
    assert ask(server, "/hello")[0].status == 200
    assert len(tries) == 3


def test_a_slow_client_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the connection is closed."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.05)
    server = SideServer("127.0.0.1", 0, ROUTES)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as slow:
        slow.sendall(b"GET /hel")
        assert until_end(slow) == b""
    server.stop()


def test_the_oldest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound who says nothing is closed unanswered; whoever asks is served."""
    monkeypatch.setattr(module, "OPEN_REQUESTS", 2)
    server = SideServer("127.0.0.1", 0, ROUTES)
    server.start()
    address = ("127.0.0.1", server.port)
    silent = [socket.create_connection(address, PATIENCE) for _ in range(2)]
    assert ask(server, "/hello")[0].status == 200
    assert until_end(silent[0]) == b""
    silent[1].sendall(b"GET /hello HTTP/1.0\r\n\r\n")
    assert until_end(silent[1]).endswith(b"hello\n")
    for sock in silent:
        sock.close()
    server.stop()


def test_a_route_that_fails_costs_one_request(server: SideServer) -> None:
    """It is logged, quietly, and the next request is answered."""
    with capture_logs() as logs:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            ask(server, "/fails")
        assert ask(server, "/hello")[0].status == 200
    assert [each["event"] for each in logs] == ["scrape_failed"]


def test_nonsense_is_answered_with_an_error(server: SideServer) -> None:
    """A peer that speaks no HTTP gets a 400."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as peer:
        peer.sendall(b'{"type":"REG_NAME"}\r\n\r\n')
        assert b"400" in until_end(peer)


def test_stop_ends_it() -> None:
    """Afterwards nobody can connect; one that never started is closed as well."""
    for start in (True, False):
        server = SideServer("127.0.0.1", 0, ROUTES)
        if start:
            server.start()
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def test_a_port_in_use_is_an_error(server: SideServer) -> None:
    """The caller hears of it."""
    with pytest.raises(ListenError, match=r"in use; choose another with --metrics-port"):
        SideServer("127.0.0.1", server.port, ROUTES)
