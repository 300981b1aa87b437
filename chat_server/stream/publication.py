"""What is on its way from a publisher to the members of a room."""

import threading
from typing import TYPE_CHECKING, Protocol

from chat_server.journal.base import Record

if TYPE_CHECKING:
    from chat_server.stream.delivery import Delivery
    from chat_server.stream.outgoing import Outgoing


class Sender(Protocol):
    """Whoever published. `outbox` is where its frames go now: it may come back on another connection."""

    outbox: "Outgoing"


class Publication(Record, kw_only=True, eq=False):
    """A record on its way: what is stored, and what its delivery needs.

    If `last < first` there is nothing to store: presence, a topic. `acks` go to the sender in place
    of `frames`. `received` is when its bytes were read, on the monotonic clock.
    """

    delivery: "Delivery"
    sender: "Sender | None" = None
    acks: bytes = b""
    received: float = 0.0
    kind: str = "msg"
    delivered: threading.Event | None = None

    @property
    def droppable(self) -> bool:
        """Whether a member who is behind can do without it."""
        return self.kind == "presence"
