"""What a room keeps while nobody is in it."""

from chat_server.store.file import StoreFile
from chat_server.store.rooms import RoomRules, RoomTable, RoomTopic


def test_a_room_is_everybody_s_until_it_is_stored() -> None:
    """Then topic, rules and roles are what was set last."""
    rooms = RoomTable(StoreFile(None))
    assert rooms.load("tea") is None
    rooms.set_role("tea", 1, "owner")
    assert rooms.load("tea") is None
    rooms.save("tea", RoomTopic("green", "ann", 1.0), RoomRules(announce=True, slow_seconds=2.5))
    rooms.save("tea", RoomTopic("black", "bob", 2.5), RoomRules(invite_only=True, hash="h"))
    rooms.set_role("tea", 2, "moderator")
    rooms.set_role("tea", 2, "reader")
    rooms.set_role("tea", 3, "member")
    rooms.set_role("tea", 3, None)
    stored = rooms.load("tea")
    assert stored is not None
    assert (stored.topic, stored.rules, stored.roles) == (
        RoomTopic("black", "bob", 2.5),
        RoomRules(invite_only=True, hash="h"),
        {1: "owner", 2: "reader"},
    )
    assert rooms.load("ale") is None


def test_how_many_rooms_somebody_owns() -> None:
    """Other roles do not count."""
    rooms = RoomTable(StoreFile(None))
    for room, role in (("a", "owner"), ("b", "owner"), ("c", "moderator")):
        rooms.set_role(room, 1, role)
    assert (rooms.owned(1), rooms.owned(2)) == (2, 0)
