"""How many connections an address may have and open: what one stranger can take from the others."""

import ipaddress
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat_protocol.reasons import RejectReason
from chat_server.chat.bans import Bans
from chat_server.values import Network

#: A host gets at least a /64 of IPv6 (RFC 6177), so all of it counts as one address.
IPV6_BITS = 64
MINUTE_SECONDS = 60.0
#: One of so many connections may be without a name, but so many in any case.
NAMELESS_SHARE = 10
NAMELESS_AT_LEAST = 16
#: After how many seconds it is worth another try where nothing better is known.
RETRY_SECONDS = 5.0
#: Why a connection is turned away, and after how many seconds it is worth another try, if it ever is.
Refusal = tuple[RejectReason, float | None]


@dataclass(slots=True)
class _Account:
    """What one address has: connections now, and how many more it may open as of a moment."""

    connections: int
    left: float
    at: float


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """How many connections in all; at once of one address, and new a minute; who is exempt from those two.

    `proxies` pass on the connections of others, and say whose.
    """

    connections: int
    per_address: int
    per_minute: int
    exempt: Sequence[Network]
    proxies: Sequence[Network] = ()


class Admission:
    """Counts connections: all of them, those without a name, those of each address.

    Of each address at most `per_address` are open, and `per_minute` are opened: that many at once, and then
    as time goes by (a token bucket). Exempt networks are not counted so: proxies and containers hide
    addresses. An address that has no connection and has opened none for a minute takes no memory. Of a
    connection that a proxy passes on, the client's address counts, from the moment at which it is known.
    Nobody comes in whose address is banned, nor anybody at all while the server is `draining`.
    """

    def __init__(self, limits: AdmissionLimits, clock: Callable[[], float], bans: Bans | None = None) -> None:
        self._limits = limits
        self._clock = clock
        self._bans = bans
        #: Set by an operator to keep those who are here, and nobody else.
        self.draining = False
        # Guards what follows.
        self._lock = threading.Lock()
        self._all = self._nameless = 0
        self._accounts: dict[Network, _Account] = {}

    def is_proxy(self, host: str) -> bool:
        """Tell whether a peer passes on the connections of others, and must say whose."""
        return _lies_in(host, self._limits.proxies)

    def admit(self, host: str | None) -> Refusal | None:
        """Count a new connection of this address; or return why not, and after how many seconds to try again.

        Without an address, `charge` tells it later. `release` must follow for a connection that was counted.
        """
        if host is not None and (banned := self._banned(host)) is not None:
            return banned
        if self.draining:
            return RejectReason.DRAINING, RETRY_SECONDS
        with self._lock:
            if self._all >= self._limits.connections:
                return RejectReason.SERVER_FULL, RETRY_SECONDS
            if self._nameless >= max(NAMELESS_AT_LEAST, self._limits.connections // NAMELESS_SHARE):
                return RejectReason.TOO_MANY_NAMELESS, RETRY_SECONDS
            if host is not None and (refusal := self._charge_locked(host)) is not None:
                return refusal
            self._all += 1
            self._nameless += 1
            return None

    def charge(self, host: str) -> Refusal | None:
        """Count the address of a connection that was counted without one; or return as `admit` does."""
        if (banned := self._banned(host)) is not None:
            return banned
        with self._lock:
            return self._charge_locked(host)

    def name(self) -> None:
        """Note that a connection has given a name."""
        with self._lock:
            self._nameless -= 1

    def release(self, host: str | None, *, named: bool) -> None:
        """Note that a connection of this address is gone; of none, if none was counted for it."""
        with self._lock:
            self._all -= 1
            self._nameless -= not named
            if host is not None and (account := self._accounts.get(_counted(host))) is not None:
                account.connections -= 1

    def _banned(self, host: str) -> Refusal | None:
        if self._bans is None or (ban := self._bans.of_address(host)) is None:
            return None
        return RejectReason.ADDRESS_BANNED, self._bans.left(ban)

    def _charge_locked(self, host: str) -> Refusal | None:
        if _lies_in(host, self._limits.exempt):
            return None
        now, rate = self._clock(), self._limits.per_minute
        account = self._accounts.setdefault(_counted(host), _Account(0, float(rate), now))
        account.left = min(rate, account.left + (now - account.at) * rate / MINUTE_SECONDS)
        account.at = now
        if account.connections >= self._limits.per_address:
            return RejectReason.ADDRESS_FULL, MINUTE_SECONDS
        if account.left < 1:
            return RejectReason.ADDRESS_RATE, (1 - account.left) * MINUTE_SECONDS / rate
        account.left -= 1
        account.connections += 1
        return None

    def sweep(self) -> None:
        """Forget addresses that have nothing, and may open as many as they ever could."""
        before = self._clock() - MINUTE_SECONDS
        with self._lock:
            gone = [key for key, each in self._accounts.items() if not each.connections and each.at < before]
            for key in gone:
                del self._accounts[key]

    def counted(self, host: str) -> str:
        """Return what this address is counted as, empty if it is exempt."""
        return "" if _lies_in(host, self._limits.exempt) else str(_counted(host))

    @property
    def size(self) -> int:
        """How many addresses are remembered."""
        return len(self._accounts)


def _lies_in(host: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks."""
    if not networks:
        return False
    address = _address(host)
    return any(address in network for network in networks)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address without the zone that one of IPv6 may have (RFC 4007)."""
    return ipaddress.ip_address(host.partition("%")[0])


def _counted(host: str) -> Network:
    """Return what counts as one address."""
    address = _address(host)
    bits = IPV6_BITS if isinstance(address, ipaddress.IPv6Address) else address.max_prefixlen
    return ipaddress.ip_network((address, bits), strict=False)
