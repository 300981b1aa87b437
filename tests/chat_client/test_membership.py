"""Which rooms one is in, or wants to be in."""

from chat_client.membership import Membership
from chat_server.wire.messages import MsgFrame
from tests.chat_client.fake_server import entered


def test_the_first_welcome_is_taken_as_it_is() -> None:
    """At first the server's rooms are wanted too, and the one asked for is missing."""
    membership = Membership("tea")
    assert membership.welcomed(["lobby"], again=False) == (["tea"], [])
    assert membership.rooms == ("tea", "lobby")


def test_a_return_restores_the_rooms() -> None:
    """After that what was entered is entered again, and what was left is left again."""
    membership = Membership(None)
    membership.welcomed(["lobby"], again=False)
    membership.entered(entered("tea", ref="1"), 0)
    membership.left("lobby")
    assert membership.welcomed(["lobby"], again=True) == (["tea"], ["lobby"])


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
    membership.refused("1")
    assert not membership.rooms


def test_what_came_before_is_a_replay() -> None:
    """Ids up to that of the JOINED are replayed, later ones are live."""
    membership = Membership(None)
    membership.entered(entered("tea"), 7)
    frames = [MsgFrame(room="tea", id=number, ts=0, sender="bob", text="x") for number in (7, 8)]
    assert [membership.is_replay(frame) for frame in frames] == [True, False]
