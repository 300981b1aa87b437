"""Names, native and of IRC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import PeerError
from chat_server.chat.names import user_name
from chat_server.net.dialects.irc import names

SIGNS = "_-.'+[]{}|^`"


@pytest.mark.parametrize(
    ("name", "nick"),
    [
        ("alice", "alice"),
        ("jane.doe", "jane\u2024doe"),
        ("+1", "\uff0b1"),
        ("-x-", "\uff0dx-"),
        ("a+b", "a+b"),
        ("日本", "日本"),
        ("4x", "4x"),
    ],
)
def test_nicks_have_nothing_that_means_something_else(name: str, nick: str) -> None:
    """A dot is a server's, signs at the beginning are prefixes; the nick is the name to the chat."""
    assert names.nick(name) == nick
    assert user_name(nick, 32) == name
    assert names.source(name) == f"{nick}!user@hidden.chat"


@given(st.text(st.sampled_from(f"abcé4😀{SIGNS}"), min_size=1, max_size=8))
def test_each_name_has_a_nick_that_is_the_same(name: str) -> None:
    """Whatever the chat takes for a name."""
    try:
        good = user_name(name, 32)
    except PeerError:
        return
    nick = names.nick(good)
    assert user_name(nick, 32) == good
    assert names.same(nick, name)
    assert nick[0] not in "+-@%&~#:$"
    assert not {*nick} & {*".!@ ,*?:"}


def test_channels_are_rooms() -> None:
    """With a # before the name, in whatever case they are written."""
    assert names.channel("tea") == "#tea"
    assert names.room("#Tea") == "tea"
    assert names.is_channel("#tea")
    assert not names.is_channel("tea")
    assert not names.same("tea", "coffee")
