"""Peers that speak another protocol: found by their first bytes, so that they get a clear answer."""

from chat_protocol.reasons import CloseReason

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
    """Return `http_request` (RFC 9112, 3) or `tls_hello` (RFC 8446, 5.1) if the first bytes are one."""
    if first.startswith(_METHODS):
        return CloseReason.HTTP_REQUEST
    if first.startswith(b"\x16\x03"):
        return CloseReason.TLS_HELLO
    return None
