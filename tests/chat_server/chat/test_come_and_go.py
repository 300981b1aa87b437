"""After many people came and went in every way, the chat is as it was: nothing of them is kept for ever."""

import gc
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chat_protocol.messages import Dm, Join, Leave, Msg, Name, Topic
from chat_server.chat.directory import LocalDirectory
from chat_server.chat.inbox import INBOX
from chat_server.chat.registry import HubLimits
from chat_server.stream.frames import Frames
from tests.chat_server.journal.factories import FACTORIES, Factory
from tests.support.world import Client, RecordingOutbox, World

PEOPLE = 10_000
LIMITS = HubLimits(rooms=50, rooms_per_user=5, session_ttl=600.0, absent_sessions=200)
REASONS = ("exit", "peer_closed", "peer_reset", "ping_timeout", "slow_consumer", "internal_error")


class DeafOutbox(RecordingOutbox):
    """Keeps nothing, so that only what the chat keeps is counted."""

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Take the frames."""
        del frames, droppable
        return self.state


class Deaf(Client):
    """A client that listens to nobody."""

    def __init__(self, world: World) -> None:
        super().__init__(world.hub)
        self.outbox = self.conversation.outbox = DeafOutbox()


def visit(world: World, host: Client, number: int) -> None:
    """Have somebody come, do all that one may, and leave in one of the ways; some come back once."""
    guest = Deaf(world)
    guest.register(f"guest{number}")
    room = f"room{number}"
    guest.send(Join(room), Msg("hello", room, ref="1"), Topic("mine", room), Msg("again", "lobby", ref="2"))
    host.send(Dm(guest.session.identity.name, "welcome"))
    guest.send(Dm("host", "thanks"))
    if number % 3 == 0:
        guest.send(Name(f"other{number}"))
    if number % 4 == 0:
        guest.send(Leave(room))
    reason = REASONS[number % len(REASONS)]
    leave(world, guest, reason)
    if number % 5 == 0 and reason != "exit":
        again = Deaf(world)
        again.register(guest.session.identity.name, session=guest.session.token, after={room: 1, INBOX: 0})
        leave(world, again, "exit" if number % 2 else "peer_reset")


def leave(world: World, client: Client, reason: str) -> None:
    """End a connection as its thread does."""
    client.hang_up(reason, final=reason == "exit")
    world.hub.release(client.session, client.outbox)


def tidy(world: World) -> None:
    """Do what the keeper and the journal's thread do."""
    world.hub.sweep()
    while world.hub.forget_gone():
        pass
    world.journal.trim()
    world.journal.upkeep()
    while world.jobs.work():
        pass


def let_time_pass(world: World) -> None:
    """Have the time of all be over that nobody is in now."""
    tidy(world)
    world.clock.now += LIMITS.session_ttl + 1
    tidy(world)


def objects() -> Counter[str]:
    """Return how many objects there are of each kind of the chat's."""
    gc.collect()
    kinds = [type(each) for each in gc.get_objects()]
    return Counter(
        kind.__qualname__ for kind in kinds if str(kind.__module__).startswith(("chat_server", __name__))
    )


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.name)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a world on a journal of each kind."""
    factory: Factory = request.param
    with closing(factory.open(tmp_path, 100)) as journal:
        yield World(journal, LIMITS, join_history=5)
    shutil.rmtree(tmp_path)  # the image's /tmp is small


def rooms_kept(journal: Any) -> int:  # noqa: ANN401  # of each kind, each has its own place for them
    """Return how many rooms the journal has in memory."""
    return len(journal.rooms if hasattr(journal, "rooms") else journal._shelves)  # noqa: SLF001  # likewise


def test_nothing_is_left_of_those_who_came_and_went(world: World) -> None:
    """While they do, all of it is bounded; once their time is over, there are as many objects as before."""
    host = Deaf(world)
    host.register("host")
    visit(world, host, 0)
    let_time_pass(world)
    before = objects()
    for number in range(1, PEOPLE):
        visit(world, host, number)
        if number % 100 == 0:
            world.clock.now += 1
            tidy(world)
            users, rooms = world.hub.counts()
            absent, _ = world.hub.registry.absent()
            assert (users, rooms) == (1, 1)
            assert absent <= LIMITS.absent_sessions
            if not world.journal.durable:
                assert rooms_kept(world.journal) <= LIMITS.rooms + LIMITS.absent_sessions + 2
    let_time_pass(world)
    after = objects()
    assert after - before == Counter()
    assert world.hub.registry.absent() == (0, 0)
    directory = world.hub.directory
    assert isinstance(directory, LocalDirectory)
    assert (directory.find("host") is None, len(directory)) == (False, 1)
    inboxes = [room for room in getattr(world.journal, "rooms", {}) if room.startswith("@")]
    assert len(inboxes) <= 2, "that of the host, and the newest"
    if not world.journal.durable:
        assert rooms_kept(world.journal) <= 2, "the lobby, and what was said to the host"
