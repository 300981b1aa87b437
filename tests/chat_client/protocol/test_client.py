"""The client's side of the protocol, message by message, without a socket."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.errors import IncompatibleError, OfflineError, TooLongError
from chat_client.protocol.client import AGAIN_SECONDS, ClientProtocol
from chat_client.protocol.credentials import NOTHING, Credentials
from chat_client.protocol.events import (
    Changed,
    DirectSaid,
    Event,
    Gap,
    LeftOut,
    NameRefused,
    NotTaken,
    Registered,
    Said,
)
from chat_protocol.base import Message
from chat_protocol.errors import BadJsonError
from chat_protocol.messages import ClientMessage, Delete, Dm, Edit, Join, Leave, Msg, Ping, Pong, RegName, Who
from chat_protocol.reading_messages import Read
from chat_protocol.server_messages import (
    Ack,
    Bye,
    DeleteFrame,
    DmFrame,
    EditFrame,
    ErrorFrame,
    Joined,
    Left,
    Limits,
    NameChanged,
    Notice,
    RegNameRequest,
    TopicFrame,
    Welcome,
)
from tests.support.fake_server import entered, request, said, welcome


class Talk:
    """A protocol, and what it says to the server and to the user."""

    def __init__(self, room: str | None = None, credentials: Credentials = NOTHING) -> None:
        self.protocol = ClientProtocol("dave", room, credentials)

    def hear(self, *messages: object, now: float = 0.0) -> tuple[list[Event], list[ClientMessage]]:
        """Take messages of the server, and flush where that is due, as a session does."""
        events, answers = self.protocol.receive(messages, now)
        return events, answers + (self.protocol.flush() if self.protocol.welcomed else [])

    def connect(
        self, *more: Message, welcomed: Welcome | None = None
    ) -> tuple[list[Event], list[ClientMessage]]:
        """Connect and register; return what came of the WELCOME and of what follows it."""
        self.protocol.connecting()
        self.hear(request())
        return self.hear(welcomed or welcome(), *more)

    def say(self, text: str, room: str = "lobby") -> Msg:
        """Say something in the lobby; return what is kept of it."""
        self.protocol.submit(Msg(text=text, room=room))
        message = self.protocol.pending.messages()[-1]
        assert isinstance(message, Msg)
        return message


@pytest.fixture
def talk() -> Talk:
    """Return one that is registered and in the lobby."""
    talk = Talk()
    talk.connect(entered())
    return talk


# Registering


def test_answers_the_request_with_the_name() -> None:
    """The server asks first; the first answer is the name alone."""
    assert Talk().hear(request()) == ([], [RegName(name="dave")])


def test_a_newer_protocol_is_refused() -> None:
    """A server of another protocol is told apart before anything is said, and which side is old."""
    newer = RegNameRequest(protocol=2, server="x", limits=Limits(1, 1, 1, 1))
    with pytest.raises(IncompatibleError, match="update the client"):
        Talk().hear(newer)


def test_a_refused_name_can_be_replaced() -> None:
    """A refused name is forgotten, and another is sent on the same connection."""
    talk = Talk()
    talk.hear(request())
    events, answers = talk.hear(ErrorFrame(code="name_taken", text="taken"))
    assert events == [NameRefused("dave", "name_taken", "taken")]
    assert answers == []
    assert talk.protocol.take_name("eve") == [RegName(name="eve")]


def test_a_name_taken_while_offline_waits() -> None:
    """Where the connection is gone meanwhile, the new name is for the next one."""
    talk = Talk()
    talk.hear(request(), ErrorFrame(code="name_invalid", text="no"))
    talk.protocol.disconnected()
    assert talk.protocol.take_name("eve") == []
    assert talk.hear(request())[1] == [RegName(name="eve")]


def test_another_refusal_is_not_about_the_name() -> None:
    """A server that cannot register anybody now says why, and the name is kept."""
    talk = Talk()
    events, _ = talk.hear(request(), ErrorFrame(code="unavailable", text="later"))
    assert (events, talk.protocol.admission.turned_away, talk.protocol.name) == ([], "later", "dave")


def test_enters_the_room_asked_for() -> None:
    """What is not among the rooms of the WELCOME is joined."""
    events, answers = Talk("tea").connect()
    assert [type(each) for each in answers] == [Join]
    assert answers[0] == Join(room="tea", ref=answers[0].ref)  # type: ignore[union-attr]  # a Join
    assert events == [Registered("dave", "e1", ("lobby",))]


# Saying


def test_a_message_has_its_own_ref(talk: Talk) -> None:
    """Each message gets a ref of its own, and is kept until it is acknowledged."""
    first, second = talk.say("1"), talk.say("2")
    assert first.ref != second.ref
    assert first.ref is not None
    talk.hear(Ack(ref=first.ref, id=1, ts=0, room="lobby"))
    assert talk.protocol.pending.messages() == [second]


def test_refs_of_two_clients_differ() -> None:
    """Another process does not use the same refs, should it resume this session."""
    refs = {talk.say("x").ref for talk in (Talk(), Talk())}
    assert len(refs) == 2


def test_an_acknowledged_message_is_told(talk: Talk) -> None:
    """The ACK makes an own message complete: its id, its time, who said it where."""
    message = talk.say("hello")
    ack = Ack(ref=message.ref or "", id=1, ts=7.5, room="lobby")
    events, _ = talk.hear(ack, ack)
    assert events == [ack, Said(said(1, "hello", "dave", ts=7.5), own=True), ack]


def test_an_acknowledged_direct_message_is_told(talk: Talk) -> None:
    """A direct message's id is the receiver's, and says nothing about what we have seen."""
    talk.protocol.submit(Dm(to="bob", text="psst", ref="r"))
    events, _ = talk.hear(Ack(ref="r", id=9, ts=1.0))
    frame = DmFrame(sender="dave", to="bob", text="psst", id=9, ts=1.0)
    assert events[1:] == [DirectSaid(frame, own=True)]
    first = DmFrame(sender="bob", to="dave", text="yes?", id=1, ts=2.0)
    assert talk.hear(first)[0] == [DirectSaid(first)]


def test_a_message_to_oneself_is_shown_once(talk: Talk) -> None:
    """Its id is that of one's own direct messages, so the next one comes without a gap."""
    talk.protocol.submit(Dm(to="Dave ", text="buy milk", ref="r"))
    events, _ = talk.hear(Ack(ref="r", id=1, ts=1.0))
    assert events[1:] == [DirectSaid(DmFrame(1, 1.0, "dave", "Dave ", "buy milk"), own=True)]
    later = DmFrame(2, 2.0, "bob", "dave", "hi")
    assert talk.hear(DmFrame(1, 1.0, "dave", "dave", "buy milk"), later)[0] == [DirectSaid(later)]


def test_an_acknowledged_message_is_as_it_was_said(talk: Talk) -> None:
    """What one does and what a program says are marked in one's own view as in that of others."""
    talk.protocol.submit(Msg(text="waves", room="lobby", ref="m", action=True, notice=True))
    talk.protocol.submit(Dm(to="bob", text="waves", ref="d", action=True, notice=True))
    events, _ = talk.hear(Ack(ref="m", id=1, ts=1.0, room="lobby"), Ack(ref="d", id=1, ts=1.0))
    told = [event.message for event in events if isinstance(event, Said | DirectSaid)]
    assert [(each.action, each.notice) for each in told] == [(True, True)] * 2


def test_the_room_is_fixed_when_it_is_said(talk: Talk) -> None:
    """A message without a room keeps the one it would have gone to, however often it is sent."""
    talk.hear(entered("tea"))
    talk.protocol.submit(Msg(text="x"))
    talk.hear(Left(room="tea", name="dave", reason="left"))
    assert [each.room for each in talk.protocol.pending.messages() if isinstance(each, Msg)] == ["tea"]


def test_too_long_is_refused_before_it_is_sent(talk: Talk) -> None:
    """The server's limit counts the whole line, in bytes."""
    talk.say("ä" * 450)
    with pytest.raises(TooLongError, match="takes 1024"):
        talk.say("ä" * 550)
    assert len(talk.protocol.pending) == 1


def test_what_was_too_long_for_a_new_limit_is_given_up() -> None:
    """A message taken before the server said what it takes does not come back for ever."""
    talk = Talk()
    message = talk.say("x" * 2000)
    events, _ = talk.hear(request())
    assert [(each.message, each.error.code) for each in events if isinstance(each, NotTaken)] == [
        (message, "line_too_long")
    ]
    assert len(talk.protocol.pending) == 0


def test_questions_need_a_connection() -> None:
    """What cannot be kept for later says so; messages and rooms can."""
    talk = Talk()
    with pytest.raises(OfflineError, match="not connected"):
        talk.protocol.submit(Who(room="lobby"))
    assert talk.protocol.submit(Join(room="tea")) == []
    assert talk.protocol.submit(Msg(text="x", room="lobby")) == []


def test_a_refused_message_is_told_with_its_text(talk: Talk) -> None:
    """What the server does not take is not sent again."""
    message = talk.say("x", room="tea")
    error = ErrorFrame(code="not_a_member", text="join first", ref=message.ref)
    assert talk.hear(error)[0] == [NotTaken(message, error)]
    assert len(talk.protocol.pending) == 0


def test_unavailable_means_later(talk: Talk) -> None:
    """What the server cannot take now is kept, and what is said meanwhile waits behind it."""
    first = talk.say("1")
    error = ErrorFrame(code="unavailable", text="disk full", ref=first.ref)
    events, _ = talk.hear(error, now=100.0)
    assert events == [NotTaken(first, error, again=True)]
    assert [talk.protocol.again_at] == [100.0 + AGAIN_SECONDS]
    assert talk.protocol.submit(Msg(text="2", room="lobby", ref="r2")) == []
    assert [each.text for each in talk.protocol.flush() if isinstance(each, Msg)] == ["1", "2"]
    assert [talk.protocol.again_at] == [None]
    assert talk.protocol.submit(Ping(ref="p")) == [Ping(ref="p")]


# Hearing


def test_each_message_is_told_once(talk: Talk) -> None:
    """A repeat is passed over."""
    assert talk.hear(said(1), said(1), said(2))[0] == [Said(said(1)), Said(said(2))]


def test_a_gap_is_told_before_what_follows_it(talk: Talk) -> None:
    """Ids that are left out were missed."""
    assert talk.hear(said(1), said(4))[0] == [Said(said(1)), Gap("lobby", 2, 3), Said(said(4))]


def test_an_acknowledgement_under_way_is_no_gap(talk: Talk) -> None:
    """The id that is missing may be that of a message of one's own."""
    message = talk.say("mine")
    events, _ = talk.hear(said(1), said(3), Ack(ref=message.ref or "", id=2, ts=0, room="lobby"), said(4))
    assert not [event for event in events if isinstance(event, Gap)]
    assert [event.message.id for event in events if isinstance(event, Said)] == [1, 3, 2, 4]


def test_replayed_messages_are_marked(talk: Talk) -> None:
    """What was said before one came is told apart from what is live."""
    events, _ = talk.hear(entered("tea", last=8), said(8, room="tea"), said(9, room="tea"))
    assert [event.replayed for event in events if isinstance(event, Said)] == [True, False]


def test_pings_are_answered(talk: Talk) -> None:
    """A PONG carries the PING's ref."""
    assert talk.hear(Ping(ref="k1")) == ([], [Pong(ref="k1")])


def test_the_name_follows(talk: Talk) -> None:
    """A change of one's own name is noted, another's is not."""
    talk.hear(NameChanged(old="dave", name="david"), NameChanged(old="bob", name="rob"))
    assert talk.protocol.name == "david"


def test_what_is_unknown_is_passed_over(talk: Talk) -> None:
    """A line that is no message of this protocol costs nothing; the others are told."""
    topic = TopicFrame(room="lobby", topic="tea")
    assert talk.hear(BadJsonError("what?"), topic)[0] == [topic]


def test_who_is_turned_away_is_told_when_to_come_back() -> None:
    """By the BYE itself."""
    talk = Talk()
    talk.hear(Bye(reason="address_rate", retry_after=7.0))
    assert talk.protocol.reconnect_after == 7.0


def test_farewells_are_kept(talk: Talk) -> None:
    """What decides about the next connection is remembered until there is one."""
    talk.hear(Notice(text="restart", reconnect_after=2.5), Bye(reason="server_shutdown"))
    assert talk.protocol.reconnect_after == 2.5
    assert talk.protocol.bye == Bye(reason="server_shutdown")
    talk.protocol.connecting()
    assert [talk.protocol.reconnect_after, talk.protocol.bye] == [None, None]


# Coming back


def test_a_resume_says_what_one_has(talk: Talk) -> None:
    """Session, epoch and the last id of each room go with the name; `@` is for direct messages."""
    talk.hear(said(1), DmFrame(sender="bob", to="dave", text="x", id=1, ts=0), entered("tea", last=5))
    talk.protocol.disconnected()
    assert talk.hear(request())[1] == [
        RegName(name="dave", session="s1", after={"lobby": 1, "@": 1, "tea": 5}, epoch="e1")
    ]


def test_the_latest_session_is_what_one_comes_back_with(talk: Talk) -> None:
    """A server that was restarted gives another secret for the same session: nothing begins anew."""
    talk.hear(said(1), DmFrame(sender="bob", to="dave", text="x", id=1, ts=0))
    talk.protocol.disconnected()
    talk.connect(welcomed=welcome(session="s2", resumed=True))
    talk.protocol.disconnected()
    assert talk.hear(request())[1] == [
        RegName(name="dave", session="s2", after={"lobby": 1, "@": 1}, epoch="e1")
    ]


def test_what_was_not_acknowledged_goes_out_first(talk: Talk) -> None:
    """After a loss all that waits is sent again, in order and with the same refs, before what is new."""
    waiting = [talk.say("1"), talk.say("2")]
    talk.protocol.disconnected()
    waiting.append(talk.say("3"))
    events, answers = talk.connect(welcomed=welcome(resumed=True))
    assert answers == waiting
    assert events == [Registered("dave", "e1", ("lobby",), again=True, resumed=True, resent=3)]


def test_a_message_stored_before_the_loss_is_told_once(talk: Talk) -> None:
    """Its frame is replayed and its ACK follows; it is told once, and is no gap."""
    message = talk.say("mine")
    talk.protocol.disconnected()
    ack = Ack(ref=message.ref or "", id=1, ts=0, room="lobby")
    mine = said(1, "mine", "dave")
    events, _ = talk.connect(entered(last=2), mine, said(2), ack, welcomed=welcome(resumed=True))
    assert [event.message for event in events if isinstance(event, Said)] == [mine, said(2)]
    assert not [event for event in events if isinstance(event, Gap)]


def test_retention_cut_what_was_missed(talk: Talk) -> None:
    """Where the replay begins later than it should, what is between is told as a gap."""
    talk.hear(said(1))
    talk.protocol.disconnected()
    events, _ = talk.connect(entered(last=9, first=5), said(5), welcomed=welcome(resumed=True))
    assert Gap("lobby", 2, 4) in events
    assert Said(said(5), replayed=True) in events


def test_rooms_are_entered_again_where_the_session_is_gone(talk: Talk) -> None:
    """A server that forgot the session is told the rooms, and from where on to replay."""
    talk.hear(entered("tea", last=3, ref="x"))
    talk.protocol.disconnected()
    events, answers = talk.connect(welcomed=welcome(session="s2", resumed=False))
    assert [(each.room, each.after) for each in answers if isinstance(each, Join)] == [("tea", 3)]
    assert [event.resumed for event in events if isinstance(event, Registered)] == [False]


def test_a_new_record_makes_old_ids_void(talk: Talk) -> None:
    """With another epoch ids begin anew, so small ones are no repeats."""
    talk.hear(said(1), said(2))
    talk.protocol.disconnected()
    events, _ = talk.connect(entered(last=1), said(1, "new"), welcomed=welcome(resumed=False, epoch="e2"))
    assert Said(said(1, "new"), replayed=True) in events
    assert [event.new_record for event in events if isinstance(event, Registered)] == [True]


def test_direct_messages_of_a_new_session_begin_anew(talk: Talk) -> None:
    """Direct messages are numbered for each session; those of the next are no repeats."""
    message = DmFrame(sender="bob", to="dave", text="x", id=1, ts=0)
    talk.hear(message)
    talk.protocol.disconnected()
    events, _ = talk.connect(message, welcomed=welcome(session="s2", resumed=False))
    assert DirectSaid(message) in events


def test_a_room_that_was_left_is_left_again(talk: Talk) -> None:
    """A server that brings us back into a room we left is told so."""
    talk.hear(entered("tea", ref="x"), Left(room="lobby", name="dave", reason="left"))
    talk.protocol.disconnected()
    _, answers = talk.connect(welcomed=welcome(rooms=("lobby", "tea"), resumed=True))
    assert [each.room for each in answers if isinstance(each, Leave)] == ["lobby"]


def test_a_refused_room_is_not_tried_again(talk: Talk) -> None:
    """A JOIN that the server refuses is forgotten, and told."""
    (join,) = talk.protocol.submit(Join(room="bad room"))
    assert isinstance(join, Join)
    error = ErrorFrame(code="room_invalid", text="no", ref=join.ref)
    assert talk.hear(error)[0] == [error]
    talk.protocol.disconnected()
    assert talk.connect(welcomed=welcome(resumed=True))[1] == []


def lowered(rooms: int) -> RegNameRequest:
    """Return what a server says first that lets a user be in so many rooms."""
    return request(Limits(line_bytes=1024, name_length=32, topic_length=256, rooms_per_user=rooms))


@pytest.fixture
def visitor(talk: Talk) -> Talk:
    """Return one that was in the lobby and in four other rooms, and has lost its connection."""
    talk.hear(*(entered(room, last=3) for room in ("r1", "r2", "r3", "r4")))
    talk.say("hello", room="r1")
    talk.protocol.disconnected()
    talk.protocol.connecting()
    return talk


def test_comes_back_with_fewer_rooms(visitor: Talk) -> None:
    """A server that allows fewer is asked for the ones that matter, and the person is told of the others."""
    _, (introduction,) = visitor.hear(lowered(2))
    assert isinstance(introduction, RegName)
    assert introduction.after == {"r1": 3, "r4": 3, "@": 0}
    events, sent = visitor.hear(welcome(rooms=("r1", "r4"), resumed=True))
    assert [event.rooms for event in events if isinstance(event, LeftOut)] == [("lobby", "r2", "r3")]
    assert [message.room for message in sent if isinstance(message, Msg)] == ["r1"]
    assert visitor.protocol.rooms == ("r1", "r4")


def test_what_the_server_chose_gives_way_to_what_matters(visitor: Talk) -> None:
    """A server that knows the rooms itself may choose others: those are left before the rest is joined."""
    visitor.hear(lowered(2))
    events, sent = visitor.hear(welcome(rooms=("lobby", "r1"), resumed=True))
    assert [event.rooms for event in events if isinstance(event, LeftOut)] == [("lobby", "r2", "r3")]
    assert [(type(each), each.room) for each in sent if isinstance(each, Join | Leave)] == [
        (Leave, "lobby"),
        (Join, "r4"),
    ]
    error = ErrorFrame(code="limit_reached", text="left out: r2, r3")
    assert visitor.hear(error) == ([], [])  # as it was told already


def test_rooms_that_are_refused_when_named_are_joined_one_by_one(visitor: Talk) -> None:
    """A server with stricter names refuses all of it. What it refuses alone is told, the rest is entered."""
    visitor.hear(request(), ErrorFrame(code="room_invalid", text="r4: too long"))
    assert visitor.protocol.admission.turned_away == "r4: too long"
    assert not visitor.protocol.admission.for_good
    visitor.protocol.disconnected()
    visitor.protocol.connecting()
    _, (introduction,) = visitor.hear(request())
    assert isinstance(introduction, RegName)
    assert (introduction.session, introduction.after) == ("s1", {"@": 0})
    _, sent = visitor.hear(welcome(rooms=("lobby",), resumed=True))
    joins = {each.room: each for each in sent if isinstance(each, Join)}
    assert [(room, each.after) for room, each in joins.items()] == [(f"r{n}", 3) for n in range(1, 5)]
    events, _ = visitor.hear(ErrorFrame(code="room_invalid", text="too long", ref=joins["r4"].ref))
    assert events == [LeftOut(("r4",), "too long")]
    assert visitor.protocol.rooms == ("lobby", "r1", "r2", "r3")


# Order


def test_live_messages_are_told_whatever_the_record_holds(talk: Talk) -> None:
    """A server whose record is short may say that it begins after the last message: what is live still is."""
    talk.hear(said(1))
    events, _ = talk.hear(entered(last=3, first=9), said(4), said(5))
    assert [event for event in events if not isinstance(event, Joined)] == [
        Gap("lobby", 2, 3),
        Said(said(4)),
        Said(said(5)),
    ]


@st.composite
def returns(draw: st.DrawFn) -> tuple[range, range, list[Message]]:
    """Make up how a server brings somebody back, in an order in which it should not.

    Returns which ids are no longer kept, which are sent, and all that is sent.
    """
    known = draw(st.integers(0, 4))
    last = draw(st.integers(known, known + 4))
    total = draw(st.integers(last, last + 4))
    kept_from = draw(st.integers(known + 1, last + 9))
    lost = min(kept_from - 1, last)
    first = None if kept_from == known + 1 and draw(st.booleans()) else kept_from
    resumed = draw(st.booleans())
    streams: list[list[Message]] = [
        [welcome(resumed=resumed, session="s1" if resumed else "s2")],
        [entered(last=last, first=first)],
        [said(number) for number in range(lost + 1, total + 1)],
        [DmFrame(sender="bob", to="dave", text="x", id=number, ts=0) for number in range(1, 4)],
    ]
    order = draw(st.permutations([each for each, stream in enumerate(streams) for _ in stream]))
    messages = [streams[each].pop(0) for each in order]
    return range(known + 1, lost + 1), range(lost + 1, total + 1), messages


@given(returns())
def test_survives_any_order(case: tuple[range, range, list[Message]]) -> None:
    """WELCOME, JOINED, MSG and DM in any order: all is told once, in order, and what is missing is told."""
    missing, sent, messages = case
    talk = Talk()
    talk.connect(entered(last=0), *(said(number) for number in range(1, missing.start)))
    talk.protocol.disconnected()
    talk.protocol.connecting()
    talk.hear(request())
    events = [event for message in messages for event in talk.hear(message)[0]]
    assert isinstance(events[0], Registered)
    assert [event.message.id for event in events if isinstance(event, Said)] == list(sent)
    assert [event.message.id for event in events if isinstance(event, DirectSaid)] == [1, 2, 3]
    gaps = [range(event.first, event.last + 1) for event in events if isinstance(event, Gap)]
    assert [number for gap in gaps for number in gap] == list(missing)


def test_others_come_and_go(talk: Talk) -> None:
    """Presence of others changes nothing about one's own rooms."""
    events = [Joined(room="tea", name="bob"), Left(room="lobby", name="bob", reason="exit")]
    assert talk.hear(*events)[0] == events
    assert talk.protocol.rooms == ("lobby",)


# As an account


def account(*rooms: str, resumed: bool | None = None) -> Welcome:
    """Return the WELCOME of somebody who has proved who they are."""
    return msgspec.structs.replace(welcome(rooms=rooms or ("lobby",), resumed=resumed), account=True)


def test_the_proof_goes_along_each_time() -> None:
    """But an account is made once."""
    talk = Talk(credentials=Credentials("secret", register=True))
    assert talk.hear(request()) == ([], [RegName("dave", password="secret", register=True)])  # noqa: S106  # a test's
    talk.connect(welcomed=account())
    talk.protocol.disconnected()
    talk.protocol.connecting()
    (again,) = talk.hear(request())[1]
    assert isinstance(again, RegName)
    assert (again.password, again.register, again.session) == ("secret", False, "s1")


@pytest.mark.parametrize("code", ["auth_required", "auth_failed", "not_allowed"])
def test_whoever_is_not_let_in_is_told_for_good(code: str) -> None:
    """Trying the same again would not help."""
    talk = Talk()
    talk.hear(request(), ErrorFrame(code, "give your password"))
    admission = talk.protocol.admission
    assert (admission.turned_away, admission.for_good, admission.unproved) == (
        "give your password",
        True,
        True,
    )


def test_whoever_tried_too_often_comes_back_when_told() -> None:
    """That passes."""
    talk = Talk()
    talk.hear(request(), ErrorFrame("rate_limited", "too many tries", retry_after=12.5))
    assert (talk.protocol.admission.for_good, talk.protocol.reconnect_after) == (False, 12.5)


def test_what_one_says_elsewhere_is_one_s_own() -> None:
    """And what is said here has an id of one's own direct messages: nothing is missed between them."""
    talk = Talk()
    talk.connect(entered(), welcomed=account())
    talk.protocol.submit(Dm("bob", "hi", "r1"))
    theirs = DmFrame(4, 1.0, "bob", "dave", "hello")
    elsewhere = DmFrame(6, 1.0, "dave", "bob", "from my phone", account=True)
    events, _ = talk.hear(theirs, elsewhere)
    assert events == [DirectSaid(theirs), DirectSaid(elsewhere, own=True)]
    events, _ = talk.hear(Ack("r1", 5, 2.0))
    assert events[1:] == [DirectSaid(DmFrame(5, 2.0, "dave", "bob", "hi", account=True), own=True)]
    events, _ = talk.hear(DmFrame(7, 3.0, "bob", "dave", "bye"))
    assert not [each for each in events if isinstance(each, Gap)]


def test_an_account_s_rooms_are_its_own() -> None:
    """Those that another connection entered are not left on coming back."""
    talk = Talk()
    talk.connect(entered(), welcomed=account())
    talk.protocol.disconnected()
    _, sent = talk.connect(welcomed=account("lobby", "tea", resumed=True))
    assert sent == []
    assert talk.protocol.rooms == ("lobby", "tea")


def test_what_was_told_is_said_to_be_read() -> None:
    """By an account; a guest's is nobody's business."""
    for welcomed, read in ((account(), [Read(3, "lobby"), Read(9, "@")]), (welcome(), [])):
        talk = Talk()
        talk.connect(entered(last=2), said(3), DmFrame(9, 1.0, "bob", "dave", "hi"), welcomed=welcomed)
        talk.protocol.told(10.0)
        assert talk.protocol.reading.rest() == read


def test_what_is_changed_has_its_place(talk: Talk) -> None:
    """Nothing is missing between it and what is said; one's own comes with its acknowledgement."""
    talk.protocol.submit(Edit(1, "better", "lobby", "e"))
    talk.protocol.submit(Delete(2, "lobby", "d"))
    theirs = EditFrame("lobby", 3, 1.0, "bob", 2, "hello")
    events, _ = talk.hear(
        said(1), said(2), theirs, Ack("e", 4, 1.0, "lobby"), said(6), Ack("d", 5, 2.0, "lobby")
    )
    assert [each for each in events if isinstance(each, Changed)] == [
        Changed(theirs),
        Changed(EditFrame("lobby", 4, 1.0, "dave", 1, "better")),
        Changed(DeleteFrame("lobby", 5, 2.0, "dave", 2)),
    ]
    events, _ = talk.hear(theirs, said(7))
    assert events == [Said(said(7))]


def test_a_change_is_not_sent_again(talk: Talk) -> None:
    """Whoever lost the connection is not surprised by it later."""
    talk.protocol.submit(Edit(1, "better", "lobby", "e"))
    talk.protocol.disconnected()
    with pytest.raises(OfflineError):
        talk.protocol.submit(Delete(1, "lobby"))
    _, sent = talk.connect()
    assert [each for each in sent if isinstance(each, Edit | Delete)] == []
