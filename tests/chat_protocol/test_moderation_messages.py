"""How rooms are run, as it stands on the wire."""

import pytest

from chat_protocol import moderation_messages
from chat_protocol.base import Message
from chat_protocol.codec import client_decoder, encode
from chat_protocol.errors import BadFieldError
from chat_protocol.messages import ClientMessage
from chat_protocol.moderation_messages import Kick, Mute
from chat_protocol.server_messages import ServerMessage
from tests.chat_protocol.strategies import kinds


def test_both_directions_take_what_stands_here() -> None:
    """The unions are where the other messages are, and know all of these."""
    both = {*kinds(ClientMessage), *kinds(ServerMessage)}
    here = {each for each in Message.__subclasses__() if each.__module__ == moderation_messages.__name__}
    assert here <= both


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (Kick("bob", reason="r" * 200), Kick("bob", reason="r" * 201)),
        (Mute("bob", seconds=31_536_000.0), Mute("bob", seconds=31_536_001.0)),
    ],
)
def test_what_a_moderator_says_has_a_bound(good: Message, bad: Message) -> None:
    """A reason is short, and nothing is said to last for longer than a year, unless it is for ever."""
    taken, refused = client_decoder(1 << 14).decode(encode(good) + encode(bad))
    assert taken == good
    assert isinstance(refused, BadFieldError)
