"""How somebody who comes into a room gets what was said before."""

import threading

from chat_server.chat.replay import CHASES_AT_MOST, Entrance, Replay, entrance
from chat_server.chat.room import Room
from tests.support.world import RecordingOutbox, World


def caught_up(world: World, room: Room, coming: Entrance) -> bool:
    """Tell whether somebody who is not put out gets it all."""
    return Replay("lobby", world.journal, room.delivery, threading.Lock(), lambda: True).run(coming)


def test_what_came_before_then_what_is_live() -> None:
    """From the id that somebody has, or the last few."""
    world = World()
    ann = world.client("ann")
    ann.say("1", "2", "3")
    room = ann.session.memberships["lobby"].room
    for after, history, ids in ((None, 2, [2, 3]), (1, 2, [2, 3]), (0, 2, [1, 2, 3]), (9, 2, [])):
        outbox = RecordingOutbox()
        coming = entrance(world.journal, "lobby", room.delivery, outbox, after, history)
        assert coming.mark == 3
        assert caught_up(world, room, coming)
        assert outbox.ids() == ids
    ann.say("4")
    assert outbox.ids() == [4]


def test_what_is_no_longer_kept_is_told() -> None:
    """As the first id that is."""
    world = World()
    ann = world.client("ann")
    ann.say("1", "2", "3")
    room = ann.session.memberships["lobby"].room
    room._journal.forget("lobby")  # noqa: SLF001  # as retention does
    world.journal.open("lobby")
    ann.say("4")
    coming = entrance(world.journal, "lobby", room.delivery, RecordingOutbox(), 1, 100)
    assert coming.gap == 4


def test_whoever_does_not_read_is_given_up() -> None:
    """After the first page; nobody waits for it for ever."""
    world = World()
    ann = world.client("ann")
    ann.say("1")
    room = ann.session.memberships["lobby"].room
    slow = RecordingOutbox()
    slow.readable = False
    coming = entrance(world.journal, "lobby", room.delivery, slow, 0, 100)
    assert not caught_up(world, room, coming)
    assert CHASES_AT_MOST > 1
