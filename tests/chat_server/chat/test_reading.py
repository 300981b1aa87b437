"""How far rooms go, and how far somebody has read them."""

from chat_protocol.messages import Dm, Join, Msg
from chat_protocol.reading_messages import Position, Positions, PositionsFrame, Read, ReadFrame
from chat_server.journal.memory import MemoryJournal
from tests.chat_server.chat.test_people import come, world
from tests.support.world import Client, World


def asked(client: Client, room: str | None = None) -> list[Position]:
    """Return the positions that a client is told."""
    client.outbox.clear()
    client.send(Positions(room, "p"))
    (frame,) = client.outbox.of(PositionsFrame)
    assert frame.ref == "p"
    return frame.rooms


def same(one: list[Position], other: list[Position]) -> bool:
    """Tell whether two lists of positions are equal."""
    return [repr(each) for each in one] == [repr(each) for each in other]


def test_what_others_read_is_not_told() -> None:
    """A guest learns how far the rooms go, and has no positions."""
    ann, bob = World().clients("ann", "bob")
    bob.send(Msg("one"), Msg("two"), Read(1))
    assert same(asked(ann), [Position("lobby", 2, 1_790_000_000.0)])


def test_an_account_learns_how_far_it_has_read() -> None:
    """In all of its rooms and its direct messages; of one room also when that was said."""
    chat = world("ann")
    ann, gus = come(chat, "ann"), chat.client("gus")
    gus.send(Msg("one", "lobby"))
    chat.time.now += 60.0
    gus.send(Msg("two", "lobby"), Dm("ann", "psst"))
    ann.send(Read(1, "lobby"))
    assert same(
        asked(ann),
        [Position("lobby", 2, 1_790_000_060.0, 1), Position("@", 1, 1_790_000_060.0, 0)],
    )
    assert same(asked(ann, "#Lobby"), [Position("lobby", 2, 1_790_000_060.0, 1, 1_790_000_000.0)])
    assert same(asked(ann, "@"), [Position("@", 1, 1_790_000_060.0, 0)])


def test_nobody_learns_of_a_room_of_others() -> None:
    """Neither how far it goes, nor that it is there."""
    ann, bob = World().clients("ann", "bob")
    bob.send(Join("den"), Msg("secret"))
    ann.send(Positions("den"), Positions("nowhere"))
    assert ann.outbox.errors() == ["not_a_member", "not_a_member"]
    assert [each.room for each in asked(ann)] == ["lobby"]


def test_what_is_not_kept_any_more_has_no_time() -> None:
    """The room may go further than what is kept of it."""
    chat = world("ann")
    ann = come(chat, "ann")
    ann.send(Msg("one", "lobby"), Read(1, "lobby"))
    assert isinstance(chat.journal, MemoryJournal)
    chat.journal.forget("lobby")
    (found,) = asked(ann, "lobby")
    assert (found.last, found.read, found.read_ts) == (1, 1, None)


def test_the_other_connections_of_an_account_learn_of_it() -> None:
    """Once for each step forward; nobody else does, and nor does the one that has read."""
    chat = world("ann")
    one, other, gus = come(chat, "ann"), come(chat, "ann"), chat.client("gus")
    gus.send(Msg("one", "lobby"), Msg("two", "lobby"))
    one.send(Read(2, "lobby"), Read(1, "lobby"), Read(99, "lobby"))
    assert [(each.room, each.id, each.ts) for each in other.outbox.of(ReadFrame)] == [
        ("lobby", 2, 1_790_000_000.0)
    ]
    assert one.outbox.of(ReadFrame) == gus.outbox.of(ReadFrame) == []
