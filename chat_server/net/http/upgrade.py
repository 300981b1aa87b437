"""The handshake that makes a WebSocket of an HTTP connection (RFC 6455, 4.2). Pure."""

import logging

from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from chat_server.net.http.exchange import Request, Response, plain

_SILENT = logging.getLogger("chat_server.websockets")
_SILENT.disabled = True
SWITCHING, UPGRADE_REQUIRED = 101, 426


def upgrade(request: Request, version: str) -> Response:
    """Return the answer that makes it a WebSocket, or one that says what is wrong with the handshake.

    No extension is agreed on: each member would have to be sent bytes of its own.
    """
    handshake = Handshake(
        request.path, Headers(request.headers), method=request.method, protocol=f"HTTP/{version}"
    )
    protocol = ServerProtocol(logger=_SILENT)
    answer = protocol.accept(handshake)
    if answer.status_code == SWITCHING:
        return Response(SWITCHING, headers=list(answer.headers.raw_items()))
    if answer.status_code == UPGRADE_REQUIRED:
        return plain(
            426, "This is a WebSocket; connect to it with ws:// or wss://.", ("Upgrade", "websocket")
        )
    return plain(answer.status_code, f"This is no WebSocket handshake: {protocol.handshake_exc}.")
