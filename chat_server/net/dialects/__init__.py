"""How peers speak: bytes in, messages out, and back. Knows no socket, no thread and no rule of the chat."""

from collections.abc import Sequence
from typing import Protocol

from chat_protocol.errors import PeerError
from chat_protocol.messages import ClientMessage
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.transport import Transport
from chat_server.stream.frames import Render, Rendered

#: What was said, or what was wrong with it, in order.
Heard = Sequence[ClientMessage | PeerError]


class Dialect(Protocol):
    """One connection's way of speaking.

    The thread that reads calls everything but `complete`, `rest` and `farewell`: whoever sends does, one at a
    time, while the other feeds.
    """

    #: Makes the dialect's form of JSON lines, once for all members whose `render` is equal to it; `None` if
    #: this one speaks JSON lines. It may change while the connection goes on.
    render: Render | None
    #: Whether somebody can come back as who they were; if not, their name is free when they are gone.
    resumable: bool

    def open(self, transport: Transport, seconds: float, host: str) -> CloseReason | None:
        """Agree with the peer on how to speak, within so long; return a reason to end there and then.

        May wait for the peer, who is at `host`. Raises `OSError`, a `TimeoutError` too.
        """

    @property
    def is_open(self) -> bool:
        """Whether the peer has come to chat. Of others, such as who gets a page, the log is silent."""

    def mistaken(self, first: bytes) -> CloseReason | None:
        """Return what the first bytes of a peer are, if they are another protocol's."""

    def greeting(self) -> bytes:
        """Return what the server says first."""

    def feed(self, data: bytes) -> Heard:
        """Take what was received; return what it completes."""

    def finish(self) -> Heard:
        """Return what was left unfinished when the stream ended."""

    @property
    def over(self) -> CloseReason | None:
        """Why the peer is given up, or wants to go, whatever it has said before; none while it goes on."""

    def complete(self, rendered: Rendered) -> bytes:
        """Return what this connection is sent of what `render` made; never waits.

        Everything that is sent passes here, in its order, and is sent then unless the connection ends.
        """

    def rest(self, piece: bytes, sent: int) -> bytes:
        """Return what must follow the first `sent` bytes of something so that nothing is torn."""

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None = None) -> bytes:
        """Return the last that is sent; `retry_after` is in seconds."""
