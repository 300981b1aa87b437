"""The handshake that makes a WebSocket, and what is wrong with others."""

import pytest

from chat_server.net.http.exchange import Request
from chat_server.net.http.upgrade import upgrade
from tests.support.websocket import ACCEPT, HANDSHAKE


def asked(method: str = "GET", **changed: str | None) -> Request:
    """Return a handshake with these headers changed."""
    headers = {key.lower(): each for key, each in HANDSHAKE.items()}
    for key, each in changed.items():
        name = key.replace("_", "-")
        if each is None:
            del headers[name]
        else:
            headers[name] = each
    return Request(method, "/ws", "", headers, b"", "", 0.0)


def test_a_handshake_is_answered() -> None:
    """With the proof that it was understood, and without any extension."""
    offered = asked(sec_websocket_extensions="permessage-deflate", sec_websocket_protocol="chat")
    for handshake in (asked(), offered, asked(connection="keep-alive, Upgrade")):
        answer = upgrade(handshake, "1.1")
        assert answer.status == 101
        headers = dict(answer.headers)
        assert headers["Sec-WebSocket-Accept"] == ACCEPT
        assert not set(headers) & {"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"}


@pytest.mark.parametrize(
    ("handshake", "version", "status"),
    [
        (asked(upgrade=None), "1.1", 426),
        (asked(upgrade="h2c"), "1.1", 426),
        (asked(connection="close"), "1.1", 426),
        (asked("POST"), "1.1", 405),
        (asked(), "1.0", 505),
        (asked(sec_websocket_key=None), "1.1", 400),
        (asked(sec_websocket_key="short"), "1.1", 400),
        (asked(sec_websocket_version=None), "1.1", 400),
        (asked(sec_websocket_version="8"), "1.1", 400),
    ],
)
def test_what_is_wrong_is_said(handshake: Request, version: str, status: int) -> None:
    """In a sentence, with the status for it."""
    answer = upgrade(handshake, version)
    assert answer.status == status
    assert answer.body.endswith(b".\n")
    assert answer.body.count(b"\n") == 1
