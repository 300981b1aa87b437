"""How far rooms go, and how far somebody has read them."""

from collections.abc import Sequence

from chat_protocol.codec import encode
from chat_protocol.reading_messages import Position, ReadFrame
from chat_server.chat import history
from chat_server.chat.identity import Identity
from chat_server.chat.people import People
from chat_server.chat.room import Room
from chat_server.chat.session import Session
from chat_server.journal.base import Journal
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import push


def note_read(people: People, journal: Journal, session: Session, room: Room, id_: int) -> None:
    """Note that somebody has read a room up to an id, and tell their other connections.

    Raises `JournalError`.
    """
    identity, id_ = session.identity, min(id_, room.delivery.taken)
    session.says_read = True
    before = identity.positions.get(room.title, 0)
    people.note_read(identity, room.title, id_)
    others = identity.others(session)
    if others and id_ > before:
        frames = Frames(encode(ReadFrame(room.title, id_, history.time_of(journal, room, id_))))
        for each in others:
            push(each.outbox, frames)


def positions(journal: Journal, identity: Identity, rooms: Sequence[Room], *, exact: bool) -> list[Position]:
    """Return how it is with each room; the time of what was read is looked up if that is to be `exact`.

    Raises `JournalError`.
    """
    return [_position(journal, identity, room, exact=exact) for room in rooms]


def _position(journal: Journal, identity: Identity, room: Room, *, exact: bool) -> Position:
    bounds, last = journal.bounds(room.name), room.delivery.taken
    found = Position(room.title, last, bounds.ts if last else None)
    if identity.is_account:
        found.read = min(last, identity.positions.get(room.title, 0))
        if exact and found.read:
            found.read_ts = history.time_of(journal, room, found.read)
    return found
