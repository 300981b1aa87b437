"""JSON lines in the text frames of a WebSocket that an HTTP connection has become: for browsers."""

from collections.abc import Mapping
from dataclasses import dataclass

from websockets.frames import CloseCode

from chat_protocol.codec import Decoder, encode
from chat_protocol.messages import ClientMessage, Ping, Pong
from chat_protocol.reasons import CloseReason, RejectReason
from chat_protocol.server_messages import Bye, RegNameRequest
from chat_server.net.dialects import Heard
from chat_server.net.dialects.websocket_frames import FrameReader, close_frame, framed, pong_frame, rest_of
from chat_server.net.http.exchanges import Exchanges
from chat_server.net.http.site import Site
from chat_server.net.transport import Transport
from chat_server.stream.frames import Render, Rendered

#: The PING that stands for a ping frame, so that its answer has its place among the others.
_PING = Ping("\0ping frame")
_PONG = framed(encode(Pong(_PING.ref)))
#: The codes of close frames (RFC 6455, 7.4.1), by why the connection ends; any other reason is a rule of the
#: chat that the client broke, or whoever runs it decided.
_CODES: Mapping[CloseReason | RejectReason, CloseCode] = {
    CloseReason.EXIT: CloseCode.NORMAL_CLOSURE,
    CloseReason.PEER_CLOSED: CloseCode.NORMAL_CLOSURE,
    CloseReason.SESSION_REPLACED: CloseCode.NORMAL_CLOSURE,
    CloseReason.SERVER_SHUTDOWN: CloseCode.GOING_AWAY,
    CloseReason.INTERNAL_ERROR: CloseCode.INTERNAL_ERROR,
}


@dataclass(frozen=True, slots=True)
class WebSocketSettings:
    """What the connections of a server share."""

    decoder: Decoder[ClientMessage]
    request: RegNameRequest
    site: Site


class WebSocket:
    """One connection: HTTP first, as `Exchanges` has it, then JSON lines in frames.

    A frame that is sent has whole lines. A message that comes has one line or more, of which the last may
    lack its end, and as many bytes as a line may have. Only the thread that reads feeds; a pong waits for it
    in `_pong` until whoever sends takes it.
    """

    __slots__ = ("_http", "_pong", "_reader", "_settings")

    #: A frame for each delivery pass, which all members share.
    render: Render | None = staticmethod(framed)
    resumable = True

    def __init__(self, settings: WebSocketSettings) -> None:
        self._settings = settings
        self._http = Exchanges(settings.site)
        self._reader: FrameReader | None = None
        self._pong = b""

    def open(self, transport: Transport, seconds: float, host: str) -> CloseReason | None:
        """Answer requests, until one of them makes it a WebSocket."""
        reason = self._http.serve(transport, seconds, host)
        if reason is None:
            self._reader = FrameReader(self._settings.request.limits.line_bytes)
        return reason

    @property
    def is_open(self) -> bool:
        """Whether it is a WebSocket."""
        return self._reader is not None

    def mistaken(self, first: bytes) -> CloseReason | None:
        """Take whatever comes: that it begins as HTTP is known."""

    def greeting(self) -> bytes:
        """Return the question for the name, as over any connection."""
        return framed(encode(self._settings.request))

    def feed(self, data: bytes) -> Heard:
        """Take what was received; return the messages of the frames that it completes."""
        reader = self._reader
        assert reader is not None  # noqa: S101  # it is open
        if not (texts := reader.feed(data)) and reader.ping is None:
            return ()
        block = b"".join([text if text.endswith(b"\n") else text + b"\n" for text in texts])
        heard = self._settings.decoder.decode(block)
        if reader.ping is None:
            return heard
        self._pong, reader.ping = pong_frame(reader.ping), None
        return [*heard, _PING]

    def finish(self) -> Heard:
        """Leave a message that did not come whole."""
        return []

    @property
    def over(self) -> CloseReason | None:
        """Go as the peer's close frame, or a frame that is none, has it."""
        if self._reader is None or self._reader.ended is None:
            return None
        return CloseReason.PEER_CLOSED if self._reader.ended.wanted else CloseReason.BAD_FRAMES

    def complete(self, rendered: Rendered) -> bytes:
        """Return the frames as they are, or a pong in its place; nothing before it is a WebSocket."""
        assert isinstance(rendered, bytes)  # noqa: S101  # so `framed` makes it
        if self._reader is None:
            return b""
        if self._pong and rendered == _PONG:
            rendered, self._pong = self._pong, b""
        return rendered

    def rest(self, piece: bytes, sent: int) -> bytes:
        """Return the rest of a frame that has begun."""
        return rest_of(piece, sent)

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None = None) -> bytes:
        """Return a BYE and a close frame; before it is a WebSocket, an answer of HTTP."""
        if self._reader is None:
            return self._http.farewell(reason, retry_after)
        ended = self._reader.ended
        if ended is not None and ended.wanted:  # what is sent after its close frame nobody reads
            return ended.frame
        bye = framed(encode(Bye(reason, reason.text, retry_after)))
        if ended is not None and reason is CloseReason.BAD_FRAMES:
            return bye + ended.frame
        return bye + close_frame(_CODES.get(reason, CloseCode.POLICY_VIOLATION), reason.text)
