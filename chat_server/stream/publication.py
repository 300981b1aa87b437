"""What is on its way from a publisher to the members of a room."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chat_protocol.codec import encode_lines
from chat_protocol.messages import Ping
from chat_protocol.server_messages import Ack, DeleteFrame, DmFrame, EditFrame, MsgFrame
from chat_server.journal.base import Record
from chat_server.journal.heads import head_bytes
from chat_server.journal.ledger import Ledger
from chat_server.stream.context import StreamContext
from chat_server.stream.outgoing import Outgoing

if TYPE_CHECKING:
    from chat_protocol.base import Message

Said = TypeVar("Said", MsgFrame, DmFrame)


class Sender(Protocol):
    """Whoever published. `outbox` is where its frames go now: it may come back on another connection."""

    outbox: Outgoing
    ledger: Ledger | None


class Destination(Protocol):
    """Where publications of one room go in their order, and from there to its members: `Delivery` is it."""

    context: StreamContext
    #: How many events are on their way here.
    submitted: int

    @property
    def sequenced(self) -> int:
        """The last id that was added."""

    def sequence(self, publication: "Publication") -> bool:
        """Add this; `deliver` must follow. Returns false if it has to wait."""

    def missing(self) -> tuple[int, int] | None:
        """Return the first and last id that what waits has to wait for."""

    def skip(self, last: int) -> None:
        """Wait no more for what is missing up to an id."""

    def deliver(self) -> None:
        """Deliver what was added."""


class Publication(Record, kw_only=True, eq=False, gc=False):
    """Messages on their way to be stored and shown, or an event (presence, a topic) that is shown alone.

    `messages` are what the `author` said, in a room or `to` somebody alone; they become `frames` once the
    journal has placed them. An event has `frames` from the start, and a `count` of 0. `acks` go to the sender
    in place of `frames`; `answers` names the refs to acknowledge. `received` is when its bytes were read, on
    the monotonic clock.
    """

    delivery: Destination
    sender: Sender | None = None
    messages: Sequence[Any] = ()
    author: str = ""
    #: Whether the author has an account.
    account: bool = False
    #: Whether the author says that it is a program.
    bot: bool = False
    to: str = ""
    answers: Sequence[str] = ()
    frames: bytes = b""
    acks: bytes = b""
    #: Ids, once placed; an event has none.
    first: int = 0
    last: int = -1
    #: How many bytes it takes while it waits, about.
    size: int = 0
    received: float = 0.0
    delivered: threading.Event | None = None
    #: Members of the room to whom an event is not sent: they are told of it in another room.
    passed_over: Sequence[Outgoing] = ()

    @property
    def droppable(self) -> bool:
        """Whether a member who is behind can do without it."""
        return self.kind in ("presence", "name")

    def lines(self, first: int, ts: float) -> bytes:
        """Return the messages as members are sent them, and be ready to be shown at this place."""
        self.first = first
        self.last = first + len(self.messages) - 1
        self.frames = encode_lines(self._told(first, ts))
        return self.frames

    def bodies(self) -> bytes:
        """Return the messages without their heads."""
        told = self._told(0, 0.0)
        for each in told:
            each.id = 0  # so that all heads are of one length
        skip = head_bytes(self.kind.upper(), None if self.kind == "dm" else self.room, 0, 0.0)
        lines = encode_lines(told).splitlines(keepends=True)
        return b"".join([b"{" + line[skip:] for line in lines])

    def _told(self, first: int, ts: float) -> Sequence[MsgFrame | DmFrame | EditFrame | DeleteFrame]:
        """Return what members are sent."""
        room, author, account, to = self.room, self.author, self.account, self.to
        if self.kind == "dm":  # not by `to`: a session that is coming back may have no name for a moment
            return self._marked(
                [
                    DmFrame(id_, ts, author, to, each.text, account, each.action, each.notice)
                    for id_, each in enumerate(self.messages, first)
                ]
            )
        if self.change is not None:
            of, text = self.change
            if text is None:
                return [DeleteFrame(room, first, ts, author, of, account)]
            return [EditFrame(room, first, ts, author, of, text, account)]
        return self._marked(
            [
                MsgFrame(room, id_, ts, author, each.text, each.action, account, each.notice)
                for id_, each in enumerate(self.messages, first)
            ]
        )

    def _marked(self, told: list[Said]) -> list[Said]:
        """Mark messages of a program: of a person's each costs nothing more."""
        if self.bot:
            for each in told:
                each.bot = True
        return told

    def settle(self) -> None:
        """Take over where the journal has put it, if that was not known before; acknowledge what has a ref.

        Each step may be done again.
        """
        placement = self.placement
        if placement is not None:
            self.first, self.last, self.frames = placement.first, placement.last, placement.frames
        if self.answers and self.sender is not None and self.sender.ledger is not None:
            self.acks = self._acknowledgements(self.sender.ledger)

    def _acknowledgements(self, ledger: Ledger) -> bytes:
        """Note in the ledger where the messages are; return what the sender is told."""
        if self.placement is not None:
            first, ts = self.placement.first, self.placement.ts
            placed = {ref: (self.room, first + index, ts) for ref, index in self.refs}
            ledger.settle({**placed, **(self.placement.known or {})})
        acks: list[Message] = [
            Ack(ref=ref, id=id_, ts=ts, room=None if room.startswith("@") else room)
            for ref, (room, id_, ts) in ledger.find(self.answers)
        ]
        if acks and (question := ledger.question(self.room, self.last)) is not None:
            acks.append(Ping(question))
        return encode_lines(acks)
