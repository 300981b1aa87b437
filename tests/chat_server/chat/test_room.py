"""The contract of `Room`, point by point."""

from typing import TYPE_CHECKING, NoReturn

import pytest

from chat_protocol.errors import NotAMemberError
from chat_protocol.messages import PAGE_MESSAGES, ClientMessage, Join, Leave, Msg, Ping, Pong, Topic
from chat_protocol.server_messages import Ack, ErrorFrame, Joined, Left, MsgFrame, TopicFrame
from chat_server.chat import speaking
from chat_server.chat.replay import REPLAY_MESSAGES
from chat_server.errors import JournalError
from chat_server.journal.base import Bounds, Page
from chat_server.journal.ledger import Ledger
from chat_server.journal.memory import MemoryJournal
from chat_server.store.rooms import RoomTopic
from chat_server.stream import arrival
from chat_server.stream.outgoing import TAKEN
from chat_server.stream.pacing import MEASURED, PLAIN, Pacing
from tests.support import interleave
from tests.support.interleave import Body
from tests.support.world import LOCKING, Clock, FragileJournal, RecordingOutbox, World, enter

if TYPE_CHECKING:
    import threading


def texts(outbox: RecordingOutbox) -> list[str]:
    """Return what was said, in the order in which it came."""
    return [each.text for each in outbox.of(MsgFrame)]


def test_what_one_says_goes_to_all_the_others() -> None:
    """As a MSG with the sender's name; the sender gets nothing without a ref."""
    ann, bob, cat = World().clients("ann", "bob", "cat")
    ann.say("hello")
    assert ann.outbox.pushed == []
    assert bob.outbox.pushed == cat.outbox.pushed
    (frame,) = bob.outbox.of(MsgFrame)
    assert (frame.room, frame.id, frame.sender, frame.text, frame.action) == (
        "lobby",
        1,
        "ann",
        "hello",
        False,
    )


def test_an_action_is_marked() -> None:
    """What is done rather than said."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Msg("waves", action=True))
    assert [each.action for each in bob.outbox.of(MsgFrame)] == [True]


def test_ids_are_contiguous() -> None:
    """Contract 1: whoever speaks, in batches or alone; each room counts for itself."""
    world = World()
    ann, bob, cat = world.clients("ann", "bob", "cat", rooms=["den"])
    ann.say("1", "2", room="lobby")
    bob.say("3", room="lobby")
    ann.say("1", room="den")
    bob.send(Msg("4", "lobby", "r"), Msg("5", "lobby"))
    assert cat.outbox.ids() == [1, 2, 3, 4, 5]
    assert cat.outbox.ids("den") == [1]
    assert texts(cat.outbox) == ["1", "2", "3", "1", "4", "5"]


def test_times_never_go_back() -> None:
    """Contract 1: whatever the clock does, and after a restart too."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    for step in (0.0, 1.5, -3600.0, 0.25):
        world.time.now += step
        ann.say("tick")
    later = world.restarted()
    later.time.now -= 7200
    cat, dan = later.clients("cat", "dan")
    cat.say("tock")
    times = [each.ts for each in bob.outbox.of(MsgFrame)] + [each.ts for each in dan.outbox.of(MsgFrame)]
    assert times == sorted(times)
    assert len(times) == 5
    assert times[0] == times[1] - 1.5


def test_ids_go_on_after_a_restart() -> None:
    """Contract 1: the journal knows the last one."""
    world = World()
    (ann,) = world.clients("ann")
    ann.say("1", "2")
    bob, cat = world.restarted().clients("bob", "cat")
    bob.say("3")
    assert cat.outbox.ids() == [3]


def test_only_a_ref_is_acknowledged_and_in_order() -> None:
    """An ACK has the ref, the id and the time of the MSG that the others got."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Msg("1", ref="a"), Msg("2"), Msg("3", ref="c"))
    acks = ann.outbox.of(Ack)
    assert [(each.ref, each.room, each.id) for each in acks] == [("a", "lobby", 1), ("c", "lobby", 3)]
    assert {each.ts for each in acks} == {each.ts for each in bob.outbox.of(MsgFrame)}


@pytest.mark.parametrize("batched", [True, False])
def test_a_ref_is_published_once(*, batched: bool) -> None:
    """Contract 2: a resend is acknowledged as the first was, in the same batch or later."""
    ann, bob = World().clients("ann", "bob")
    messages: list[ClientMessage] = [
        Msg("1", ref="a"),
        Msg("1", ref="a"),
        Msg("2", ref="b"),
        Msg("1", ref="a"),
    ]
    for each in [messages] if batched else [[message] for message in messages]:
        ann.send(*each)
    assert texts(bob.outbox) == ["1", "2"]
    assert [(each.ref, each.id) for each in ann.outbox.of(Ack)] == [("a", 1), ("a", 1), ("b", 2), ("a", 1)]


def test_a_ref_belongs_to_its_session() -> None:
    """Contract 2: two people may use the same ref."""
    ann, bob, cat = World().clients("ann", "bob", "cat")
    ann.send(Msg("1", ref="a"))
    bob.send(Msg("2", ref="a"))
    assert cat.outbox.ids() == [1, 2]


def test_a_resend_is_acknowledged_once_the_first_is_stored() -> None:
    """Contract 2: never before, since the first may still be lost in a crash."""
    journal = FragileJournal()
    ann, bob = World(journal).clients("ann", "bob")

    def resend() -> None:
        journal.on_commit = None
        ann.send(Msg("1", ref="a"))
        assert ann.outbox.pushed == []

    journal.on_commit = resend
    ann.send(Msg("1", ref="a"))
    assert (ann.outbox.acked(), bob.outbox.ids()) == ([1, 1], [1])


@pytest.mark.parametrize("step", [1, 2, 7])
def test_nothing_is_doubled_beyond_the_bound_of_refs(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Contract 2: a new ref beyond it is refused, an old one acknowledged again, however often it comes."""
    monkeypatch.setattr(speaking, "REFS_AT_MOST", 5)
    world = World()
    ann, bob = world.clients("ann", "bob")
    messages = [Msg(str(number), ref=str(number)) for number in range(7)]
    for _ in range(3):
        for start in range(0, 7, step):
            ann.send(*messages[start : start + step])
    assert texts(bob.outbox) == ["0", "1", "2", "3", "4"]
    assert ann.outbox.acked() == [1, 2, 3, 4, 5] * 3
    assert [each.ref for each in ann.outbox.of(ErrorFrame)] == ["5", "6"] * 3
    assert set(ann.outbox.errors()) == {"limit_reached"}
    ann.say("without a ref all goes on")
    assert bob.outbox.ids() == [1, 2, 3, 4, 5, 6]


def test_who_has_read_the_acknowledgements_may_go_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2: a PING behind them asks, its PONG releases their refs, and only those of its room."""
    monkeypatch.setattr(speaking, "REFS_AT_MOST", 6)
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.send(Msg("in the den", "den", ref="d"))
    for number in range(40):
        ann.send(Msg(str(number), "lobby", ref=str(number)))
        if pings := ann.outbox.of(Ping):
            assert isinstance(ann.outbox.messages[-1], Ping), "behind what it asks for"
            ann.send(Pong("another"), Pong(pings[-1].ref))
            ann.outbox.clear()
    assert bob.outbox.ids("lobby") == list(range(1, 41))
    ann.send(Msg("in the den", "den", ref="d"))
    assert (ann.outbox.acked()[-1], bob.outbox.ids("den")) == (1, [1])


def fault(*_arguments: object, **_fields: object) -> NoReturn:
    """Fail as nobody expects."""
    raise MemoryError("told to")


@pytest.mark.parametrize("where", ["Publication", "submit", "claim", "time"])
def test_a_fault_before_it_is_submitted_uses_no_id(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Whatever fails: the next message has the next id, and a resend is published once."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Msg("one", ref="1"))
    with monkeypatch.context() as patched:
        if where == "submit":
            patched.setattr(world.commit, "submit", fault)
        elif where == "claim":
            patched.setattr(Ledger, "claim", fault)
        elif where == "time":
            patched.setattr(Clock, "__call__", fault)
        else:
            patched.setattr(speaking, where, fault)
        with pytest.raises(MemoryError):
            ann.send(Msg("two", ref="2"))
    bob.say("three")
    ann.send(Msg("two", ref="2"), Msg("two", ref="2"))
    assert (bob.outbox.ids(), ann.outbox.ids()) == ([1, 3], [2])
    assert texts(bob.outbox) == ["one", "two"]
    assert [ack.ref for ack in ann.outbox.of(Ack)] == ["1", "2", "2"]


def test_who_is_no_member_says_nothing() -> None:
    """Not before coming, nor after leaving."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    den = world.room("den")
    with pytest.raises(NotAMemberError):
        den.publish(ann.session, [Msg("hi")], 0.0)
    with pytest.raises(NotAMemberError):
        den.set_topic(ann.session, RoomTopic("mine", "ann", 1.0), None)
    ann.send(Leave("lobby"), Msg("hi", "lobby"))
    assert ann.outbox.errors() == ["not_a_member"]
    assert bob.outbox.ids() == []


def test_presence() -> None:
    """Who comes and goes is told to the others, and may be dropped for who is behind."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    bob.send(Join("den"))
    ann.send(Join("den"), Leave("den"))
    frames = [each for each in bob.outbox.messages if getattr(each, "name", None) == "ann"]
    assert [(type(each), each.room) for each in frames] == [(Joined, "den"), (Left, "den")]
    assert bob.outbox.droppable[-2:] == [True, True]


@pytest.mark.parametrize(("limit", "told"), [(3, 1), (2, 0)])
def test_a_large_room_is_quiet(limit: int, told: int) -> None:
    """Contract 3: above `presence_limit` members nobody is told who comes."""
    world = World(presence_limit=limit)
    ann, _bob = world.clients("ann", "bob")
    ann.outbox.clear()
    world.client("cat")
    assert len(ann.outbox.of(Joined)) == told


def test_joined_says_what_there_is() -> None:
    """To the one who joined: members, topic, and the id after which all is live."""
    world = World()
    (ann,) = world.clients("ann")
    ann.send(Msg("1"), Topic("cats"), Msg("2"))
    bob = world.client("bob")
    bob.send(Leave("lobby"))
    bob.outbox.clear()
    bob.send(Join("lobby", ref="j"))
    joined = bob.outbox.of(Joined)[0]
    assert (joined.members, joined.topic, joined.last, joined.first, joined.ref) == (2, "cats", 2, None, "j")
    assert bob.outbox.ids() == [1, 2]


@pytest.mark.parametrize(("history", "expected"), [(0, []), (2, [4, 5]), (100, [1, 2, 3, 4, 5])])
def test_join_shows_the_last_messages(history: int, expected: list[int]) -> None:
    """Without `after`: `join_history` of them."""
    world = World(join_history=history)
    ann, bob = world.clients("ann", "bob")
    bob.send(Leave("lobby"))
    ann.say("1", "2", "3", "4", "5")
    bob.send(Join("lobby"))
    assert bob.outbox.ids() == expected


@pytest.mark.parametrize("after", [0, 1, 4, 5, 9])
def test_join_after_an_id_shows_what_came_since(after: int) -> None:
    """Then all that is live; what lies beyond the last id is taken for the last."""
    ann, bob = World(join_history=1).clients("ann", "bob")
    bob.send(Leave("lobby"))
    ann.say("1", "2", "3", "4", "5")
    bob.send(Join("lobby", after))
    ann.say("6")
    assert bob.outbox.ids() == [*range(after + 1, 6), 6]


def test_a_gap_is_told() -> None:
    """Where retention has cut, JOINED says which is the first id that comes."""
    world = World(FragileJournal(keep=3))
    ann, bob = world.clients("ann", "bob")
    bob.send(Leave("lobby"))
    for text in "123456":
        ann.say(text)
    bob.send(Join("lobby", 1))
    assert bob.outbox.of(Joined)[-1].first == 4
    assert bob.outbox.ids() == [4, 5, 6]


def test_to_join_again_shows_nothing_twice() -> None:
    """A member who joins is told about the room, and stays as it was."""
    ann, bob = World().clients("ann", "bob")
    ann.say("1")
    bob.send(Join("lobby", 0))
    ann.say("2")
    assert bob.outbox.ids() == [1, 2]
    assert len(bob.outbox.of(Joined)) == 1
    assert ann.outbox.of(Joined) == []


@pytest.mark.parametrize("missed", [PAGE_MESSAGES, PAGE_MESSAGES + 1, 3 * PAGE_MESSAGES + 7])
def test_a_replay_of_many_pages_while_others_speak(missed: int) -> None:
    """Between two pages the others go on; nothing is missing, nothing comes twice."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    bob.send(Leave("lobby"))
    bob.outbox.clear()
    ann.say(*map(str, range(missed)))

    pages: list[int] = []

    def go_on() -> None:
        pages.append(len(bob.outbox.ids()))
        ann.say(*["meanwhile"] * (PAGE_MESSAGES // 2))

    bob.outbox.on_wait = go_on
    bob.send(Join("lobby", 0))
    ann.say("live")
    ids = bob.outbox.ids()
    assert ids == list(range(1, missed + len(pages) * (PAGE_MESSAGES // 2) + 2))
    assert pages
    assert texts(bob.outbox)[-1] == "live"


@pytest.mark.parametrize("pacing", [MEASURED, PLAIN], ids=["measured", "plain"])
def test_no_gap_and_no_repeat_for_who_joins(monkeypatch: pytest.MonkeyPatch, pacing: Pacing) -> None:
    """In every order of two who publish and one who joins."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World(presence_limit=0, pacing=pacing)
        ann, bob, cat = world.clients("ann", "bob", "cat")
        den = world.room("den")
        for client in (ann, bob):
            enter(den, client)

        def check() -> None:
            assert cat.outbox.ids("den") == [1, 2]
            assert len(ann.outbox.ids("den")) == len(bob.outbox.ids("den")) == 1

        return [
            lambda: den.publish(ann.session, [Msg("1")], 0.0),
            lambda: den.publish(bob.session, [Msg("2")], 0.0),
            lambda: enter(den, cat, 0),
        ], check

    assert interleave.explore(scenario, preemptions=1) > 20


@pytest.mark.parametrize("pacing", [MEASURED, PLAIN], ids=["measured", "plain"])
def test_nothing_is_lost_by_who_comes_back(monkeypatch: pytest.MonkeyPatch, pacing: Pacing) -> None:
    """In every order of one who publishes and one who leaves and joins again after the last id it has."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World(presence_limit=0, pacing=pacing)
        ann, cat = world.clients("ann", "cat")

        def come_back() -> None:
            cat.send(Leave("lobby"))
            cat.send(Join("lobby", max(cat.outbox.ids(), default=0)))

        def speak() -> None:
            ann.say("1")
            ann.say("2")

        def check() -> None:
            assert cat.outbox.ids() == [1, 2]

        return [speak, come_back], check

    assert interleave.explore(scenario, preemptions=1) > 20


def test_a_replay_ends_with_a_reader_who_does_not_read() -> None:
    """The thread of one who left or stopped reading does not go on for ever; its connection ends."""
    world = World(journal=MemoryJournal(2 * REPLAY_MESSAGES))
    ann, bob = world.clients("ann", "bob")
    bob.send(Leave("lobby"))
    ann.say(*["x"] * (REPLAY_MESSAGES + 1))
    ann.outbox.clear()
    bob.outbox.clear()
    bob.outbox.readable = False
    bob.send(Join("lobby", 0))
    ann.say("more")
    got = bob.outbox.ids()
    assert got == list(range(1, len(got) + 1))
    assert len(got) <= REPLAY_MESSAGES
    assert bob.outbox.ended == ["slow_consumer"]
    bob.hang_up("slow_consumer")
    assert [type(each) for each in ann.outbox.messages] == [Joined, Left]


class UnreadableJournal(FragileJournal):
    """A journal that can be read so many times more."""

    def __init__(self) -> None:
        super().__init__(10 * REPLAY_MESSAGES)
        self.reads = 1_000_000

    def _read_or_fail(self) -> None:
        self.reads -= 1
        if self.reads < 0:
            raise JournalError("unreadable")

    def bounds(self, room: str) -> Bounds:
        """Tell, or fail."""
        self._read_or_fail()
        return super().bounds(room)

    def read(self, room: str, after: int, upto: int, limit: int, *, raw: bool = False) -> Page:
        """Read, or fail."""
        self._read_or_fail()
        return super().read(room, after, upto, limit, raw=raw)


@pytest.mark.parametrize("reads", [0, 1])
def test_nobody_is_told_of_a_room_that_cannot_be_read(reads: int) -> None:
    """Contract 3: on JOIN there is an ERROR, no JOINED, no membership, and a room that can be forgotten."""
    journal = UnreadableJournal()
    world = World(journal)
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.say("x", room="den")
    bob.send(Leave("den"))
    bob.outbox.clear()
    journal.reads = reads
    bob.send(Join("den", ref="j"))
    assert [(each.code, each.ref) for each in bob.outbox.messages] == [("unavailable", "j")]
    assert list(bob.session.memberships) == ["lobby"]
    assert ann.session.memberships["den"].room.people() == [ann.session.identity]
    journal.reads = 1_000_000
    bob.send(Join("den", 0))
    ann.say("y", room="den")
    assert bob.outbox.ids("den") == [1, 2]
    for client in (ann, bob):
        client.send(Leave("den"))
    world.hub.sweep()
    assert world.hub.counts() == (2, 1)


def test_a_replay_that_fails_in_the_middle_ends_the_connection() -> None:
    """Contract 3: the client was told that it is in, and would miss something unseen."""
    journal = UnreadableJournal()
    world = World(journal)
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    bob.send(Leave("den"))
    ann.say(*["x"] * (REPLAY_MESSAGES + 1), room="den")
    journal.reads = 2
    bob.send(Join("den", 0))
    assert bob.outbox.errors() == []
    assert bob.outbox.ended == ["internal_error"]
    bob.hang_up("internal_error")
    ann.say("y", room="den")
    assert ann.session.memberships["den"].room.people() == [ann.session.identity]


def test_who_joins_a_busy_room_goes_live() -> None:
    """More than a page is said while each page is sent: what is live is held, and comes in order."""
    world = World(journal=MemoryJournal(10**6))
    ann, _bob = world.clients("ann", "bob", rooms=["den"])
    ann.send(*[Msg("m", "den")] * 500)
    cat = world.client("cat")
    waits: list[int] = []

    def talk() -> None:
        waits.append(1)
        ann.send(*[Msg("m", "den")] * (PAGE_MESSAGES + 1))

    cat.outbox.on_wait = talk
    cat.send(Join("den", after=0))
    assert len(waits) < 5
    cat.outbox.on_wait = None
    ann.say("live", room="den")
    assert cat.outbox.ids("den") == list(range(1, journal_last(world, "den") + 1))
    assert texts(cat.outbox)[-1] == "live"


def test_who_can_never_catch_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that says more than is held during each page ends the newcomer; it may resume."""
    monkeypatch.setattr(arrival, "HELD_BYTES", 1000)
    world = World(journal=MemoryJournal(10**6))
    ann, cat = world.clients("ann", "cat")
    cat.outbox.on_wait = lambda: ann.send(*[Msg("m", "den")] * 20)
    ann.send(Join("den"), Msg("m", "den"))
    cat.send(Join("den", after=0))
    assert cat.outbox.ended == ["slow_consumer"]
    ids = cat.outbox.ids("den")
    assert ids == list(range(1, len(ids) + 1))


def test_a_journal_that_keeps_less_than_waits_makes_no_gap() -> None:
    """JOINED never has `first` beyond `last` + 1: what waits for its delivery comes live."""
    world = World(journal=MemoryJournal(10))
    ann, cat = world.clients("ann", "cat")
    ann.send(Join("den"))
    den = ann.session.memberships["den"].room.delivery
    assert den._delivering.acquire(blocking=False)  # noqa: SLF001  # another thread is in the middle of a pass
    for _ in range(10):
        ann.say(*["m"] * 10, room="den")
    cat.send(Join("den", after=0))
    den._delivering.release()  # noqa: SLF001  # likewise
    den.deliver()
    (joined,) = cat.outbox.of(Joined)
    assert (joined.last, joined.first) == (0, None)
    assert cat.outbox.ids("den") == list(range(1, 101))


def journal_last(world: World, room_name: str) -> int:
    """Return the last id that is stored."""
    return world.journal.bounds(room_name).last


@pytest.mark.parametrize("pacing", [MEASURED, PLAIN], ids=["measured", "plain"])
def test_who_leaves_during_a_pass_gets_nothing_after_it(
    monkeypatch: pytest.MonkeyPatch, pacing: Pacing
) -> None:
    """In every order: once `leave` has returned nothing more comes, and the others miss nothing."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World(presence_limit=0, pacing=pacing)
        ann, bob, cat = world.clients("ann", "bob", "cat")
        for reader in (bob, cat):
            reader.outbox.on_push = lambda _frames: interleave.step()
        got: list[list[int]] = []

        def leave() -> None:
            world.hub.leave(cat.session, cat.conversation.room("lobby"))
            got.append(cat.outbox.ids())

        def check() -> None:
            assert bob.outbox.ids() == [1, 2]
            assert cat.outbox.ids() == got[0]
            assert got[0] in ([], [1], [1, 2])

        return [lambda: ann.say("1"), lambda: ann.say("2"), leave], check

    assert interleave.explore(scenario, preemptions=1) > 10


def test_topic() -> None:
    """Everybody is told; who set it gets the ref, and it is not stored."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Topic("cats", ref="t"))
    (told,) = bob.outbox.of(TopicFrame)
    (answer,) = ann.outbox.of(TopicFrame)
    assert (told.room, told.topic, told.by, told.ref) == ("lobby", "cats", "ann", None)
    assert (answer.topic, answer.by, answer.ref) == ("cats", "ann", "t")
    assert bob.outbox.droppable[-1:] == [False]
    assert world.journal.bounds("lobby").last == 0
    bob.send(Topic(ref="q"))
    assert [(each.topic, each.ref) for each in bob.outbox.of(TopicFrame)[1:]] == [("cats", "q")]


def test_leave_tells_when_all_was_delivered() -> None:
    """The event is set once what was published before has gone out."""
    journal = FragileJournal()
    world = World(journal)
    ann, bob = world.clients("ann", "bob")
    lobby = ann.conversation.room("lobby")
    seen: list[bool] = []

    def leave_meanwhile() -> None:
        journal.on_commit = None
        delivered.append(lobby.leave(ann.session, "exit"))
        seen.append(delivered[0].is_set())

    delivered: list[threading.Event] = []
    journal.on_commit = leave_meanwhile
    ann.say("1")
    assert seen == [False]
    assert delivered[0].is_set()
    assert [type(each).__name__ for each in bob.outbox.messages] == ["MsgFrame", "Left"]


@pytest.mark.parametrize("first", ["leaves", "fails"])
def test_nobody_waits_at_the_end_while_nothing_can_be_stored(first: str) -> None:
    """Whether the failure comes before or after: the event is set, and all comes in order once it is over."""
    journal = FragileJournal()
    world = World(journal)
    ann, bob, cat = world.clients("ann", "bob", "cat")
    lobby = ann.conversation.room("lobby")
    delivered: list[threading.Event] = []

    def leave() -> None:
        journal.on_commit = None
        delivered.append(lobby.leave(ann.session, "exit"))

    journal.broken = True
    if first == "leaves":
        journal.on_commit = leave
    cat.say("1")
    if first == "fails":
        leave()
    assert delivered[0].is_set()
    assert bob.outbox.messages == []
    journal.broken = False
    world.commit.retry()
    assert [type(each).__name__ for each in bob.outbox.messages] == ["MsgFrame", "Left"]


def test_idle() -> None:
    """A room may be forgotten when nobody is there and nothing is under way."""
    journal = FragileJournal()
    world = World(journal)
    den = world.room("den")
    idle = [den.idle]
    (ann,) = world.clients("ann")
    enter(den, ann)
    idle.append(den.idle)
    journal.broken = True
    den.publish(ann.session, [Msg("1")], 0.0)
    den.leave(ann.session, "left")
    idle.append(den.idle)  # its last message is not stored yet
    journal.broken = False
    world.commit.retry()
    idle.append(den.idle)
    assert idle == [True, False, False, True]
    assert (len(den), den.people(), den.members()) == (0, [], [])


def test_an_outbox_is_handed_the_page_only_once() -> None:
    """What is joined for all is not copied for each: the frames are those that were stored."""
    world = World()
    ann, bob, cat = world.clients("ann", "bob", "cat")
    ann.say("1")
    assert bob.outbox.pushed[0] is cat.outbox.pushed[0]
    assert bob.outbox.state == TAKEN
