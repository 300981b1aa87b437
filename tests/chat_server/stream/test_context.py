"""What commit and deliveries share."""

from chat_server.stream.context import StreamContext
from chat_server.stream.pacing import MEASURED
from tests.support.world import Clock, Jobs, World


def test_the_measured_pace_is_what_a_server_gets() -> None:
    """Nobody has to ask for it."""
    assert StreamContext(Clock(), Jobs(), lambda: None).pacing is MEASURED


def test_all_rooms_and_the_commit_share_one() -> None:
    """So that a turn means the same everywhere."""
    world = World()
    lobby, den = world.room(), world.room("den")
    one, other, shared = (
        each for each in (lobby.delivery.context, den.delivery.context, world.commit.context)
    )
    assert one is other
    assert other is shared
