"""The side server: paths, HEAD, errors, and clients of it that misbehave."""

import http.client
import socket
import socketserver
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from chat_server.net import http as module
from chat_server.net.http import Answer, SideServer, text
from tests.chat_server.net.support import PATIENCE, until_end


def _fail(_accept: str) -> Answer:
    raise ZeroDivisionError


@pytest.fixture(autouse=True)
def _stop_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `serve_forever` look for its end often: half a second is long for a test."""
    monkeypatch.setattr(socketserver.BaseServer.serve_forever, "__defaults__", (0.01,))


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


@pytest.mark.parametrize("path", ["/", "/hello/", "/metrics/../hello", "/HELLO"])
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
    """One that stops in the middle of its request has a thread of its own."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as slow:
        slow.sendall(b"GET /hello HTTP/1.1\r\nHost:")
        assert ask(server, "/hello")[0].status == 200


def test_a_slow_client_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the connection is closed."""
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    server = SideServer("127.0.0.1", 0, ROUTES)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as slow:
        slow.sendall(b"GET /hel")
        assert until_end(slow) == b""
    server.stop()


def test_too_many_at_once_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond the bound is closed unanswered, and those within it are still served."""
    monkeypatch.setattr(module, "REQUESTS", 2)
    server = SideServer("127.0.0.1", 0, ROUTES)
    server.start()
    address = ("127.0.0.1", server.port)
    within = [socket.create_connection(address, PATIENCE) for _ in range(2)]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask(server, "/hello")
    for sock in within:
        sock.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
        assert until_end(sock).endswith(b"hello\n")
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
    with pytest.raises(OSError, match="in use"):
        SideServer("127.0.0.1", server.port, ROUTES)
