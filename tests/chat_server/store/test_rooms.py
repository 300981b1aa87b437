"""What a room keeps while nobody is in it."""

import contextlib
import sqlite3
from pathlib import Path

from chat_server.store.file import FORMAT, StoreFile
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


def test_an_older_store_knows_not_who_set_a_topic(tmp_path: Path) -> None:
    """The topic itself stays, and the next one has it."""
    path = tmp_path / "store"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript("".join(FORMAT.scripts[:4]))
        old.executescript(f"PRAGMA application_id = {FORMAT.mark}; PRAGMA user_version = 4")
        old.execute("INSERT INTO rooms VALUES ('tea', 'green', '{}')")
        old.commit()
    file = StoreFile(path)
    rooms = RoomTable(file)
    stored = rooms.load("tea")
    assert stored is not None
    assert stored.topic == RoomTopic("green")
    rooms.save("tea", RoomTopic("black", "bob", 2.5), stored.rules)
    file.close()
    again = RoomTable(StoreFile(path)).load("tea")
    assert again is not None
    assert again.topic == RoomTopic("black", "bob", 2.5)


def test_how_many_rooms_somebody_owns() -> None:
    """Other roles do not count."""
    rooms = RoomTable(StoreFile(None))
    for room, role in (("a", "owner"), ("b", "owner"), ("c", "moderator")):
        rooms.set_role(room, 1, role)
    assert (rooms.owned(1), rooms.owned(2)) == (2, 0)
