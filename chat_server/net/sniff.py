"""Peers that speak another protocol: found by their first bytes, so that they get a clear answer."""

from chat_protocol.reasons import CloseReason
from chat_server.net.proxy_header import SIGNATURE, VERSION_1

#: So many bytes tell what is known here.
SNIFFED_BYTES = 16
_METHODS = (
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PRI * ",
)


def sniff(first: bytes) -> CloseReason | None:
    """Return what the first bytes are, if they are known: HTTP (RFC 9112, 3), TLS (RFC 8446, 5.1), PROXY."""
    if first.startswith(_METHODS):
        return CloseReason.HTTP_REQUEST
    if first.startswith(b"\x16\x03"):
        return CloseReason.TLS_HELLO
    if first.startswith((SIGNATURE, VERSION_1)):
        return CloseReason.PROXY_UNEXPECTED
    return None
