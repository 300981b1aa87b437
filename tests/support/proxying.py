"""PROXY headers as proxies send them, made by hand: nothing of the server's parser is used."""

import ipaddress
import struct

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
PROXY, LOCAL = 0x21, 0x20
TCP4, TCP6 = 0x11, 0x21


def raw_header(command: int = PROXY, family: int = TCP4, body: bytes = b"", size: int | None = None) -> bytes:
    """Return a header with these fields, whatever they are; `size` is what it says of its body."""
    return SIGNATURE + struct.pack("!BBH", command, family, len(body) if size is None else size) + body


def header(host: str, port: int = 40_000, tlvs: bytes = b"") -> bytes:
    """Return the header for a client at this address."""
    source = ipaddress.ip_address(host)
    target = type(source)(1)
    family = TCP4 if source.version == 4 else TCP6
    return raw_header(PROXY, family, source.packed + target.packed + struct.pack("!HH", port, 9090) + tlvs)


def tlv(kind: int, value: bytes) -> bytes:
    """Return one TLV."""
    return struct.pack("!BH", kind, len(value)) + value
