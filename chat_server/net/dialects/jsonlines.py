"""JSON lines, as docs/protocol.md has them: what is stored, and what `nc` shows."""

from dataclasses import dataclass

from chat_protocol.codec import Decoder, encode
from chat_protocol.errors import LineTooLongError
from chat_protocol.framing import Framer, rest_of_line
from chat_protocol.messages import ClientMessage
from chat_protocol.reasons import CloseReason, RejectReason
from chat_protocol.server_messages import Bye, RegNameRequest
from chat_server.net.dialects import Heard
from chat_server.net.sniff import sniff
from chat_server.net.transport import Transport
from chat_server.stream.frames import Render, Rendered

#: So many bytes without the end of a line, and the peer is given up.
ENDLESS_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class JsonLinesSettings:
    """What the connections of a server share."""

    decoder: Decoder[ClientMessage]
    request: RegNameRequest


class JsonLines:
    """One connection's lines. A line that is too long is answered once, however long it is."""

    __slots__ = ("_framer", "_settings")

    #: What rooms hand out is sent as it is.
    render: Render | None = None
    resumable = True
    is_open = True

    def __init__(self, settings: JsonLinesSettings) -> None:
        self._settings = settings
        self._framer = Framer(settings.request.limits.line_bytes)

    def open(self, transport: Transport, seconds: float, host: str) -> CloseReason | None:
        """Do nothing: there is one way to speak."""

    def mistaken(self, first: bytes) -> CloseReason | None:
        """Return what the first bytes of a peer are, if they are another protocol's."""
        return sniff(first)

    def greeting(self) -> bytes:
        """Return the question for the name, with what the server speaks and takes."""
        return encode(self._settings.request)

    def feed(self, data: bytes) -> Heard:
        """Take what was received; return the messages of the lines that it completes."""
        block = self._framer.feed(data)
        heard = self._settings.decoder.decode(block) if block else []
        return [*heard, *self._too_long()] if self._framer.overlong else heard

    def finish(self) -> Heard:
        """Return the last line, if it came without its end."""
        block = self._framer.finish()
        return self._settings.decoder.decode(block) if block else []

    @property
    def over(self) -> CloseReason | None:
        """Give the peer up if the end of a line is nowhere in sight."""
        return CloseReason.LINE_TOO_LONG if self._framer.skipped > ENDLESS_BYTES else None

    def complete(self, rendered: Rendered) -> bytes:
        """Return the lines: they are sent as they are."""
        assert isinstance(rendered, bytes)  # noqa: S101  # there is no `render`
        return rendered

    def rest(self, piece: bytes, sent: int) -> bytes:
        """Return the rest of a line that has begun."""
        return rest_of_line(piece, sent)

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None = None) -> bytes:
        """Return a BYE with the reason."""
        return encode(Bye(reason, reason.text, retry_after))

    def _too_long(self) -> Heard:
        number, self._framer.overlong = self._framer.overlong, 0
        limit = self._settings.request.limits.line_bytes
        return [LineTooLongError(f"longer than {limit} bytes; send shorter lines")] * number
