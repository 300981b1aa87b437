"""What is fuzzed. Each target takes any bytes; its docstring says what must hold for all of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chat_protocol.base import Message
from chat_protocol.codec import client_decoder, encode, server_decoder
from chat_protocol.errors import PeerError
from chat_protocol.framing import Framer
from chat_server.net.http.payload import FORM, cleaned, read
from chat_server.net.proxy_header import FIXED, FOLLOWING_BYTES, SIGNATURE, ProxyHeader, ProxyHeaderError
from tests.fuzz.irc import irc
from tests.fuzz.people import LINE_BYTES, commands, governed
from tests.fuzz.pieces import cut
from tests.fuzz.web import http, websocket

CORPUS = Path(__file__).parent / "corpus"


def framing(data: bytes) -> None:
    """Check that, however a stream is cut, each line comes out once and in order, or is counted as too long.

    Less than the limit is kept.
    """
    limit, seed, stream = 8 + sum(data[:1]), sum(data[1:2]), data[2:]
    framer = Framer(limit)
    lines: list[bytes] = []
    for piece in cut(stream, seed):
        block = framer.feed(piece)
        assert not block or block.endswith(b"\n")
        lines += block.split(b"\n")[:-1]
        assert len(framer._tail) < limit  # noqa: SLF001  # nothing else shows it
    *whole, last = stream.split(b"\n")
    assert [each for each in lines if len(each) < limit] == [each for each in whole if len(each) < limit]
    long = len([each for each in (*whole, last) if len(each) >= limit])
    assert framer.overlong + len([each for each in lines if len(each) >= limit]) == long
    assert framer.finish() == (last + b"\n" if last and len(last) < limit else b"")


def codec(data: bytes) -> None:
    """Check that a line which is not blank is one message or one error, whatever stands beside it.

    A message is the same after it has been encoded and decoded again.
    """
    block = data if data.endswith(b"\n") else data + b"\n"
    lines = [line + b"\n" for line in block.split(b"\n") if line.strip()]
    for decoder in (client_decoder(LINE_BYTES), server_decoder(LINE_BYTES)):
        together: Sequence[object] = decoder.decode(block)
        alone = [each for line in lines for each in decoder.decode(line)]
        assert len(alone) == len(lines)
        assert list(map(told, together)) == list(map(told, alone))
    for roomy in (client_decoder(1 << 20), server_decoder(1 << 20)):
        for each in roomy.decode(block):
            if isinstance(each, Message):
                assert list(map(told, roomy.decode(encode(each)))) == [told(each)]


def told(heard: object) -> tuple[object, ...]:
    """Return what two messages or errors are compared by."""
    if isinstance(heard, PeerError):
        return type(heard), heard.text, heard.ref
    return type(heard), repr(heard)


def proxy_header(data: bytes) -> None:
    """Check that, however a header is cut, it has one outcome, and no byte behind it is taken.

    It is an address, a sentence, or that more is wanted. An odd first byte puts the signature first.
    """
    seed = sum(data[:1])
    stream = (SIGNATURE if seed % 2 else b"") + data[1:]
    outcomes = {
        _read_header(pieces, len(stream))
        for pieces in ([stream], [bytes((byte,)) for byte in stream], list(cut(stream, seed)))
    }
    assert len(outcomes) == 1, outcomes


def _read_header(pieces: Sequence[bytes], size: int) -> tuple[object, ...]:
    header = ProxyHeader()
    try:
        rest = b"".join([header.feed(piece) for piece in pieces])
    except ProxyHeaderError as error:
        return (str(error),)
    assert size - len(rest) <= FIXED.size + FOLLOWING_BYTES
    assert not (rest and header.wanted)
    return header.origin, header.wanted, rest


def payload(data: bytes) -> None:
    """Check that any body that is posted to a hook is a clean text within bounds, or refused in one line.

    The first byte chooses the Content-Type.
    """
    kinds = ("application/json", FORM, "text/plain", "")
    try:
        text = read(kinds[sum(data[:1]) % len(kinds)], data[1:], LINE_BYTES).text
    except PeerError as error:
        refusal = error.text
    else:
        refusal = "none"
        assert 0 < len(text.encode()) <= LINE_BYTES
        assert text == cleaned(text)
    assert refusal
    assert "\n" not in refusal


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (framing, codec, commands, governed, irc, proxy_header, payload, http, websocket)
}


def corpus(target: str) -> list[Path]:
    """Return the files from which fuzzing of a target begins."""
    return sorted((CORPUS / target).iterdir())
