"""The messages: one tag each in a direction, and in the words of the protocol."""

import pytest

from chat_protocol.base import Message, tag
from chat_protocol.codec import encode
from chat_protocol.messages import ClientMessage, Msg
from chat_protocol.server_messages import ServerMessage
from tests.chat_protocol.strategies import kinds

BOTH = [*kinds(ClientMessage), *kinds(ServerMessage)]


@pytest.mark.parametrize("union", [ClientMessage, ServerMessage])
def test_a_tag_names_one_message_of_a_direction(union: object) -> None:
    """The decoder tells messages apart by it."""
    tags = [tag(kind) for kind in kinds(union)]
    assert len(tags) == len(set(tags))
    assert all(each == each.upper() for each in tags)


def test_every_message_has_a_direction() -> None:
    """No Struct is defined that nothing can carry."""
    assert set(BOTH) == set(Message.__subclasses__())


@pytest.mark.parametrize("kind", BOTH)
def test_every_message_says_what_it_is(kind: type[Message]) -> None:
    """Its docstring is the first line of its documentation."""
    assert (kind.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("kind", kinds(ClientMessage))
def test_every_client_message_but_the_first_takes_a_ref(kind: type[Message]) -> None:
    """So that an answer can always be told to belong to it."""
    assert ("ref" in kind.__struct_fields__) is (tag(kind) != "REG_NAME")


def test_defaults_are_left_out() -> None:
    """What was not said is not sent."""
    assert encode(Msg("hello")) == b'{"type":"MSG","text":"hello"}\n'
