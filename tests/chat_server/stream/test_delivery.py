"""The contract of `Delivery`, point by point, without a thread; its races in every order."""

import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from chat_protocol.errors import UnavailableError
from chat_protocol.messages import Msg
from chat_server.chat import hub, room
from chat_server.chat.session import Session, guest
from chat_server.stream import commit, delivery
from chat_server.stream.counters import KINDS
from chat_server.stream.delivery import DELIVERY_BACKLOG_BYTES, Delivery
from chat_server.stream.outgoing import CONGESTED, DROPPED, REFUSED, TAKEN
from chat_server.stream.pacing import MEASURED, Pacing
from chat_server.stream.publication import Publication
from chat_server.stream.shares import own_shares
from tests.support import interleave
from tests.support.interleave import Body
from tests.support.world import LOCKING, Clock, RecordingOutbox, World, event, frames, publication


class Den:
    """A room on its own, whose publications are stored and added by hand."""

    def __init__(self, clock: Clock | None = None, pacing: Pacing = MEASURED) -> None:
        self.world = World(clock=clock or Clock(), pacing=pacing)
        self.jobs = self.world.jobs
        self.room = self.world.room("den")
        self.delivery: Delivery = self.room.delivery
        self.last = 0

    def member(self, session: Session | None = None) -> RecordingOutbox:
        """Return somebody who is live from now on."""
        outbox = RecordingOutbox()
        assert self.delivery.enter(outbox, self.delivery.taken)
        if session is not None:
            session.outbox = outbox
        return outbox

    def store(self, count: int = 1, text: str = "m", sender: Session | None = None) -> Publication:
        """Store and add so many messages as one publication."""
        one = publication(self.room, self.last + 1, self.last + count, text)
        one.sender = sender
        self.last += count
        self.world.journal.commit([one])
        one.settle()
        self.delivery.sequence(one)
        return one

    def event(self, text: bytes = b'{"type":"PING"}\n', *, droppable: bool = True) -> Publication:
        """Add something that is shown and not stored."""
        one = event(self.room, text, "presence" if droppable else "topic")
        self.delivery.sequence(one)
        return one


def publisher(den: Den) -> Body:
    """Return what each of several publishers does: store and add, one at a time, then deliver."""
    storing = interleave.Lock()

    def publish() -> None:
        with storing:
            den.store()
        den.delivery.deliver()

    return publish


def test_run_hands_out_all_that_was_added() -> None:
    """Contract 1: whoever calls `run` hands out all, in order, and nothing twice."""
    den = Den()
    members = [den.member() for _ in range(3)]
    for _ in range(5):
        den.store()
    den.delivery.deliver()
    den.delivery.deliver()
    assert [member.ids("den") for member in members] == [[1, 2, 3, 4, 5]] * 3
    assert [len(member.pushed) for member in members] == [1] * 3, "what piled up is joined once"


def test_who_comes_while_another_delivers_leaves_it_to_that_one() -> None:
    """Contract 1: an `add` in the middle of a pass is delivered by who is at it, after the pass."""
    den = Den()
    member = den.member()
    seen: list[list[int]] = []

    def publish_meanwhile(_frames: bytes) -> None:
        member.on_push = None
        den.store()
        den.delivery.deliver()  # as another thread: it finds the turn taken and goes
        seen.append(member.ids("den"))

    member.on_push = publish_meanwhile
    den.store()
    den.delivery.deliver()
    assert seen == [[]], "the second did not overtake the first"
    assert member.ids("den") == [1, 2]


@pytest.mark.parametrize("publishers", [2, 3])
def test_no_wake_up_is_lost(monkeypatch: pytest.MonkeyPatch, publishers: int) -> None:
    """Contract 1: in every order of publishers and deliverers, all is delivered once and in order.

    The race: the deliverer has taken all there is and is about to let go, and another adds, finds the
    turn still taken and leaves. Then the first must look again. Who lets go first and looks without the
    lock under which others add would miss it.
    """
    interleave.patch(monkeypatch, delivery)

    def scenario() -> tuple[list[Body], Body]:
        den = Den()
        member = den.member()
        member.on_push = lambda _frames: interleave.step()
        publish = publisher(den)

        def check() -> None:
            assert member.ids("den") == list(range(1, publishers + 1))
            assert den.jobs.waiting == []

        return [publish] * publishers, check

    assert interleave.explore(scenario, preemptions=2 if publishers == 2 else 1) > 50


def test_all_are_handed_the_same_bytes() -> None:
    """Contract 2: encoded once and joined once, for everybody."""
    den = Den()
    members = [den.member() for _ in range(3)]
    den.store()
    den.store(2)
    den.delivery.deliver()
    assert len({id(member.pushed[0]) for member in members}) == 1
    alone = den.store()
    den.delivery.deliver()
    assert all(member.pushed[1] is alone.frames for member in members), "one publication is not even joined"


@pytest.mark.parametrize("others", [0, 2])
def test_a_sender_gets_acknowledgements_in_place_of_the_own(others: int) -> None:
    """Contract 2: alone in a pass or among others, with what the others said in its place."""
    den = Den()
    session = guest("token", "ann")
    sender, reader = den.member(session), den.member()
    for _ in range(others):
        den.store(text="theirs")
    own = den.store(sender=session)
    own.acks = b'{"type":"ACK","ref":"r","id":3,"ts":1.0}\n'
    silent = den.store(sender=session)
    den.delivery.deliver()
    assert b"".join(sender.pushed) == frames("den", 1, others, text="theirs") + own.acks
    assert reader.ids("den") == list(range(1, silent.last + 1))


def test_a_sender_without_a_ref_is_handed_nothing() -> None:
    """Contract 2: no empty bytes are pushed, which would cost a system call."""
    den = Den()
    session = guest("token", "ann")
    sender = den.member(session)
    den.store(sender=session)
    den.delivery.deliver()
    den.store(sender=session)
    den.store(sender=session)
    den.delivery.deliver()
    assert sender.pushed == []


def test_who_left_is_told_what_became_of_the_own_messages() -> None:
    """Contract 2: the acknowledgement comes, what others said does not, nor does anything empty."""
    den = Den()
    session = guest("token", "ann")
    sender = den.member(session)
    own = den.store(sender=session)
    own.acks = b'{"type":"ACK","ref":"r","id":1,"ts":1.0}\n'
    den.store(text="theirs")
    den.delivery.leave(sender)
    den.delivery.deliver()
    assert sender.pushed == [own.acks]
    den.store(sender=session)
    den.delivery.deliver()
    assert sender.pushed == [own.acks], "empty bytes would wait for ever in a full outbox"


@pytest.mark.parametrize(("state", "refused", "dropped"), [(REFUSED, 3, 0), (DROPPED, 0, 3)])
def test_nobody_waits_for_a_member(state: int, refused: int, dropped: int) -> None:
    """Contract 3: one that is cut or behind is counted, and the others get all."""
    den = Den()
    frozen, reader = den.member(), den.member()
    frozen.state = state
    den.store(2)
    den.store()
    den.delivery.deliver()
    assert reader.ids("den") == [1, 2, 3]
    counters = den.delivery.counters
    assert (counters.refused, counters.dropped, counters.delivered["msg"]) == (refused, dropped, 3)


def test_what_comes_while_somebody_arrives_is_held() -> None:
    """Contract 5: what is stored but in no pass yet comes by the pass, and after what came before."""
    den = Den()
    den.store(3)
    den.delivery.deliver()
    den.store()
    late = RecordingOutbox()
    assert den.delivery.begin(late) == 3
    den.delivery.deliver()
    assert not den.delivery.enter(late, 2)
    assert late.pushed == []
    assert den.delivery.enter(late, 3)
    den.store()
    den.delivery.deliver()
    assert late.ids("den") == [4, 5]


def test_who_has_all_enters_at_once() -> None:
    """Contract 5: and who has not, and did not begin, does not."""
    den = Den()
    den.store(2)
    den.delivery.deliver()
    late = RecordingOutbox()
    assert not den.delivery.enter(late, 1)
    assert den.delivery.enter(late, 2)
    den.store()
    den.delivery.deliver()
    assert late.ids("den") == [3]


def test_who_does_not_come_after_all_is_forgotten() -> None:
    """Contract 5: and the room may be forgotten then."""
    den = Den()
    late = RecordingOutbox()
    den.delivery.begin(late)
    assert not den.delivery.idle
    den.delivery.leave(late)
    den.store()
    den.delivery.deliver()
    assert (late.pushed, den.delivery.idle) == ([], True)


def test_the_own_messages_of_who_arrives_come_as_acknowledgements() -> None:
    """Contract 2: published by the connection before, delivered while the next one arrives."""
    den = Den()
    session = guest("token", "ann")
    session.outbox = late = RecordingOutbox()
    den.delivery.begin(late)
    den.store(sender=session).acks = b'{"type":"PING"}\n'
    den.store()
    den.delivery.deliver()
    assert late.pushed == []
    assert den.delivery.enter(late, 0)
    assert b"".join(late.pushed).startswith(b'{"type":"PING"}\n')
    assert late.ids("den") == [2]


def test_somebody_arrives_in_the_middle_of_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 5: in every order of two who publish and one who comes in, all comes once and in order."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        den = Den()
        den.member().on_push = lambda _frames: interleave.step()
        late = RecordingOutbox()
        publish = publisher(den)

        def come_in() -> None:
            position = den.delivery.begin(late)
            assert den.delivery.enter(late, position)
            late.ended.append(str(position))

        def check() -> None:
            assert late.ids("den") == list(range(int(late.ended[0]) + 1, 3))

        return [publish, publish, come_in], check

    assert interleave.explore(scenario) > 100


def test_leave_and_enter_repeat_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 5: whoever leaves in the middle of a pass and comes back gets each message once.

    The race: one thread's pass has ended and another's has begun when the first marks the end. The one
    who leaves then must still wait for the second.
    """
    interleave.patch(monkeypatch, delivery)

    def scenario() -> tuple[list[Body], Body]:
        den = Den()
        member = den.member()
        member.on_push = lambda _frames: interleave.step()
        missed: list[int] = []
        publish = publisher(den)

        def come_back() -> None:
            den.delivery.leave(member)
            position = den.delivery.begin(member)
            position = max(position, *member.ids("den"), 0)  # what is missing before it is read
            assert den.delivery.enter(member, position)
            missed.append(position)

        def check() -> None:
            assert member.ids("den") == [id_ for id_ in (1, 2) if id_ in member.ids("den") or id_ > missed[0]]
            assert len(set(member.ids("den"))) == len(member.ids("den"))

        return [publish, publish, come_back], check

    assert interleave.explore(scenario) > 100


def test_leave_waits_for_no_later_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that is always busy lets people go: only the pass under way is waited for."""
    interleave.patch(monkeypatch, delivery)

    def scenario() -> tuple[list[Body], Body]:
        den = Den()
        leaver, reader = den.member(), den.member()
        left: list[bool] = []
        condition = den.delivery._changed  # noqa: SLF001  # that the wait has begun shows nowhere else
        assert isinstance(condition, interleave.Condition)

        def second_pass(_frames: bytes) -> None:
            interleave.step(until=lambda: bool(left))

        def first_pass(_frames: bytes) -> None:
            interleave.step(until=lambda: bool(condition.waiting))
            den.store()
            reader.on_push = second_pass

        def leave() -> None:
            interleave.step(until=lambda: reader.on_push is first_pass and den.delivery.taken == 1)
            den.delivery.leave(leaver)
            left.append(True)

        reader.on_push = first_pass
        den.store()
        return [den.delivery.deliver, leave], lambda: None

    interleave.explore(scenario, preemptions=0)


def endless(den: Den, count: int) -> Callable[[bytes], None]:
    """Return what has another publish during each pass, so many times in all."""

    def publish(_frames: bytes) -> None:
        if den.last < count:
            den.store()
            den.delivery.deliver()

    return publish


def test_a_publisher_hands_over_after_its_turn() -> None:
    """Contract 6: one who finds more and more to deliver stops after its turn; another goes on."""
    den = Den(Clock(step=MEASURED.turn_seconds / 10))
    member = den.member()
    member.on_push = endless(den, 100)
    den.store()
    den.delivery.deliver()
    first_turn = len(member.pushed)
    assert 1 < first_turn < 20
    turns = 1
    while den.jobs.waiting:
        assert [delay for _, delay in den.jobs.waiting] == [0.0], "handed over once, for now"
        turns += den.jobs.work()
    assert member.ids("den") == list(range(1, 101))
    assert turns >= 100 // 20


def test_a_pass_is_bounded_in_bytes() -> None:
    """A pass takes what fits its turn, and at least one publication."""
    den = Den()
    member = den.member()
    big = b" " * (MEASURED.pass_bytes // 2 - 1) + b"\n"
    for text in (big, big, big, b" " * (MEASURED.pass_bytes * 2) + b"\n", b"\n"):
        den.event(text)
    den.delivery.deliver()
    assert [len(pushed) for pushed in member.pushed] == [
        MEASURED.pass_bytes,
        MEASURED.pass_bytes // 2,
        MEASURED.pass_bytes * 2 + 1,
        1,
    ]


def test_what_may_be_dropped_is_never_mixed_with_what_may_not() -> None:
    """A member that is behind must lose presence alone."""
    den = Den()
    member = den.member()
    den.event()
    den.event()
    den.store()
    den.event()
    den.delivery.deliver()
    assert member.droppable == [True, False, True]
    assert [pushed.count(b"\n") for pushed in member.pushed] == [2, 1, 1]


def congest(den: Den, *, behind: int, reading: int) -> list[RecordingOutbox]:
    """Have a pass end with more to deliver, and so many members far behind."""
    members = [den.member() for _ in range(behind + reading)]
    for member in members[:behind]:
        member.state = CONGESTED

    def publish(_frames: bytes) -> None:
        members[-1].on_push = None
        den.store()

    members[-1].on_push = publish
    den.store()
    den.delivery.deliver()
    return members


@pytest.mark.parametrize(("behind", "reading"), [(2, 2), (1, 2), (0, 1)])
def test_a_room_does_not_rest_for_half_of_it(behind: int, reading: int) -> None:
    """Contract 7: one slow member, or half of them, hold nobody up."""
    den = Den()
    members = congest(den, behind=behind, reading=reading)
    assert den.jobs.waiting == []
    assert all(member.ids("den") == [1, 2] for member in members)


@pytest.mark.parametrize("state", [REFUSED, DROPPED])
def test_a_frozen_room_does_not_rest(state: int) -> None:
    """Contract 7: only those who read on but are behind count; the frozen ones are cut instead."""
    den = Den()
    members = [den.member() for _ in range(3)]
    for member in members:
        member.state = state

    def publish(_frames: bytes) -> None:
        members[-1].on_push = None
        den.store()

    members[-1].on_push = publish
    den.store()
    den.delivery.deliver()
    assert den.jobs.waiting == []


def test_a_room_that_outruns_its_readers_rests() -> None:
    """Contract 7: nobody delivers until the rest is over, then all of it comes."""
    den = Den()
    members = congest(den, behind=2, reading=1)
    assert [delay for _, delay in den.jobs.waiting] == [MEASURED.rest_seconds]
    den.store()
    den.delivery.deliver()
    assert all(member.ids("den") == [1] for member in members), "it rests, whoever calls"
    den.jobs.work()
    assert all(member.ids("den") == [1] for member in members), "they are still behind"
    assert [delay for _, delay in den.jobs.waiting] == [MEASURED.rest_seconds]
    members[0].state = TAKEN
    den.jobs.work()
    assert all(member.ids("den") == [1, 2, 3] for member in members)
    assert den.jobs.waiting == []


def test_one_slow_reader_among_speakers_does_not_make_a_room_rest() -> None:
    """Contract 7: all members count, also those who spoke in this pass."""
    den = Den()
    sessions = [guest(f"token{number}", f"user{number}") for number in range(9)]
    for session in sessions:
        den.member(session)
    slow = den.member()
    slow.state = CONGESTED
    for session in sessions:
        den.store(sender=session)
    den.delivery.deliver()
    assert den.jobs.waiting == []
    assert slow.ids("den") == list(range(1, 10))


def test_a_pass_without_members_is_no_reason_to_rest() -> None:
    """Contract 7: who has left hears its acknowledgements, and how fast it reads says nothing."""
    den = Den()
    session = guest("token", "ann")
    sender = den.member(session)
    sender.state = CONGESTED
    den.delivery.leave(sender)
    den.store(sender=session).acks = b'{"type":"PING"}\n'
    den.delivery.deliver()
    assert sender.pushed == [b'{"type":"PING"}\n']
    assert den.jobs.waiting == []


def fail(*_arguments: object, **_fields: object) -> NoReturn:
    """Fail as an epoll without memory does."""
    raise OSError(12, "Cannot allocate memory")


def test_a_fault_of_one_member_costs_that_member_alone() -> None:
    """Contract 8: it is ended, since it misses something now; the others get all, also in other rooms."""
    world = World()
    ann, bob, cat, dan = world.clients("ann", "bob", "cat", "dan", rooms=["den"])

    def speak() -> None:
        ann.send(Msg("in the lobby", "lobby", ref="1"))
        dan.send(Msg("in the den", "den", ref="2"))

    bob.outbox.on_push = ann.outbox.on_push = fail
    assert world.commit.maintain(speak)
    assert (cat.outbox.ids("lobby"), cat.outbox.ids("den")) == ([1], [1])
    assert dan.outbox.acked() == [1]
    assert (set(bob.outbox.ended), set(ann.outbox.ended)) == ({"internal_error"}, {"internal_error"})
    assert cat.outbox.ended == dan.outbox.ended == []


def test_a_member_who_cannot_even_be_ended_stops_nobody() -> None:
    """Contract 8: nor one who cannot be asked how far it is."""
    den = Den()
    bad, good = den.member(), den.member()
    bad.on_push = bad.on_end = fail
    bad.congested = fail  # type: ignore[method-assign]  # as an outbox that is broken through and through
    den.store()
    den.delivery.deliver()
    den.delivery._wake()  # noqa: SLF001  # as after a rest
    assert good.ids("den") == [1]


@pytest.mark.parametrize("times", [1, 2])
def test_a_pass_that_cannot_be_put_together_is_handed_out_singly(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Contract 8: without memory to join it; if there is none for one either, its members are ended."""
    den = Den()
    session = guest("token", "ann")
    members = [den.member(session), den.member()]
    den.store(sender=session)
    den.store()
    failures = iter(range(times))
    shares = own_shares

    def short_of_memory(*arguments: Any) -> Any:  # noqa: ANN401  # as what it stands for
        if next(failures, None) is None:
            return shares(*arguments)
        raise MemoryError("told to")

    monkeypatch.setattr(delivery, "own_shares", short_of_memory)
    den.delivery.deliver()
    if times == 1:
        assert [member.ids("den") for member in members] == [[2], [1, 2]]
        assert [member.ended for member in members] == [[], []]
    else:
        assert [member.ended for member in members] == [["internal_error"]] * 2
    assert den.delivery.taken == 2
    assert den.delivery.idle is False


def test_a_fault_in_the_middle_leaves_the_room_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 1: the turn is let go, and after a rest all that waits is delivered, once."""
    den = Den()
    member = den.member()
    den.store()
    with monkeypatch.context() as patched:
        patched.setattr(Delivery, "_take_locked", fail)
        den.delivery.deliver()
    den.store()
    den.delivery.leave(den.member())
    assert [delay for _, delay in den.jobs.waiting] == [MEASURED.rest_seconds]
    den.jobs.work()
    assert member.ids("den") == [1, 2]


def test_a_pass_that_is_lost_ends_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 8: they miss something now, and come back for it; the room goes on without them."""
    den = Den()
    member = den.member()
    den.store()
    with monkeypatch.context() as patched:
        patched.setattr(Delivery, "_push_all", fail)
        den.delivery.deliver()
    assert member.ended == ["internal_error"]
    den.delivery.leave(member)
    late = den.member()
    den.store()
    den.delivery.deliver()
    assert (late.ids("den"), den.jobs.waiting) == ([2], [])


@pytest.mark.parametrize(("pacing", "last"), [(MEASURED, [3, 4]), (Pacing(yields=False), [3])])
def test_after_a_turn_the_others_run_first(pacing: Pacing, last: list[int]) -> None:
    """Contract 6: what they say goes along in the next pass, and a fault there costs nothing."""
    den = Den(Clock(step=MEASURED.turn_seconds * 2), pacing)
    member = den.member()
    member.on_push = endless(den, 3)

    def speak_and_fail() -> NoReturn:
        den.world.others = lambda: None
        den.store()
        fail()

    den.world.others = speak_and_fail
    den.store()
    den.delivery.deliver()
    assert member.ids("den") == [1, 2], "the first pass is its own work, the second is for the others"
    member.pushed.clear()
    den.jobs.work()
    assert len(member.pushed) == 1
    assert member.ids("den") == last


def test_nobody_is_forgotten_if_nothing_can_be_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 6: then the thread goes on itself."""
    den = Den(Clock(step=MEASURED.turn_seconds))
    member = den.member()
    member.on_push = endless(den, 30)
    monkeypatch.setattr(type(den.jobs), "__call__", fail)
    den.store()
    den.delivery.deliver()
    assert member.ids("den") == list(range(1, 31))


def test_who_says_much_waits_for_slow_readers() -> None:
    """Contract 7: one reader behind is enough for that, and holds up nobody who speaks as people do."""
    den = Den(pacing=Pacing(rest_seconds=0.0))
    slow = den.member()
    for _ in range(3):
        den.member()
    looks: list[bool] = []

    def catch_up_at_the_third_look() -> bool:
        looks.append(True)
        return len(looks) < 3

    slow.state = CONGESTED
    slow.congested = catch_up_at_the_third_look  # type: ignore[method-assign]  # as it reads on
    den.store()
    den.delivery.deliver()
    den.delivery.wait_for_space()
    assert not looks
    den.delivery.wait_for_slow_readers()
    assert len(looks) == 3


def test_nobody_waits_for_ever_for_slow_readers() -> None:
    """Contract 7: after a second of rests one goes on; whoever does not catch up is cut in time."""
    den = Den(pacing=Pacing(rest_seconds=0.0))
    congest(den, behind=1, reading=3)
    den.delivery.wait_for_slow_readers()


def test_a_quiet_event_is_no_reason_to_rest() -> None:
    """Contract 7: what nobody is told is handed to nobody."""
    den = Den()
    session = guest("token", "ann")
    reader, sender = den.member(), den.member(session)
    den.event(b"").sender = session
    den.delivery.deliver()
    assert (reader.pushed, sender.pushed, den.jobs.waiting) == ([], [], [])


def test_publishers_wait_at_the_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 7: past `DELIVERY_BACKLOG_BYTES` bytes `admit` waits until a pass has taken some of them."""
    interleave.patch(monkeypatch, delivery)

    def scenario() -> tuple[list[Body], Body]:
        den = Den()
        (member,) = congest(den, behind=1, reading=0)
        den.delivery.wait_for_space()
        while den.delivery._size <= DELIVERY_BACKLOG_BYTES:  # noqa: SLF001  # the bound is told by nothing else
            den.event(b" " * MEASURED.pass_bytes + b"\n")
        sizes: list[int] = []

        def publisher() -> None:
            den.delivery.wait_for_space()
            sizes.append(den.delivery._size)  # noqa: SLF001  # likewise

        def check() -> None:
            assert len(sizes) == 1
            assert sizes[0] <= DELIVERY_BACKLOG_BYTES

        def deliver() -> None:
            member.state = TAKEN
            while den.jobs.work():
                pass

        return [publisher, deliver], check

    interleave.explore(scenario)


def test_publishers_do_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 7: after `PATIENCE_SECONDS` they are told to try later."""
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0.0)
    den = Den()
    congest(den, behind=1, reading=0)
    for _ in range(DELIVERY_BACKLOG_BYTES // MEASURED.pass_bytes + 1):
        den.event(b" " * MEASURED.pass_bytes + b"\n")
    with pytest.raises(UnavailableError, match="again later"):
        den.delivery.wait_for_space()


def test_idle() -> None:
    """A room may be forgotten when nobody is there and nothing waits."""
    den = Den()
    idle = [den.delivery.idle]
    member = den.member()
    idle.append(den.delivery.idle)
    den.delivery.leave(member)
    den.store()
    idle.append(den.delivery.idle)
    den.delivery.deliver()
    idle.append(den.delivery.idle)
    assert idle == [True, False, False, True]


def test_the_waiter_is_told_when_it_was_delivered() -> None:
    """A publication's event is set when its pass has ended, whoever ran it."""
    den = Den()
    one = den.event()
    one.delivered = threading.Event()
    assert not one.delivered.is_set()
    den.delivery.deliver()
    assert one.delivered.is_set()


def test_counts() -> None:
    """Each message counts once for each who was handed it, by kind, and each broadcast in the histogram."""
    den = Den(Clock(now=50.0))
    session = guest("token", "ann")
    for outbox in (den.member(session), den.member(), den.member()):
        assert outbox.pushed == []
    for received in (49.9, 40.0, 0.0):
        den.store(2, sender=session).received = received
    den.event()
    den.delivery.deliver()
    counters = den.delivery.counters
    assert counters.delivered == {**dict.fromkeys(KINDS, 0), "msg": 12, "presence": 3}
    assert sum(counters.buckets) == 6
    assert counters.buckets[-1] == 2, "what took more than the last bound is counted above it"
    assert counters.seconds == pytest.approx(2 * (0.1 + 10 + 50))


def test_locks_are_patched_where_they_are_made() -> None:
    """The explorer replaces the locks of these modules: each makes them through `threading`."""
    assert all(hasattr(module, "threading") for module in (commit, delivery, hub, room))
