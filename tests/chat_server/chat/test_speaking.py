"""What somebody says, on its way to be stored."""

from chat_protocol.messages import Msg
from chat_server.chat.session import FLOOD_BYTES, guest
from chat_server.chat.speaking import LINE_BYTES, cancel_refs, claim_refs, count_bytes, has_refs, spoken
from tests.support.world import World


def test_what_is_said_is_sized_and_signed() -> None:
    """With the speaker's name of now, and whether it is an account's."""
    said = spoken(World().room(), guest("token", "ann"), [Msg("ab"), Msg("cde")], 7.5, "")
    assert (said.room, said.count, said.author, said.account, said.received) == (
        "lobby",
        2,
        "ann",
        False,
        7.5,
    )
    assert said.size == 2 * LINE_BYTES + 5


def test_what_was_said_before_is_left_out() -> None:
    """And is answered all the same; what has no ref is always new."""
    sender, room = guest("token", "ann"), World().room()
    messages = [Msg("1", ref="a"), Msg("2"), Msg("3", ref="b")]
    first = spoken(room, sender, messages, 0.0, "")
    assert claim_refs(first, sender) == []
    assert (first.count, first.refs, first.answers) == (3, [("a", 0), ("b", 2)], ["a", "b"])
    again = spoken(room, sender, messages, 0.0, "")
    claim_refs(again, sender)
    assert (again.count, [each.text for each in again.messages], again.refs) == (1, ["2"], [])
    assert again.answers == ["a", "b"]


def test_what_was_not_submitted_may_come_again() -> None:
    """Its refs are as if they had never been."""
    sender, room = guest("token", "ann"), World().room()
    said = spoken(room, sender, [Msg("1", ref="a")], 0.0, "")
    cancel_refs(said, sender)
    claim_refs(said, sender)
    cancel_refs(said, sender)
    again = spoken(room, sender, [Msg("1", ref="a")], 0.0, "")
    claim_refs(again, sender)
    assert again.count == 1


def test_refs_are_looked_for_in_all_messages() -> None:
    """One is enough."""
    assert [has_refs(each) for each in ([Msg("1")], [Msg("1", ref="a")], [Msg("1"), Msg("2", ref="b")])] == [
        *(False, True, True)
    ]
    assert not has_refs([Msg("1"), Msg("2")])


def test_a_flood_is_seen_in_its_bytes() -> None:
    """Many in a second, however they are cut into messages."""
    sender = guest("token", "ann")
    sender.count_started = 10.0
    count_bytes(sender, FLOOD_BYTES, 10.5)
    assert not sender.floods
    count_bytes(sender, 1, 10.5)
    assert sender.floods
