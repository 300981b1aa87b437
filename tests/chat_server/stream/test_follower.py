"""Several nodes on one record: whatever becomes of the wake-ups, each member gets each id once, in order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_protocol.messages import Msg
from chat_server.errors import JournalError
from chat_server.journal.base import Announcement
from chat_server.stream.follower import Follower
from tests.support.shared_journal import Engine, SharedJournal
from tests.support.world import World, record


class Nodes:
    """Two nodes with somebody in the lobby on each."""

    def __init__(self, *, tells_frames: bool = True) -> None:
        self.engine = Engine()
        self.journals = [SharedJournal(self.engine, tells_frames=tells_frames) for _ in range(2)]
        self.worlds = [World(journal, presence_limit=0) for journal in self.journals]
        self.followers = [world.hub.follower for world in self.worlds]
        self.ann, self.bob = (
            world.client(name) for world, name in zip(self.worlds, ("ann", "bob"), strict=True)
        )

    def work(self) -> None:
        """Have all be done that was handed over."""
        while sum(world.jobs.work() for world in self.worlds):
            pass

    def look(self) -> None:
        """Look for what was missed, as each node does once a second."""
        for follower in self.followers:
            follower.look("lobby")
        self.work()


@pytest.mark.parametrize("tells_frames", [True, False])
def test_what_is_said_on_one_node_is_heard_on_the_other(*, tells_frames: bool) -> None:
    """With the frames in the wake-up or without; each has its own acknowledged."""
    nodes = Nodes(tells_frames=tells_frames)
    nodes.ann.send(Msg("one", ref="1"))
    nodes.bob.send(Msg("two", ref="1"))
    nodes.ann.send(Msg("three", ref="2"))
    assert (nodes.ann.outbox.ids(), nodes.ann.outbox.acked()) == ([2], [1, 3])
    assert (nodes.bob.outbox.ids(), nodes.bob.outbox.acked()) == ([1, 3], [2])


def test_a_lost_wake_up_is_noticed_at_the_next_message() -> None:
    """By the ids, whoever says it; what is missing is read, and comes before."""
    nodes = Nodes()
    nodes.engine.copies.extend([0, 0, 1])
    for text in ("one", "two", "three"):
        nodes.ann.say(text)
    assert nodes.bob.outbox.ids() == [1, 2, 3]
    nodes.engine.copies.append(0)
    nodes.ann.say("four")
    nodes.bob.send(Msg("five", ref="5"))
    nodes.work()
    assert (nodes.bob.outbox.ids(), nodes.bob.outbox.acked()) == ([1, 2, 3, 4], [5])
    assert nodes.bob.outbox.messages[-1].id == 5, "the own one waited for its place"


def test_a_lost_wake_up_is_noticed_at_the_next_look() -> None:
    """Also if nobody says anything any more."""
    nodes = Nodes()
    nodes.engine.copies.append(0)
    nodes.ann.say("one")
    assert nodes.bob.outbox.ids() == []
    nodes.look()
    nodes.look()
    assert nodes.bob.outbox.ids() == [1]


def test_a_room_that_nobody_here_is_in_is_left_alone() -> None:
    """Nothing of it is read."""
    nodes = Nodes()
    nodes.journals[0].commit([record("attic", 1, 1)])
    nodes.followers[1].look("attic")
    assert nodes.worlds[1].hub.counts() == (1, 1)


def test_what_is_kept_no_longer_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for what retention has taken."""
    nodes = Nodes()
    nodes.engine.copies.append(0)
    nodes.ann.say("one")
    nodes.engine.rooms["lobby"].pop(0)
    monkeypatch.setattr(nodes.journals[1], "bounds", lambda _: (2, 1, 0.0))
    nodes.followers[1].hear(Announcement("lobby", 2, 2, None))
    assert nodes.bob.outbox.ids() == []
    assert nodes.worlds[1].hub.room_delivery("lobby").sequenced == 2  # type: ignore[union-attr]  # it is there


def test_an_engine_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be read is read at the next look; nobody hears of the fault."""
    nodes = Nodes(tells_frames=False)

    def fail(*_: object) -> None:
        raise JournalError("told to")

    with monkeypatch.context() as broken:
        broken.setattr(nodes.journals[1], "read", fail)
        nodes.ann.say("one")
    assert nodes.bob.outbox.ids() == []
    nodes.look()
    assert nodes.bob.outbox.ids() == [1]


def test_a_commit_whose_answer_is_lost_is_stored_once() -> None:
    """It is tried again, found, and told of: to its sender, and on both nodes."""
    nodes = Nodes()
    nodes.journals[0].lost_answers = 2
    nodes.ann.send(Msg("one", ref="1"))
    assert (nodes.ann.outbox.acked(), nodes.bob.outbox.ids()) == ([], [])
    for _ in range(2):
        nodes.worlds[0].commit.retry()
    nodes.ann.send(Msg("one", ref="1"), Msg("two", ref="2"))
    assert (nodes.ann.outbox.acked(), nodes.bob.outbox.ids()) == ([1, 1, 2], [1, 2])


def test_a_session_that_comes_to_another_node_is_known_there() -> None:
    """A message that it sends again is acknowledged where it was, and not said twice."""
    nodes = Nodes()
    nodes.ann.send(Msg("one", ref="1"))
    ledgers = [journal.known(nodes.ann.session.id) for journal in nodes.journals]
    assert ledgers[0] == ledgers[1] == {"1": ("lobby", 1, ledgers[0]["1"][2])}
    again = record("lobby", 2, 3)
    again.session, again.refs = nodes.ann.session.id, [("1", 0), ("2", 1)]
    (place,) = nodes.journals[1].commit([again])
    assert (place.first, place.last, place.known) == (2, 2, ledgers[0])
    assert nodes.journals[1].bounds("lobby").last == 2


def test_a_follower_follows_its_journal() -> None:
    """It is called with what others store, and finds out by itself whom that concerns."""
    engine = Engine()
    mine, theirs = SharedJournal(engine), SharedJournal(engine)
    asked: list[str] = []
    Follower(mine, asked.append)  # which finds nothing
    theirs.commit([record("lobby", 1, 1)])
    assert asked == ["lobby"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=12), st.randoms())
@settings(deadline=None)
def test_lost_doubled_and_swapped(said: list[tuple[bool, int]], chance: random.Random) -> None:
    """In whatever way: in the end each has all that was said, each id once and in order."""
    nodes = Nodes()
    nodes.engine.held = []
    nodes.engine.copies.extend(copies for _, copies in said)
    for number, (by_ann, _) in enumerate(said):
        (nodes.ann if by_ann else nodes.bob).send(Msg(str(number), ref=str(number)))
        nodes.work()

    def shuffled(number: int) -> list[int]:
        return chance.sample(range(number), number)

    nodes.engine.release(shuffled)
    nodes.work()
    nodes.look()
    for client, is_own in ((nodes.ann, True), (nodes.bob, False)):
        heard = [each.id for each in client.outbox.messages if getattr(each, "id", 0)]
        assert heard == list(range(1, len(said) + 1))
        assert len(client.outbox.acked()) == sum(by_ann is is_own for by_ann, _ in said)
