"""Each endpoint of the settings has its transport and its dialect."""

import socket

import pytest

from chat_server.config import Config
from chat_server.net.entrances import entrances
from chat_server.net.transport import TcpTransport
from chat_server.values import SCHEMES, Endpoint


@pytest.mark.parametrize("scheme", [each for each in SCHEMES if not each.endswith("s")])
def test_every_scheme_has_a_dialect(scheme: str) -> None:
    """A connection gets one of its own, and a transport that is TCP as it is."""
    (entrance,) = entrances(Config(listen=(Endpoint(scheme, "localhost", 0),)), None)
    assert entrance.endpoint.scheme == scheme
    assert entrance.dialect() is not entrance.dialect()
    with socket.socket() as sock:
        assert isinstance(entrance.transport(sock), TcpTransport)


def test_the_simple_flags_are_one_entrance() -> None:
    """What `nc` speaks."""
    (entrance,) = entrances(Config(host="localhost", port=1), None)
    assert entrance.endpoint == Endpoint("chat", "localhost", 1)
    assert entrance.dialect().greeting().startswith(b'{"type":"REG_NAME"')
