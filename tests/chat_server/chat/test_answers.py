"""Answers that may be long."""

import pytest

from chat_protocol.codec import SERVER_LINE_BYTES
from chat_protocol.messages import Join, List, Who
from chat_protocol.moderation_messages import Role, Rules
from chat_protocol.people_messages import Profile, UserProfile
from chat_protocol.server_messages import Rooms, Users
from chat_server.chat import answers
from chat_server.chat.answers import ANSWER_ROWS
from chat_server.chat.identity import Identity
from chat_server.chat.profiles import Profile as Shown
from chat_server.store.rooms import RoomTopic
from tests.chat_server.chat.test_people import come, world
from tests.support.world import World


def test_who_is_here() -> None:
    """In the order of coming."""
    ann, _bob = World().clients("ann", "bob")
    ann.send(Who(ref="w"), Who("attic"))
    (users,) = ann.outbox.of(Users)
    assert (users.room, users.names, users.total, users.ref) == ("lobby", ["ann", "bob"], 2, "w")
    assert (users.roles, users.profiles) == ({}, [])
    assert ann.outbox.errors() == ["not_a_member"]


def test_who_is_more_than_a_member() -> None:
    """By role, the places among the names; members are not named again."""
    chat = world("ann", "bob", "op")
    chat.store.set_operator(3, operator=True)
    ann, bob, op = come(chat, "ann"), come(chat, "bob"), come(chat, "op")
    gus = chat.client("gus")
    ann.send(Join("tea"), Rules("tea", slow_seconds=0.0))
    for client in (gus, bob, op):
        client.send(Join("tea"))
    ann.send(Role("bob", "moderator", "tea"), Who("tea"))
    (users,) = ann.outbox.of(Users)
    assert users.names == ["ann", "gus", "bob", "op"]
    assert users.roles == {"owner": [0], "moderator": [2], "operator": [3]}


def test_profiles_are_sent_to_who_asks_for_them() -> None:
    """Of those who have one."""
    ann, bob = World().clients("ann", "bob")
    bob.send(Profile(realname="Bob C.", away="tea"))
    ann.outbox.clear()
    ann.send(Who(), Who(profiles=True))
    without, with_ = ann.outbox.of(Users)
    assert without.profiles == []
    assert [(each.at, each.realname, each.away) for each in with_.profiles] == [(1, "Bob C.", "tea")]


def test_long_lists_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they fit a line; `total` counts all."""
    assert ANSWER_ROWS <= 1000
    monkeypatch.setattr(answers, "ANSWER_ROWS", 2)
    ann, *_ = World().clients("ann", "bob", "cat", rooms=["den", "attic"])
    ann.send(Who(), List("l"))
    (users,), (rooms,) = ann.outbox.of(Users), ann.outbox.of(Rooms)
    assert (users.names, users.total) == (["ann", "bob"], 3)
    assert (len(rooms.rooms), rooms.total, rooms.ref) == (2, 3, "l")


@pytest.mark.parametrize("character", ["\U0001f388", '"', "\\", "x"])
def test_a_list_fits_a_line(character: str) -> None:
    """However long the topics and the names are: cut to so many rows, and the total counts all."""
    world_ = World()
    ann = world_.client("ann")
    for number in range(1100):
        world_.hub.rooms._rooms[f"r{number}"] = room = world_.room(f"r{number}")  # noqa: SLF001  # quicker than 1,100 JOINs
        room.topic = RoomTopic(character * 256)
    ann.send(List(ref="l"))
    (frame,) = ann.outbox.of(Rooms)
    assert frame.total == 1101
    assert 100 < len(frame.rooms) <= ANSWER_ROWS
    assert max(len(line) for line in b"".join(ann.outbox.pushed).splitlines()) < SERVER_LINE_BYTES


@pytest.mark.parametrize("character", ["\U0001f388", '"', "x"])
def test_profiles_fit_a_line(monkeypatch: pytest.MonkeyPatch, character: str) -> None:
    """The longest there may be, of as many people as an answer has."""
    people = [
        Identity(f"i{number}", character * 32, profile=Shown(character * 128, character * 200))
        for number in range(ANSWER_ROWS)
    ]
    chat = World()
    ann = chat.client("ann")
    monkeypatch.setattr(ann.conversation.room(None), "people", lambda: people)
    ann.send(Who(profiles=True))
    (users,) = ann.outbox.of(Users)
    assert len(users.names) == ANSWER_ROWS
    assert 100 < len(users.profiles) <= ANSWER_ROWS
    assert isinstance(users.profiles[0], UserProfile)
    assert max(len(line) for line in b"".join(ann.outbox.pushed).splitlines()) < SERVER_LINE_BYTES
