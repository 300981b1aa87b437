"""How peers speak: bytes in, messages out, and back. Knows no socket, no thread and no rule of the chat."""

from collections.abc import Sequence
from typing import Protocol

from chat_protocol.errors import PeerError
from chat_protocol.messages import ClientMessage
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.stream.frames import Render

#: What was said, or what was wrong with it, in order.
Heard = Sequence[ClientMessage | PeerError]


class Dialect(Protocol):
    """One connection's way of speaking. Used by the thread that reads, but for `farewell` and `render`."""

    #: Makes the dialect's bytes of JSON lines, for all its members at once; `None` if it speaks JSON lines.
    render: Render | None

    def greeting(self) -> bytes:
        """Return what the server says first."""

    def feed(self, data: bytes) -> Heard:
        """Take what was received; return what it completes."""

    def finish(self) -> Heard:
        """Return what was left unfinished when the stream ended."""

    @property
    def endless(self) -> bool:
        """Whether the peer goes on with something that has no end, so that it is given up."""

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None = None) -> bytes:
        """Return the last that is sent; `retry_after` is in seconds."""
