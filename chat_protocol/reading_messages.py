"""How far somebody has read, as tagged msgspec Structs; both directions."""

from typing import Annotated

from msgspec import Meta, Struct

from chat_protocol.base import Message, Ref

# Larger than any id, and what every JSON reader holds exactly (RFC 8259, section 6).
MessageId = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class Read(Message, tag="READ"):
    """Says that a room has been read up to an id, or with `@` the direct messages; an account keeps it."""

    id: MessageId
    room: str | None = None
    ref: Ref | None = None


class Positions(Message, tag="POSITIONS"):
    """Asks how far the sender's rooms go, and how far it has read them; of one room alone if it is named."""

    room: str | None = None
    ref: Ref | None = None


class ReadFrame(Message, tag="READ"):
    """The receiver has read a room up to this message, on another connection; `ts` is the message's."""

    room: str
    id: int
    ts: float | None = None


class Position(Struct, gc=False, omit_defaults=True):
    """A row of POSITIONS: the room's last message, and the one that was read last, with their times.

    `read` is there for accounts alone, `read_ts` if one room was asked for and the message is still kept.
    """

    room: str
    last: int
    ts: float | None = None
    read: int | None = None
    read_ts: float | None = None


class PositionsFrame(Message, tag="POSITIONS"):
    """Answers POSITIONS; direct messages are in room `@`."""

    rooms: list[Position]
    ref: str | None = None
