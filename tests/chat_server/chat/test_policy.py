"""What a session may do."""

from typing import Any

import pytest

from chat_protocol.errors import NotAllowedError
from chat_protocol.messages import Delete, Dm, Edit, History, Join, Msg, Name, Search, Topic, Who
from chat_protocol.moderation_messages import Ignore, Kick
from chat_server.chat.policy import check_scope, may_see
from chat_server.store.base import EVERYTHING, Scope
from tests.support.world import World

CHANGES = (Edit(1, "x"), Delete(1), Ignore("*"))
SAYING = (
    Msg("hi"),
    Dm("ann", "hi"),
    Topic("tea"),
    Name("bob"),
    Edit(1, "x"),
    Delete(1),
    Ignore("*"),
    Kick("bob"),
)
ASKING = (Topic(), Who(), History(), Search("x"), Join("builds"))


@pytest.mark.parametrize("message", [*SAYING, *ASKING])
def test_whoever_came_without_a_token_may_do_everything(message: Any) -> None:  # noqa: ANN401  # any message
    """What a room allows is the room's business."""
    check_scope(EVERYTHING, message)


def test_a_token_for_reading_alone() -> None:
    """Says nothing in any way."""
    scope = Scope((), writes=False)
    for asked in ASKING:
        check_scope(scope, asked)
    for message in SAYING:
        with pytest.raises(NotAllowedError, match="read alone"):
            check_scope(scope, message)


def test_a_token_for_some_rooms() -> None:
    """Enters no other, in whatever spelling, and reaches nobody alone."""
    scope = Scope(("builds",))
    for message in (Msg("hi"), Join("#BUILDS")):
        check_scope(scope, message)
    with pytest.raises(NotAllowedError, match="for builds alone"):
        check_scope(scope, Join("lobby"))
    with pytest.raises(NotAllowedError, match="rooms alone"):
        check_scope(scope, Dm("ann", "hi"))
    world = World()
    bot, ann = world.clients("bot", "ann")
    bot.session.scope = scope
    rooms = [world.room(name) for name in ("builds", "lobby")]
    assert [may_see(bot.session, room) for room in rooms] == [True, False]
    assert all(may_see(ann.session, room) for room in rooms)
