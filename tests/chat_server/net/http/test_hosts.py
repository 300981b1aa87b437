"""Whose pages may use the chat, and under which names it has pages."""

import pytest

from chat_server.net.http.exchange import Request
from chat_server.net.http.hosts import Hosts


def asked(host: str | None, origin: str | None = None) -> Request:
    """Return a request with these headers."""
    headers = {"host": host, "origin": origin}
    return Request(
        "GET", "/ws", "", {key: each for key, each in headers.items() if each is not None}, b"", "::1", 0.0
    )


def status(hosts: Hosts, host: str | None, origin: str | None = None) -> int:
    """Return the status with which a WebSocket is refused, 0 if it is not."""
    refusal = hosts.refusal_to_join(asked(host, origin))
    return 0 if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "localhost:8080",
            "LOCALHOST.",
            "chat.localhost",
            "server:8080",
            "box.local",
            "a.internal",
        ),
        *("127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "192.168.1.7", "203.0.113.9", "chat.home.arpa"),
    ],
)
def test_names_that_no_stranger_can_have_need_not_be_given(host: str) -> None:
    """A name without a dot, one that is kept for local use, an address."""
    assert Hosts().refusal(asked(host)) is None
    assert status(Hosts(), host, f"http://{host}") == 0


@pytest.mark.parametrize(
    "host", ["chat.example.org", "evil.example:8080", "127.0.0.1.evil.example", "1.2.3.4.5"]
)
def test_other_names_must_be_given(host: str) -> None:
    """Else a stranger's name could lead to this server, and the stranger's page be taken for its own."""
    name = host.partition(":")[0]
    refusal = Hosts().refusal(asked(host))
    assert refusal is not None
    assert refusal.status == 421
    assert f"--web-hosts {name}" in refusal.body.decode()
    assert status(Hosts(), host, f"http://{host}") == 421
    for hosts in (Hosts([name]), Hosts([f"{name.upper()}."]), Hosts(["*"]), Hosts(certified=True)):
        assert hosts.refusal(asked(host)) is None
        assert status(hosts, host, f"http://{host}") == 0


@pytest.mark.parametrize("host", ["", None, "a b", "<script>", "[::1", "user@host", "host:80:80", "hôst"])
def test_what_is_no_host_is_refused(host: str | None) -> None:
    """And is not repeated."""
    refusal = Hosts(["*"]).refusal(asked(host))
    assert refusal is not None
    assert refusal.status == 400
    assert not host or host not in refusal.body.decode()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("LocalHost:8080", "http://localhost:8080"),
        ("localhost", "http://localhost:80"),
        ("localhost:443", "https://localhost"),
        ("localhost", "https://localhost"),  # a proxy has taken the TLS away
        ("[::1]:8080", "http://[::1]:8080"),
        ("evil.example", None),  # a program: a browser would say whose page it is
    ],
)
def test_its_own_page_and_programs_may_open_a_websocket(host: str, origin: str | None) -> None:
    """The page has the same host and port."""
    assert status(Hosts(), host, origin) == 0


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://evil.example",
            "http://localhost",
            "http://localhost:8081",
            "https://localhost.evil.example",
        ),
        *("null", "", "file://", "http://localhost:8080/", "http://a@localhost:8080", "ws://localhost:8080"),
        *("http://evil.example, http://localhost:8080", "http://"),
    ],
)
def test_no_other_site_s_page_may(origin: str) -> None:
    """Whatever it is that a browser or a liar tells."""
    assert status(Hosts(), "localhost:8080", origin) == 403
    assert status(Hosts(["*"]), "localhost:8080", origin) == 403


def test_a_site_that_is_named_may_come_through_a_proxy_that_renames_it() -> None:
    """As nginx does if it is not told otherwise; the refusal says what to do."""
    origin = "https://chat.example.org"
    assert status(Hosts(["chat.example.org"]), "127.0.0.1:8080", origin) == 0
    refusal = Hosts().refusal_to_join(asked("127.0.0.1:8080", origin))
    assert refusal is not None
    assert "--web-hosts chat.example.org" in refusal.body.decode()
