"""What is on its way: a record, and what its delivery needs."""

import pytest

from tests.support.world import World, event


@pytest.mark.parametrize(("kind", "droppable"), [("presence", True), ("topic", False), ("msg", False)])
def test_only_presence_may_be_dropped(kind: str, *, droppable: bool) -> None:
    """A member who is behind must not miss what was said, nor what the topic is."""
    assert event(World().room(), b"x", kind).droppable is droppable


def test_two_of_the_same_content_are_two() -> None:
    """They are told apart by what they are, not by what they hold."""
    room = World().room()
    assert event(room, b"x") != event(room, b"x")
