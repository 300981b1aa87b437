"""Whose connection it is: the peer's own, or that of somebody whom the peer, a proxy, passes on."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.addresses import host_of
from chat_server.net.admission import Refusal
from chat_server.net.proxy_header import Origin, ProxyHeader, ProxyHeaderError
from chat_server.net.transport import Transport
from chat_server.values import shown

log = structlog.get_logger()


class CallerContext(Protocol):
    """What the callers of a server share."""

    @property
    def register_seconds(self) -> float:
        """In how many seconds a name must be given. Header and handshake have half of them."""

    @property
    def charge(self) -> Callable[[str], Refusal | None]:
        """Counts the address that a proxy tells; returns why it is turned away."""


class Caller:
    """Who is at the other end of a connection.

    1. `peer` is the address: with a proxy, its own until `open` has read whom it passes on.
    2. `proxy` is the proxy's address, none without one.
    3. `counted` is the host that counts for the limits of one address, none while none does: a proxy's never.
    4. `retry_after` is in how many seconds another try is worth it, for a caller who is turned away.
    """

    __slots__ = ("counted", "peer", "proxy", "retry_after")

    def __init__(self, peer: str, *, proxied: bool = False) -> None:
        self.peer = peer
        self.proxy = peer if proxied else None
        self.counted = None if proxied else host_of(peer)
        self.retry_after: float | None = None

    @property
    def host(self) -> str | None:
        """Whose host it is, none while a proxy has not said so; told before it is counted."""
        return None if self.peer == self.proxy else host_of(self.peer)

    @property
    def fields(self) -> dict[str, str]:
        """What the log says of it."""
        return {"peer": self.peer} if self.proxy is None else {"peer": self.peer, "proxy": self.proxy}

    def open(
        self, transport: Transport, context: CallerContext, on_opened: Callable[[], None]
    ) -> CloseReason | RejectReason | None:
        """Learn whose connection it is, and agree on keys; return why that failed.

        `on_opened` is called unless the connection is turned away.
        """
        seconds = context.register_seconds / 2
        deadline = time.monotonic() + seconds
        failed = None if self.proxy is None else self._introduce(transport, seconds, context.charge)
        if isinstance(failed, RejectReason):
            return failed
        on_opened()
        return transport.handshake(max(0.0, deadline - time.monotonic())) if failed is None else failed

    def _introduce(
        self, transport: Transport, seconds: float, charge: Callable[[str], Refusal | None]
    ) -> CloseReason | RejectReason | None:
        """Have the proxy say who this is, and count that address; return why that failed."""
        try:
            origin = read_origin(transport, seconds)
        except ProxyHeaderError as error:
            log.warning("proxy_failed", proxy=self.proxy, error=str(error))
            return CloseReason.PROXY_FAILED
        except OSError:
            return CloseReason.PEER_RESET
        if origin is None:
            return None
        self.peer = shown(*origin)
        if (refusal := charge(origin.host)) is not None:
            reason, after = refusal
            self.retry_after = None if after is None else round(after, 1)
            log.warning("rejected", reason=reason, **self.fields)
            return reason
        self.counted = origin.host
        return None


def read_origin(transport: Transport, seconds: float) -> Origin | None:
    """Read the header of a proxy, within so long, and nothing behind it; return whom it passes on.

    None is the proxy itself. Raises `ProxyHeaderError`, `OSError`.
    """
    header = ProxyHeader()
    deadline = time.monotonic() + seconds
    while wanted := header.wanted:
        try:
            data = transport.receive_within(wanted, max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise ProxyHeaderError(f"no whole PROXY header came within {seconds:g} s") from None
        if not data:
            header.finish()
        header.feed(data)
    return header.origin
