"""AWAY and SETNAME."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.people_messages import Profile, ProfileFrame
from chat_server.net.dialects.irc.profile import unformatted
from tests.support.irc_world import come, shown
from tests.support.world import World


def test_away_and_back() -> None:
    """It is answered, and others see it natively."""
    chat = World()
    ann, bob = come(chat, "ann"), chat.client("bob", "tea")
    ann.send("JOIN #tea")
    assert [each[0] for each in shown(ann.told("AWAY :at lunch", "AWAY", "AWAY :"))] == ["306", "305", "305"]
    assert [each.away for each in bob.outbox.of(ProfileFrame)] == ["at lunch", ""]


def test_whoever_writes_to_somebody_who_is_away_is_told() -> None:
    """With 301 and the reason."""
    chat = World()
    ann, bob = come(chat, "ann"), come(chat, "bob")
    ann.send("AWAY :at lunch")
    assert shown(bob.told("PRIVMSG ann :there?")) == [("301", "ann", "at lunch")]


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ((), []),
        (("away-notify",), [("AWAY", "lunch"), ("AWAY",)]),
        (("setname",), [("SETNAME", "Bob C."), ("SETNAME", "bob")]),
    ],
)
def test_others_are_told_what_they_want_to_know(
    caps: tuple[str, ...], expected: list[tuple[str, ...]]
) -> None:
    """By what their clients can take; of what is new alone."""
    chat = World()
    ann, bob = come(chat, "ann", *caps), chat.client("bob", "tea")
    ann.send("JOIN #tea")
    for change in (
        Profile(away="lunch"),
        Profile("Bob C."),
        Profile(away=""),
        Profile(bot=True),
        Profile(""),
    ):
        bob.send(change)
    lines = ann.told()
    assert shown(lines) == expected
    assert all(line.source.startswith("bob!") for line in lines)


def test_setname_is_confirmed() -> None:
    """To a client that can take it; the others have it done all the same."""
    chat = World()
    ann, bob = come(chat, "ann", "setname"), come(chat, "bob")
    (line,) = ann.told("SETNAME :Ann B.")
    assert (line.source.partition("!")[0], line.params) == ("ann", ("Ann B.",))
    assert bob.send("SETNAME :Bob C.") == []
    assert bob.conversation.session.identity.profile.realname == "Bob C."


@pytest.mark.parametrize("line", ["SETNAME :", "SETNAME : ", f"SETNAME :{'x' * 129}", f"AWAY :{'x' * 201}"])
def test_what_is_too_much_is_refused(line: str) -> None:
    """It is told, not cut."""
    ann = come(World(), "ann", "standard-replies")
    (told,) = ann.told(line)
    assert (told.command, told.params[0]) == ("FAIL", line.split(maxsplit=1)[0])


def test_colours_are_left_out() -> None:
    """A profile is one line of plain text."""
    ann = come(World(), "ann", "setname")
    assert shown(ann.told("SETNAME :\x02Ann\x0f \x0304,01B\x03.")) == [("SETNAME", "Ann B.")]


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    """Whatever came."""
    assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in unformatted(text))
