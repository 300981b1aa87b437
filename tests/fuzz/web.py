"""The targets of browsers: requests over HTTP, and frames of a WebSocket."""

from collections.abc import Sequence

from structlog.testing import capture_logs
from websockets.frames import Opcode

from chat_server.net.dialects.websocket_frames import FrameReader
from chat_server.net.http.exchange import Request, Response, Route
from chat_server.net.http.exchanges import HEAD_BYTES, Exchanges, HttpStage
from chat_server.net.http.hosts import Hosts
from chat_server.net.http.pages import Page
from chat_server.net.http.site import SAFE, Site
from tests.chat_server.net.support import Clock
from tests.fuzz.pieces import cut
from tests.support.asking import Asking
from tests.support.websocket import answers, unmasked

LIMIT = 300
BODY_BYTES = 64


def _posted(request: Request) -> Response:
    assert len(request.body) <= BODY_BYTES
    assert request.method == "POST"
    return Response(200, request.body)


_PAGE = Response(200, b"page", "text/html", (("ETag", '"1"'), ("Cache-Control", "no-cache")))
_SITE = Site(
    {"/": Page(_PAGE)}, Hosts(["chat.example.org"]), [Route("/post/", _posted, ("POST",), BODY_BYTES)]
)


def http(data: bytes) -> None:
    """Check that whatever is asked, however it is cut, gets the same whole and safe answers, or none.

    The first byte says how it is cut, and whether the peer then waits or goes.
    """
    seed, stream = sum(data[:1]), data[1:]
    whole = _asked(
        [stream[at : at + HEAD_BYTES] for at in range(0, len(stream), HEAD_BYTES)], ends=seed % 2 > 0
    )
    assert whole == _asked(list(cut(stream, seed)), ends=seed % 2 > 0)


def _asked(pieces: Sequence[bytes], *, ends: bool) -> tuple[object, ...]:
    clock = Clock()
    peer, exchanges = Asking(pieces, clock, ends=ends), Exchanges(_SITE, clock)
    with capture_logs() as logs:
        reason = exchanges.serve(peer, 10.0, "192.0.2.1")
    assert not [each for each in logs if each["event"] == "http_failed"], logs
    assert (reason is None) is (exchanges.stage is HttpStage.SWITCHED)
    assert clock.now <= 1010.0
    last = exchanges.farewell(reason, None) if reason is not None else b""
    if (reason is None and peer.pieces) or b"Wait for the answer" in peer.sent:
        return ("it sent frames before it had a WebSocket",)
    found = [] if b" 100 \r\n" in peer.sent or b"HEAD" in b"".join(pieces) else answers(peer.sent + last)
    for status, headers, _ in found:
        assert status in {101, 200, 304} or 400 <= status <= 505
        assert status == 101 or headers.items() >= dict(SAFE).items()
    return reason, exchanges.stage, [(status, status < 400 and body) for status, _, body in found]


def websocket(data: bytes) -> None:
    """Check that, however frames are cut, the same messages come out, each in UTF-8 and within the limit.

    What is against the rules ends it by a close frame, and less than a message and a frame's header are kept.
    """
    seed, stream = sum(data[:1]), data[1:]
    outcomes = [
        _read(pieces) for pieces in ([stream], [bytes((byte,)) for byte in stream], list(cut(stream, seed)))
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2]


def _read(pieces: Sequence[bytes]) -> tuple[object, ...]:
    reader = FrameReader(LIMIT)
    found: list[bytes] = []
    for piece in pieces:
        found += reader.feed(piece)
        kept = len(reader._tail) + len(reader._parts) + len(reader._library.reader.buffer)  # noqa: SLF001  # nothing else shows it
        assert kept <= LIMIT + 14
    for message in found:
        assert len(message) <= LIMIT
        message.decode()
    if reader.ended is not None:
        (frame,) = unmasked(reader.ended.frame)
        assert frame.opcode is Opcode.CLOSE
    return found, reader.ended, reader.ping
