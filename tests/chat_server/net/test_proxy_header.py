"""The header of a proxy: read to the byte, however it is cut; whatever it is not has a sentence."""

import ipaddress
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.net.proxy_header import (
    FIXED,
    FOLLOWING_BYTES,
    SIGNATURE,
    Origin,
    ProxyHeader,
    ProxyHeaderError,
)
from tests.support import proxying
from tests.support.proxying import LOCAL, PROXY, TCP4, TCP6, header, raw_header, tlv

Cut = Callable[[bytes], list[bytes]]
TLVS = tlv(0x01, b"h2") + tlv(0x04, b"\0" * 20) + tlv(0xEA, b"vpce-08d2bf15fac5001c9")
GOOD = {
    "IPv4": (header("192.0.2.1", 1234), Origin("192.0.2.1", 1234)),
    "IPv6": (header("2001:db8::7", 65_535), Origin("2001:db8::7", 65_535)),
    "IPv4 as IPv6": (header("::ffff:192.0.2.1", 1), Origin("192.0.2.1", 1)),
    "with TLVs": (header("192.0.2.1", 1234, TLVS), Origin("192.0.2.1", 1234)),
    "TLVs that are none": (header("2001:db8::7", 1, b"\x01\xff\xff"), Origin("2001:db8::7", 1)),
    "as long as may be": (
        header("192.0.2.1", 1234, b"x" * (FOLLOWING_BYTES - 12)),
        Origin("192.0.2.1", 1234),
    ),
    "LOCAL": (raw_header(LOCAL, 0), None),
    "LOCAL with addresses": (raw_header(LOCAL, TCP4, b"\x7f\0\0\1" * 3), None),
    "LOCAL of an unknown family": (raw_header(LOCAL, 0xFF, b"x" * 7), None),
}
BAD = {
    "version 1": (b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "version 1; have it send version 2"),
    "nothing of a header": (b'{"type":"REG_NAME","name":"ann"}\n', "sends no PROXY header"),
    "TLS": (b"\x16\x03\x01\x02\x00", "sends no PROXY header"),
    "HTTP": (b"PUT / HTTP/1.1\r\n", "sends no PROXY header"),
    "a signature with a flaw": (SIGNATURE[:-1] + b"\r" + b"\0" * 20, "sends no PROXY header"),
    "version 3": (raw_header(0x31), "version 3; have it send version 2"),
    "version 0": (raw_header(0x01), "version 0; have it send version 2"),
    "a command of the future": (raw_header(0x22), "unknown command 2"),
    "UDP": (raw_header(PROXY, 0x12, b"x" * 12), "no TCP connection (family 0x12)"),
    "a Unix socket": (raw_header(PROXY, 0x31, b"x" * 216), "no TCP connection (family 0x31)"),
    "an unknown family": (raw_header(PROXY, 0x00, b""), "no TCP connection (family 0x00)"),
    "IPv4 cut short": (raw_header(PROXY, TCP4, b"x" * 11), "too short for the addresses"),
    "IPv6 cut short": (raw_header(PROXY, TCP6, b"x" * 35), "too short for the addresses"),
    "too long": (raw_header(PROXY, TCP4, size=FOLLOWING_BYTES + 1), f"for {FOLLOWING_BYTES + 1} bytes"),
    "LOCAL and too long": (raw_header(LOCAL, 0, size=0xFFFF), "for 65535 bytes"),
}


def read(pieces: list[bytes]) -> tuple[ProxyHeader, bytes]:
    """Feed pieces; return the header and what came behind it."""
    parser = ProxyHeader()
    return parser, b"".join([parser.feed(piece) for piece in pieces])


def single(data: bytes) -> list[bytes]:
    """Cut into bytes."""
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.parametrize("cut", [lambda data: [data], single], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("tail", [b"", b"\x16\x03\x01", SIGNATURE * 3], ids=["alone", "TLS", "another"])
@pytest.mark.parametrize(("data", "origin"), GOOD.values(), ids=GOOD)
def test_a_header_is_read_to_its_last_byte(cut: Cut, tail: bytes, data: bytes, origin: Origin) -> None:
    """The address that it tells; what comes behind it is left alone, another header too."""
    parser, rest = read(cut(data + tail))
    assert (parser.origin, parser.wanted, rest) == (origin, 0, tail)
    parser.finish()


@pytest.mark.parametrize("cut", [lambda data: [data], single], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("data", "why"), BAD.values(), ids=BAD)
def test_what_is_no_header_has_a_sentence(cut: Cut, data: bytes, why: str) -> None:
    """The same one however it is cut."""
    with pytest.raises(ProxyHeaderError) as raised:
        read(cut(data))
    assert why in str(raised.value)


@pytest.mark.parametrize("data", [each[0] for each in GOOD.values()], ids=GOOD)
def test_a_header_that_is_not_whole_tells_nothing(data: bytes) -> None:
    """Wherever the stream ends, it is said that it did; and before the end there is no address yet."""
    for size in range(len(data)):
        parser, _ = read([data[:size]])
        assert parser.origin is None
        assert 0 < parser.wanted <= len(data) - size
        with pytest.raises(
            ProxyHeaderError, match=r"before a PROXY header|in the middle of the PROXY header"
        ):
            parser.finish()


@given(st.binary(max_size=700), st.integers(0, len(SIGNATURE) + 4), st.lists(st.integers(0, 700), max_size=8))
def test_how_bytes_are_cut_makes_no_difference(noise: bytes, kept: int, cuts: list[int]) -> None:
    """Any bytes, with a real beginning or without: one outcome, and never more kept than the limit."""
    data = raw_header(PROXY, TCP4, size=300)[:kept] + noise
    marks = [0, *sorted(cuts), len(data)]
    outcomes: list[tuple[str, Origin | None]] = []
    for pieces in ([data], single(data), [data[one:two] for one, two in pairwise(marks)]):
        parser = ProxyHeader()
        try:
            rest = b"".join([parser.feed(piece) for piece in pieces])
        except ProxyHeaderError as error:
            outcomes.append((str(error), None))
        else:
            assert len(data) - len(rest) <= FIXED.size + FOLLOWING_BYTES
            outcomes.append((rest.hex(), parser.origin))
    assert len(set(outcomes)) == 1


@given(st.ip_addresses(), st.integers(0, 65_535), st.binary(max_size=500), st.binary(max_size=20))
def test_every_address_comes_out_as_it_went_in(
    host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, tlvs: bytes, tail: bytes
) -> None:
    """Whatever stands behind it; one of IPv4 in the clothes of IPv6 without them."""
    mapped = host.ipv4_mapped if isinstance(host, ipaddress.IPv6Address) else None
    parser, rest = read([proxying.header(str(host), port, tlvs), tail])
    assert (parser.origin, rest) == (Origin(str(mapped or host), port), tail)
