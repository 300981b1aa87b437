"""What is answered at which path, and to whom."""

import pytest

from chat_server.net.http.exchange import BODY_BYTES, Request, Response, Route
from chat_server.net.http.hosts import Hosts
from chat_server.net.http.pages import Page
from chat_server.net.http.site import METHODS, POLICY, SAFE, Site
from tests.support.websocket import HANDSHAKE

PAGE = Response(200, b"page", "text/html", (("ETag", '"1"'),))


def echo(request: Request) -> Response:
    """Answer with what was asked."""
    return Response(200, f"{request.method} {request.path} {request.body.decode()}".encode())


SITE = Site(
    {"/": Page(PAGE), "/chat.js": Page(PAGE)},
    Hosts(),
    [Route("/hooks/", echo, ("POST",), 10), Route("/about", echo)],
)


def asked(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
    """Return the answer to a request for localhost."""
    return SITE.answer(Request(method, path, "", {"host": "localhost", **(headers or {})}, body, "", 0.0))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/chat.js", 200)),
        *(
            ("POST", "/", 405),
            ("OPTIONS", "/chat.js", 405),
            ("DELETE", "/about", 405),
            ("GET", "/hooks/x", 405),
        ),
        *(("GET", "/nothing", 404), ("POST", "/nothing", 404), ("GET", "/hooks", 404), ("GET", "*", 404)),
        *(("GET", "/../chat.js", 404), ("GET", "/./chat.js", 404), ("GET", "//chat.js", 404)),
        *(("GET", "/%2e%2e/etc/passwd", 404), ("GET", "/chat.js%00", 404), ("GET", "/chat.js/", 404)),
        *(("BREW", "/", 501), ("get", "/", 501), ("GET", "/ws", 426), ("POST", "/ws", 405)),
    ],
)
def test_each_path_and_method_has_its_status(method: str, path: str, status: int) -> None:
    """A path is compared as it was sent; the disk is never asked."""
    assert asked(method, path).status == status


def test_what_is_allowed_is_said() -> None:
    """So that the next request is right."""
    assert dict(asked("PUT", "/").headers)["Allow"] == "GET, HEAD"
    assert dict(asked("GET", "/hooks/x").headers)["Allow"] == "POST"


def test_a_route_gets_the_request() -> None:
    """One for HEAD comes as GET."""
    assert asked("POST", "/hooks/x", body=b"hi").body == b"POST /hooks/x hi"
    assert asked("HEAD", "/about").body == b"GET /about "


def test_a_page_that_is_known_is_not_sent() -> None:
    """The browser has it."""
    assert asked("GET", "/", {"if-none-match": '"1"'}).status == 304


def test_strangers_names_get_no_page() -> None:
    """But programs may call the server what they like, for their routes and for a WebSocket."""
    handshake = {key.lower(): each for key, each in HANDSHAKE.items()}
    assert asked("GET", "/", {"host": "evil.example"}).status == 421
    assert asked("GET", "/nothing", {"host": "evil.example"}).status == 421
    assert asked("POST", "/hooks/x", {"host": "server.example"}).status == 200
    assert asked("GET", "/ws", {"host": "server.example", **handshake}).status == 101
    assert asked("GET", "/ws", {"origin": "http://localhost", **handshake}).status == 101
    assert asked("GET", "/ws", {"origin": "http://evil.example", **handshake}).status == 403


def test_a_body_may_be_so_long() -> None:
    """As its route says."""
    assert [SITE.body_bytes(each) for each in ("/hooks/x", "/about", "/", "/nothing")] == [
        10,
        *[BODY_BYTES] * 3,
    ]


def test_the_page_s_policy() -> None:
    """Nothing but its own scripts and styles; no frame, no base, no form, and no text that becomes code."""
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert {rules[each] for each in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert {each for each in rules.values() if "unsafe" in each or "*" in each or ":" in each} == set()
    assert dict(SAFE)["X-Content-Type-Options"] == "nosniff"
    assert len(set(METHODS)) == len(METHODS)
