"""The contract of `GroupCommit`, point by point: stored, then shown."""

import itertools
import threading
from typing import NoReturn

import pytest

from chat_protocol.errors import UnavailableError
from chat_protocol.messages import Join, Leave, Msg, Topic
from chat_protocol.server_messages import Ack
from chat_server.chat.registry import HubLimits
from chat_server.journal.base import Record
from chat_server.stream import commit
from chat_server.stream.commit import OVERHEAD_BYTES, STORE_BACKLOG_BYTES
from chat_server.stream.delivery import Delivery
from chat_server.stream.pacing import MEASURED, Pacing
from chat_server.stream.publication import Publication
from tests.support import interleave
from tests.support.interleave import Body
from tests.support.world import LOCKING, Client, Clock, FragileJournal, World, event


def fragile(**fields: object) -> tuple[World, FragileJournal]:
    """Return a world on a journal that can fail."""
    journal = FragileJournal()
    return World(journal, **fields), journal  # type: ignore[arg-type]  # the fields of World


def test_submit_never_waits() -> None:
    """Contract 1: while one thread stores, another submits and goes."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob")
    seen: list[list[int]] = []

    def publish_meanwhile() -> None:
        journal.on_commit = None
        ann.say("second")
        seen.append(bob.outbox.ids())

    journal.on_commit = publish_meanwhile
    ann.say("first")
    assert seen == [[]], "the second did not overtake the first"
    assert bob.outbox.ids() == [1, 2]
    assert [len(batch) for batch in journal.batches] == [1, 1]


def placed(record: Record) -> int:
    """Return the first id of a record that is stored."""
    assert record.placement is not None
    return record.placement.first


def test_what_waits_is_stored_at_once() -> None:
    """Contract 2: what piles up during a commit, of all rooms, forms the next one."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    journal.batches.clear()

    def pile_up() -> None:
        journal.on_commit = None
        for number in range(4):
            ann.say("more", room="den" if number % 2 else "lobby")

    journal.on_commit = pile_up
    ann.say("first", room="lobby")
    assert [[(each.room, placed(each)) for each in batch] for batch in journal.batches] == [
        [("lobby", 1)],
        [("lobby", 2), ("den", 1), ("lobby", 3), ("den", 2)],
    ]
    assert (bob.outbox.ids(), bob.outbox.ids("den")) == ([1, 2, 3], [1, 2])


@pytest.mark.parametrize("rooms", [("lobby", "lobby"), ("lobby", "den")])
def test_no_wake_up_is_lost(monkeypatch: pytest.MonkeyPatch, rooms: tuple[str, str]) -> None:
    """Contracts 2 and 4: in every order of two publishers all is stored, shown once, and in order.

    The race: one has stored all there was and is about to let go, and the other submits, finds the turn
    taken and leaves.
    """
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world, journal = fragile(presence_limit=0)
        ann, bob, cat = world.clients("ann", "bob", "cat", rooms=["den"])
        storing: list[int] = []

        def one_at_a_time() -> None:
            storing.append(1)
            interleave.step()
            assert storing == [1], "two threads store at once"
            storing.clear()

        journal.on_commit = one_at_a_time

        def publisher(client: Client, name: str) -> Body:
            return lambda: client.send(Msg("hi", name, ref=name + client.session.identity.name))

        def check() -> None:
            for name in set(rooms):
                assert cat.outbox.ids(name) == list(range(1, rooms.count(name) + 1))
            for name, sender in zip(rooms, (ann, bob), strict=True):
                assert sorted(sender.outbox.ids(name) + sender.outbox.acked()) == cat.outbox.ids(name)
            assert world.jobs.waiting == []

        return [publisher(ann, rooms[0]), publisher(bob, rooms[1])], check

    assert interleave.explore(scenario, preemptions=1) > 20


def test_nobody_is_shown_what_is_not_stored() -> None:
    """Contract 3: at the time of the commit nobody has got it, nor an acknowledgement."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob")
    shown: list[int] = []
    journal.on_commit = lambda: shown.append(len(ann.outbox.pushed) + len(bob.outbox.pushed))
    ann.send(Msg("hi", ref="r"))
    assert shown == [0]
    assert (bob.outbox.ids(), ann.outbox.acked()) == ([1], [1])


def test_a_publisher_hands_over_after_its_turn() -> None:
    """Contract 5: one who finds more and more to store stops after its turn; nothing is forgotten."""
    world, journal = fragile(clock=Clock(step=MEASURED.turn_seconds / 10))
    ann, bob = world.clients("ann", "bob")

    def keep_publishing() -> None:
        if len(journal.batches) < 60:
            ann.say("more")

    journal.on_commit = keep_publishing
    ann.say("first")
    first_turn = len(bob.outbox.ids())
    assert 1 <= first_turn < 30
    turns = 0
    while world.jobs.waiting:
        turns += world.jobs.work()
    assert turns > 1
    assert bob.outbox.ids() == list(range(1, len(bob.outbox.ids()) + 1))
    assert len(bob.outbox.ids()) > 60


def test_where_several_speak_it_gathers_what_they_say() -> None:
    """Contract 6: after two spoke in a pass, a publisher lets the others speak before it stores."""
    world, journal = fragile()
    ann, bob, cat = world.clients("ann", "bob", "cat")

    def both_while_one_stores() -> None:
        journal.on_commit = None
        ann.say("one")
        bob.say("two")

    journal.on_commit = both_while_one_stores
    cat.say("nobody steps aside yet")
    world.others = lambda: bob.say("gathered")
    journal.batches.clear()
    ann.say("gathers")
    assert [len(batch) for batch in journal.batches] == [2]
    assert cat.outbox.ids() == [2, 3, 4, 5]


def test_before_a_costly_commit_it_gathers_whoever_speaks() -> None:
    """Contract 6: in small rooms too, since a commit takes longer than stepping aside."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    journal.costly = True
    journal.batches.clear()
    world.others = lambda: bob.say("mine", room="lobby")
    ann.say("yours", room="den")
    assert [[each.room for each in batch] for batch in journal.batches] == [["den", "lobby"]]


def test_who_speaks_alone_does_not_yield_cpu() -> None:
    """Contract 6: a pass with one speaker ends it, and before the first there is no reason."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    asides: list[None] = []
    world.others = lambda: asides.append(None)
    for client in (ann, ann, bob):
        client.say("alone")
    assert asides == []


def test_a_failure_shows_and_acknowledges_nothing() -> None:
    """Contract 7: nothing is lost, and nobody is told that it is stored."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob")
    journal.broken = True
    ann.send(Msg("one", ref="1"))
    assert (bob.outbox.pushed, ann.outbox.pushed) == ([], [])
    assert world.commit.failure is not None
    assert len(world.failures) == 1


def test_publishers_are_refused_while_it_fails() -> None:
    """Contract 7: the next ones are told `unavailable`, with their refs, and take no ids."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob")
    journal.broken = True
    ann.send(Msg("one", ref="1"))
    ann.send(Msg("two", ref="2"), Msg("three", ref="3"))
    bob.say("four")
    assert [each.ref for each in ann.outbox.messages] == ["2", "3"]
    assert ann.outbox.errors() == ["unavailable"] * 2
    assert bob.outbox.errors() == ["unavailable"]
    assert len(world.failures) == 1, "one failure is told once"


def test_it_recovers_in_order() -> None:
    """Contract 7: what waited is stored, shown and acknowledged in its order, then all goes on."""
    world, journal = fragile(presence_limit=200)
    ann, bob = world.clients("ann", "bob")
    journal.broken = True
    journal.on_commit = lambda: setattr(journal, "on_commit", None) or bob.send(Msg("two", ref="b"))  # type: ignore[func-returns-value]  # setattr has none
    ann.send(Msg("one", ref="a"))
    world.commit.retry()
    world.commit.retry()
    assert (bob.outbox.pushed, len(world.failures)) == ([], 1)
    journal.broken = False
    world.commit.retry()
    assert world.failures[1:] == [None]
    assert world.commit.failure is None
    assert (bob.outbox.ids(), bob.outbox.acked()) == ([1], [2])
    assert (ann.outbox.ids(), ann.outbox.acked()) == ([2], [1])
    ann.say("three")
    assert bob.outbox.ids() == [1, 3]


FAULTS = [MemoryError("told to"), OSError(5, "told to"), ValueError("told to"), RuntimeError("told to")]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("where", ["before", "after"])
def test_whatever_fails_loses_and_doubles_nothing(fault: Exception, where: str) -> None:
    """Contract 7: any exception of the journal leaves all in order and waiting, also one after the act."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    journal.fault, journal.fault_comes = fault, where
    ann.send(Msg("one", "lobby", ref="1"))
    ann.send(Msg("one", "lobby", ref="1"))
    bob.say("refused", room="den")
    assert ann.outbox.acked() == bob.outbox.ids() == []
    assert ann.outbox.errors() == bob.outbox.errors() == ["unavailable"]
    assert world.failures == [fault]
    journal.fault = None
    world.commit.retry()
    ann.send(Msg("one", "lobby", ref="1"), Msg("two", "lobby", ref="2"))
    assert (bob.outbox.ids(), ann.outbox.acked()) == ([1, 2], [1, 1, 2])
    assert journal.read("lobby", 0, 9, 9).frames == b"".join(bob.outbox.pushed[-2:])
    assert world.failures == [fault, None]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_fault_while_placing_strands_no_room(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Contract 7: what is stored reaches each room once, whichever room could not take it at first."""
    world, _ = fragile()
    ann, bob = world.clients("ann", "bob", rooms=["den", "attic"])
    calls = itertools.count(1)
    sequence = Delivery.sequence

    def add_or_fail(self: Delivery, publication: Publication) -> bool:
        if next(calls) == at:
            raise MemoryError("told to")
        return sequence(self, publication)

    def speak_in_all() -> None:
        for name in ("lobby", "den", "attic"):
            ann.send(Msg("hi", name, ref=name))

    with monkeypatch.context() as patched:
        patched.setattr(Delivery, "sequence", add_or_fail)
        assert world.commit.maintain(speak_in_all)
    world.commit.retry()
    assert [bob.outbox.ids(name) for name in ("lobby", "den", "attic")] == [[1]] * 3
    assert sorted(ack.ref for ack in ann.outbox.of(Ack)) == ["attic", "den", "lobby"]
    assert world.commit.backlog == 0


def test_only_a_retry_tries_again() -> None:
    """Contract 7: while storing fails, nobody who comes, goes or sets a topic waits for the disk."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob")
    journal.broken = True
    ann.say("one")
    tries: list[int] = []
    journal.on_commit = lambda: tries.append(1)
    ann.send(Topic("new"))
    ann.hang_up()
    bob.send(Join("den"), Leave("den"))
    world.client("cat").hang_up()
    assert world.commit.maintain(lambda: None)
    assert tries == []
    assert ann.outbox.errors() == ["unavailable"]
    world.commit.retry()
    assert tries == [1]


def test_who_comes_and_goes_while_it_fails_leaves_nothing_behind() -> None:
    """Contract 7: presence is kept once for each member, and what cancels out is not kept."""
    world, journal = fragile()
    ann, bob, cat = world.clients("ann", "bob", "cat")
    journal.broken = True
    ann.say("one")
    before = world.commit.backlog
    for _ in range(100):
        bob.send(Join("den"), Leave("den"))
        world.client("eve").hang_up(final=True)
    assert world.commit.backlog == before
    cat.hang_up(final=True)
    world.client("dan")
    assert world.commit.backlog == before + 2 * OVERHEAD_BYTES
    bob.outbox.clear()
    journal.broken = False
    world.commit.retry()
    told = [(type(each).__name__, getattr(each, "name", "")) for each in bob.outbox.messages]
    assert told == [("MsgFrame", ""), ("Left", "cat"), ("Joined", "dan")]
    assert world.commit.backlog == 0


def test_the_backlog_counts_what_is_stuck_and_what_shows_nothing() -> None:
    """Contract 8: a quiet event and a batch that cannot be stored take room too."""
    world, journal = fragile(presence_limit=0)
    ann, bob = world.clients("ann", "bob")
    journal.broken = True
    ann.say("x" * 1000)
    stuck = world.commit.backlog
    assert stuck > 1000 + OVERHEAD_BYTES
    world.commit.retry()
    assert world.commit.backlog == stuck
    bob.hang_up()
    assert world.commit.backlog == stuck + OVERHEAD_BYTES
    journal.broken = False
    world.commit.retry()
    assert world.commit.backlog == 0


def test_a_fault_of_stepping_aside_or_telling_stops_nothing() -> None:
    """Contract 2: storing goes on without."""
    world, journal = fragile()
    ann, bob = world.clients("ann", "bob")
    journal.costly = True

    def fail(*_arguments: object) -> NoReturn:
        raise RuntimeError("told to")

    world.others = fail
    world.commit._on_failure = fail  # noqa: SLF001  # as a server that cannot tell its people
    ann.say("one")
    journal.broken = True
    ann.say("two")
    journal.broken = False
    world.commit.retry()
    assert bob.outbox.ids() == [1, 2]


def test_the_turn_counts_over_all_rooms() -> None:
    """Contract 5: who stored for hundreds of rooms delivers to them for its turn; the rest is handed over."""
    world, _ = fragile(limits=HubLimits(rooms_per_user=301))
    names = [f"r{number}" for number in range(300)]
    ann, bob = world.clients("ann", "bob", rooms=names)

    def take_a_millisecond(_frames: bytes) -> None:
        world.clock.now += 0.001

    bob.outbox.on_push = take_a_millisecond
    begun: list[float] = []

    def speak_everywhere() -> None:
        for name in names:
            ann.say("x", room=name)
        begun.append(world.clock.now)

    assert world.commit.maintain(speak_everywhere)
    turns = [world.clock.now - begun[0]]
    while world.jobs.waiting:
        begun.append(world.clock.now)
        assert world.jobs.work() == 1
        turns.append(world.clock.now - begun[-1])
    assert max(turns) <= MEASURED.turn_seconds + 0.0021
    assert all(bob.outbox.ids(name) == [1] for name in names)


def test_who_cannot_hand_over_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 5: a job that nobody takes would be a room that nobody hears."""
    world, journal = fragile(clock=Clock(step=MEASURED.turn_seconds))
    ann, bob = world.clients("ann", "bob", rooms=["den"])

    def refuse(*_arguments: object) -> NoReturn:
        raise MemoryError("told to")

    monkeypatch.setattr(type(world.jobs), "__call__", refuse)

    def keep_publishing() -> None:
        if len(journal.batches) < 20:
            ann.say("more", room="den")
            ann.say("more", room="lobby")

    journal.on_commit = keep_publishing
    ann.say("first", room="lobby")
    assert bob.outbox.ids("den") == list(range(1, len(bob.outbox.ids("den")) + 1))
    assert len(bob.outbox.ids("lobby")) > 15


def test_retry_has_nothing_to_do_where_all_is_well() -> None:
    """The keeper calls it each second."""
    world, journal = fragile()
    world.commit.retry()
    assert journal.batches == []
    assert world.failures == []


def test_publishers_wait_at_the_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past `STORE_BACKLOG_BYTES` bytes `admit` waits until they are stored; memory does not grow."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world, _ = fragile()
        den = world.room("den")
        world.commit.wait_for_space()
        one = event(den, b" " * (STORE_BACKLOG_BYTES + 1))
        world.commit.submit(one)
        stored: list[int] = []

        def publisher() -> None:
            world.commit.wait_for_space()
            stored.append(den.delivery.idle)

        return [
            publisher,
            world.commit.store_and_deliver,
        ], lambda: None if stored else pytest.fail("nobody let it go")

    assert interleave.explore(scenario) > 1


def test_a_publisher_is_let_go_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is being stored and what waits count together: who waits for both goes on once one is gone."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world, _ = fragile()
        den = world.room("den")
        half = b" " * (STORE_BACKLOG_BYTES * 6 // 10)

        def speaker() -> None:
            world.commit.submit(event(den, half))
            world.commit.store_and_deliver()

        def publisher() -> None:
            world.commit.wait_for_space()
            let_go.append(world.commit.backlog <= STORE_BACKLOG_BYTES)

        let_go: list[bool] = []
        world.commit.submit(event(den, half))

        def let_go_at_once() -> None:
            assert let_go == [True]

        return [speaker, world.commit.store_and_deliver, publisher], let_go_at_once

    assert interleave.explore(scenario) > 1


def test_publishers_do_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """After `PATIENCE_SECONDS` they are told to try later."""
    monkeypatch.setattr(commit, "PATIENCE_SECONDS", 0.0)
    world, _ = fragile()
    world.commit.submit(event(world.room("den"), b" " * (STORE_BACKLOG_BYTES + 1)))
    with pytest.raises(UnavailableError, match="again later"):
        world.commit.wait_for_space()


def test_counts() -> None:
    """Commits and records are counted, what is only shown is not."""
    world, _ = fragile()
    ann = world.client("ann")
    ann.send(Join("den"))
    assert (world.commit.commits, world.commit.stored) == (0, 0)
    ann.say("one", "two")
    assert (world.commit.commits, world.commit.stored) == (1, 1)


def test_maintenance_forgets_nobody() -> None:
    """What is published during a piece of upkeep is stored and shown after it, even where that fails."""
    world, _ = fragile()
    ann, bob = world.clients("ann", "bob")

    def upkeep() -> None:
        ann.say("meanwhile")
        assert bob.outbox.pushed == []

    world.commit.maintain(upkeep)
    assert bob.outbox.ids() == [1]

    def failing() -> None:
        ann.say("meanwhile")
        raise OSError("told to")

    with pytest.raises(OSError, match="told to"):
        world.commit.maintain(failing)
    assert bob.outbox.ids() == [1, 2]


def test_maintenance_gets_its_turn_among_those_who_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries again after a moment, since a flood never leaves it the first one."""
    world, _ = fragile()
    storing = world.commit._storing  # noqa: SLF001  # as another thread that stores
    pauses: list[float] = []

    def pause(_: object, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            storing.release()

    monkeypatch.setattr(threading.Condition, "wait", pause)
    storing.acquire()
    done: list[int] = []
    assert world.commit.maintain(lambda: done.append(1))
    assert (done, pauses) == ([1], [MEASURED.upkeep_pause_seconds] * 3)


def test_maintenance_does_not_wait_for_ever() -> None:
    """If somebody stores all the time, it is left for the next time."""
    world, journal = fragile(pacing=Pacing(upkeep_pause_seconds=0.0))
    ann = world.client("ann")
    done: list[int] = []
    skipped: list[bool] = []
    journal.on_commit = lambda: skipped.append(world.commit.maintain(lambda: done.append(1)))
    ann.say("hi")
    assert (done, skipped) == ([], [False])
    assert world.commit.maintain(lambda: done.append(1))
