"""Which rooms one is in, or wants to be in."""

from chat_client.protocol.membership import Membership
from chat_protocol.server_messages import MsgFrame
from tests.support.fake_server import entered


def test_the_first_welcome_is_taken_as_it_is() -> None:
    """At first the server's rooms are wanted too, and the one asked for is missing."""
    membership = Membership("tea")
    assert membership.welcomed(["lobby"], again=False, foremost=["tea"]) == (["tea"], [], [])
    assert membership.rooms == ("tea", "lobby")


def test_a_return_restores_the_rooms() -> None:
    """After that what was entered is entered again, and what was left is left again."""
    membership = Membership(None)
    membership.welcomed(["lobby"], again=False, foremost=[])
    membership.entered(entered("tea", ref="1"), 0)
    membership.left("lobby")
    assert membership.welcomed(["lobby"], again=True, foremost=["tea"]) == (["tea"], ["lobby"], [])


def test_the_server_spells_the_room() -> None:
    """A room is known as the server calls it, not as it was asked for."""
    membership = Membership(None)
    membership.ask("1", "TEA")
    membership.entered(entered("tea", ref="1"), 0)
    assert membership.rooms == ("tea",)


def test_a_refused_room_is_not_wanted() -> None:
    """A refused JOIN is not tried again at the next connection; another refusal changes nothing."""
    membership = Membership(None)
    membership.ask("1", "tea")
    membership.refused("2")
    assert membership.rooms == ("tea",)
    assert membership.refused("1") is None
    assert not membership.rooms


def test_a_room_that_is_refused_on_coming_back_is_lost() -> None:
    """It is named once, since one was in it; after one has left it, another refusal says nothing new."""
    membership = Membership(None)
    membership.entered(entered("tea"), 0)
    membership.ask("1", "tea")
    assert membership.refused("1") == "tea"
    membership.entered(entered("tea"), 0)
    membership.left("tea")
    membership.ask("2", "tea")
    assert membership.refused("2") is None


def test_the_rooms_that_matter_come_first() -> None:
    """Those where something waits, then those spoken in last, then those entered last; in their old order."""
    membership = Membership(None)
    for room in "abcdef":
        membership.entered(entered(room), 0)
    for room in "acb":
        membership.use(room)
    chosen = [membership.foremost(number, lambda room: room == "d") for number in range(-1, 7)]
    assert ["".join(each) for each in chosen] == ["", "", "d", "bd", "bcd", "abcd", "abcdf", "abcdef"]


def test_what_is_in_the_way_of_others_is_left() -> None:
    """If the server brought us into other rooms than those that matter, these are left for those."""
    membership = Membership(None)
    for room in ("lobby", "tea", "jazz"):
        membership.entered(entered(room), 0)
    assert membership.welcomed(["lobby", "tea"], again=True, foremost=["tea", "jazz"]) == (
        ["jazz"],
        ["lobby"],
        ["lobby"],
    )
    assert membership.rooms == ("tea", "jazz")


def test_what_came_before_is_a_replay() -> None:
    """Ids up to that of the JOINED are replayed, later ones are live."""
    membership = Membership(None)
    membership.entered(entered("tea"), 7)
    frames = [MsgFrame(room="tea", id=number, ts=0, sender="bob", text="x") for number in (7, 8)]
    assert [membership.is_replay(frame) for frame in frames] == [True, False]
