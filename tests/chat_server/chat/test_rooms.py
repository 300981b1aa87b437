"""Which rooms exist."""

import pytest

from chat_protocol.errors import LimitReachedError
from chat_protocol.messages import Msg
from chat_server.chat.leftovers import Leftovers
from chat_server.chat.rooms import LOBBY, Rooms
from tests.support.world import World, enter


def made(world: World, limit: int = 3) -> Rooms:
    """Return rooms that stand on a world."""
    return Rooms(world.shared, limit, Leftovers(world.commit, world.clock, limit))


def test_the_lobby_is_always_there() -> None:
    """Also when nobody is in it."""
    rooms = made(World())
    assert rooms.forget_empty() == []
    assert LOBBY in rooms
    assert len(rooms) == 1
    assert rooms.get("tea") is None


def test_a_room_lives_while_somebody_is_in_it_or_on_the_way() -> None:
    """Then it is forgotten, and its name told once."""
    world = World()
    rooms = made(world)
    ann = world.client("ann")
    with rooms.visited("tea") as tea:
        assert rooms.forget_empty() == []
        enter(tea, ann)
    assert rooms.get("tea") is tea
    assert rooms.forget_empty() == []
    tea.leave(ann.session, "left")
    assert rooms.forget_empty() == ["tea"]
    assert rooms.forget_empty() == []
    assert "tea" not in rooms


def test_a_visit_that_fails_ends_too() -> None:
    """The room can go after it."""
    rooms = made(World())
    with pytest.raises(ZeroDivisionError), rooms.visited("tea"):
        _ = 1 / 0
    assert rooms.forget_empty() == ["tea"]


def test_there_are_so_many_rooms_at_the_most() -> None:
    """Those that exist can be visited on; a place that is free is anybody's."""
    rooms = made(World(), limit=2)
    rooms.visit("tea")
    rooms.visit("tea")
    with pytest.raises(LimitReachedError, match="JOIN one of those"):
        rooms.visit("ale")
    tea = rooms.get("tea")
    assert tea is not None
    rooms.end_visits([tea, tea])
    assert rooms.forget_empty() == ["tea"]
    assert rooms.visit("ale").name == "ale"


def test_the_largest_comes_first() -> None:
    """Then by name."""
    world = World()
    rooms = made(world)
    for name in ("tea", "ale"):
        rooms.visit(name)
    ale = rooms.get("tea")
    assert ale is not None
    enter(ale, world.client("ann"))
    assert [(each.room, each.members) for each in rooms.listing()] == [("tea", 1), ("ale", 0), ("lobby", 0)]


def test_what_a_room_counted_outlives_it() -> None:
    """A counter never goes back."""
    world = World()
    rooms = made(world)
    ann, bob = world.clients("ann", "bob")
    with rooms.visited("tea") as tea:
        enter(tea, ann)
        enter(tea, bob)
        tea.publish(ann.session, [Msg("hello")], 0.0)
    tea.leave(ann.session, "left")
    tea.leave(bob.session, "left")
    before = rooms.counters().delivered
    assert rooms.forget_empty() == ["tea"]
    assert rooms.counters().delivered == before
    assert before["msg"] == 1
