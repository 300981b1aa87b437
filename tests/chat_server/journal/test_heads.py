"""A line in two parts is the line, byte for byte."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Dm, Msg
from chat_server.chat import names
from chat_server.chat.room import Room
from chat_server.journal.heads import with_heads
from chat_server.stream.publication import Publication
from tests.support.world import World

texts = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5)


def published(room: Room, said: Sequence[Msg | Dm], to: str = "") -> Publication:
    """Return a publication of these messages."""
    return Publication(room.name, len(said), 1.0, delivery=room.delivery, messages=said, author="ann", to=to)


@given(
    texts,
    st.integers(1, 2**53 - 9),
    st.integers(0, 4 * 10**12).map(lambda ms: ms / 1000),
    st.sampled_from(["tea", "caf\u00e9", "\u8336_-.'+[]{}|^`"]),
)
def test_heads_before_bodies_are_whole_lines(said: list[str], first: int, ts: float, name: str) -> None:
    """As they are encoded whole, whatever the id, the time, the room and the text."""
    room = World().room(names.room_name(name, 32))
    publication = published(
        room, [Msg(text, action=len(text) > 9, notice=len(text) % 2 > 0) for text in said]
    )
    assert with_heads("MSG", room.name, first, ts, publication.bodies()) == publication.lines(first, ts)


@pytest.mark.parametrize("first", [1, 9, 10])
def test_a_direct_message_has_no_room(first: int) -> None:
    """Its room is the receiver's inbox, which is nobody's business."""
    publication = published(World().room("@f00"), [Dm("bob", "hi") for _ in range(12)], to="bob")
    publication.kind = "dm"
    assert with_heads("DM", None, first, 1.5, publication.bodies()) == publication.lines(first, 1.5)
