"""The header in which a proxy says whose connection it passes on: PROXY protocol, version 2. Pure.

HAProxy's "proxy-protocol.txt" describes it in section 2.2.
"""

import ipaddress
import struct
from typing import NamedTuple

#: What every header begins with.
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
#: What a header of version 1 begins with.
VERSION_1 = b"PROXY "
#: Signature; version and command; family and transport; how many bytes follow.
FIXED = struct.Struct("!12sBBH")
#: How many bytes may follow, addresses and TLVs: as many as every link carries at once (RFC 9293, 3.7.1),
#: since a header is never cut.
FOLLOWING_BYTES = 536
_VERSION = 2
_LOCAL, _PROXY = 0, 1
#: By family and transport: source and destination address, source and destination port.
_ADDRESSES = {0x11: struct.Struct("!4s4sHH"), 0x21: struct.Struct("!16s16sHH")}


class ProxyHeaderError(Exception):
    """A proxy did not say whose connection it passes on; the text says what is wrong with it."""


class Origin(NamedTuple):
    """Where a connection that a proxy passes on comes from."""

    host: str
    port: int


class ProxyHeader:
    """Reads one header.

    1. `feed` takes bytes and returns those that came behind the header. Raises `ProxyHeaderError` as soon as
       the bytes are no header; how they are cut makes no difference.
    2. `wanted` is how many bytes are missing as far as is known, 0 once the header is whole. Reading no more
       than that takes nothing from what follows.
    3. `origin` is what a whole header says; none for the proxy's own connections (LOCAL: health checks).
    """

    __slots__ = ("_head", "_size", "origin")

    def __init__(self) -> None:
        self._head = b""
        self._size = FIXED.size
        self.origin: Origin | None = None

    @property
    def wanted(self) -> int:
        """How many bytes are missing, as far as is known."""
        return self._size - len(self._head)

    def feed(self, data: bytes) -> bytes:
        """Take bytes; return what came behind the header. Raises `ProxyHeaderError`."""
        while data and (wanted := self.wanted):
            self._head, data = self._head + data[:wanted], data[wanted:]
            self._check_beginning()
            if len(self._head) == FIXED.size:
                self._size += self._following()
            if not self.wanted:
                self.origin = self._read()
        return data

    def finish(self) -> None:
        """Note that the stream has ended. Raises `ProxyHeaderError` if the header is not whole."""
        if not self._head:
            raise ProxyHeaderError(
                "the connection ended before a PROXY header; a check needs check-send-proxy"
            )
        if self.wanted:
            raise ProxyHeaderError("the connection ended in the middle of the PROXY header")

    def _check_beginning(self) -> None:
        head = self._head
        if head.startswith(VERSION_1):
            raise ProxyHeaderError("its PROXY header has version 1; have it send version 2 (send-proxy-v2)")
        if not (SIGNATURE.startswith(head[: len(SIGNATURE)]) or VERSION_1.startswith(head)):
            raise ProxyHeaderError("it sends no PROXY header; have it send one (send-proxy-v2)")

    def _following(self) -> int:
        """Check the fixed part; return how many bytes follow it."""
        _, kind, family, following = FIXED.unpack(self._head)
        version, command = divmod(kind, 16)
        if version != _VERSION:
            raise ProxyHeaderError(f"its PROXY header has version {version}; have it send version 2")
        if command not in (_LOCAL, _PROXY):
            raise ProxyHeaderError(f"its PROXY header has the unknown command {command}")
        if following > FOLLOWING_BYTES:
            raise ProxyHeaderError(f"its PROXY header goes on for {following} bytes, over {FOLLOWING_BYTES}")
        if command == _LOCAL:
            return int(following)
        if family not in _ADDRESSES:
            raise ProxyHeaderError(f"its PROXY header is about no TCP connection (family 0x{family:02x})")
        if following < _ADDRESSES[family].size:
            raise ProxyHeaderError("its PROXY header is too short for the addresses in it")
        return int(following)

    def _read(self) -> Origin | None:
        _, kind, family, _ = FIXED.unpack_from(self._head)
        if kind % 16 == _LOCAL:
            return None
        packed, _, port, _ = _ADDRESSES[family].unpack_from(self._head, FIXED.size)
        address = ipaddress.ip_address(packed)
        # A host of IPv4 may be told as one of IPv6 (RFC 4291, 2.5.5.2). All of those lie in one /64.
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return Origin(str(mapped or address), port)
