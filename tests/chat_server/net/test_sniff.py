"""Other protocols are known by their first bytes."""

import pytest

from chat_server.net.sniff import sniff
from tests.support.proxying import header


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /x HTTP/1.0\r\n",
        b"HEAD / HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_http(first: bytes) -> None:
    """A request line is HTTP, of any version."""
    assert sniff(first) == "http_request"


@pytest.mark.parametrize("minor", range(5))
def test_tls(minor: int) -> None:
    """A handshake record of any version is TLS."""
    assert sniff(bytes((0x16, 3, minor, 2, 0, 1, 0))) == "tls_hello"


@pytest.mark.parametrize("first", [header("192.0.2.1"), b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"])
def test_a_proxy_header(first: bytes) -> None:
    """Of either version: where none is awaited, none is taken."""
    assert sniff(first) == "proxy_unexpected"


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"\r\n\r\n\0",
        b"PROXY",
        b"{",
        b'{"type":"REG_NAME","name":"GET / "}\n',
        b"\n",
        b"GETTING\n",
        b" GET / HTTP/1.1",
        b"\x16",
    ],
)
def test_neither(first: bytes) -> None:
    """Anything else is left to the decoder, which answers line by line."""
    assert sniff(first) is None
