"""The contract of `Hub`: who is here, sessions that come back, rooms that come and go, inboxes."""

import contextlib
import threading
from typing import Any, NoReturn

import pytest

from chat_protocol.errors import NoSuchUserError
from chat_protocol.messages import Dm, Exit, Join, Leave, List, Msg, Name, RegName, Who
from chat_protocol.server_messages import (
    Ack,
    DmFrame,
    ErrorFrame,
    Joined,
    Left,
    MsgFrame,
    NameChanged,
    Rooms,
    Welcome,
)
from chat_server.chat import registry
from chat_server.chat.inbox import INBOX, Inbox
from chat_server.chat.registry import HubLimits
from chat_server.chat.room import Room
from chat_server.chat.session import Session
from chat_server.errors import JournalError
from chat_server.journal.base import Page
from chat_server.stream.commit import GroupCommit
from chat_server.stream.delivery import Delivery
from tests.support import interleave
from tests.support.interleave import Body
from tests.support.world import LOCKING, Client, FragileJournal, RecordingOutbox, World


def direct(outbox: RecordingOutbox) -> list[tuple[int, str]]:
    """Return the ids and texts of the direct messages that came."""
    return [(each.id, each.text) for each in outbox.of(DmFrame)]


def back(world: World, gone: Client, name: str | None = None, **after: int) -> Client:
    """Return the client that resumes another's session, after these ids of its rooms."""
    client = Client(world.hub)
    positions = {INBOX if room_name == "inbox" else room_name: id_ for room_name, id_ in after.items()}
    client.register(name or gone.session.identity.name, session=gone.session.token, after=positions)
    return client


# Names


def test_welcome() -> None:
    """It has the name as it is shown, a session, the lobby and the journal's epoch."""
    world = World()
    client = Client(world.hub)
    welcome = client.register(" \uff44\uff41\uff56\uff45 ")
    assert welcome is not None
    assert (welcome.name, welcome.rooms, welcome.resumed) == ("dave", ["lobby"], None)
    assert welcome.epoch == world.journal.epoch
    assert [type(each) for each in client.outbox.messages] == [Welcome, Joined]
    assert world.hub.counts() == (1, 1)


@pytest.mark.parametrize("name", ["dave", "DAVE", "\uff44\uff41\uff56\uff45", "dave\u3164"])
def test_a_name_is_held_by_one(name: str) -> None:
    """Contract 1: one that reads the same is taken, and the same connection may try again."""
    world = World()
    world.client("dave")
    other = Client(world.hub)
    assert other.register(name) is None
    assert other.outbox.errors() == ["name_taken"]
    assert other.register("eve") is not None
    assert world.hub.counts() == (2, 1)


def test_a_name_is_kept_for_a_while_for_who_lost_the_connection() -> None:
    """Nobody else gets it meanwhile, nor what is said to it; later it is free, and the session is there."""
    world = World(limits=HubLimits(name_hold=60.0))
    ann, dave = world.clients("ann", "dave")
    dave.hang_up("peer_reset")
    assert world.hub.counts() == (1, 1)
    eve = Client(world.hub)
    assert eve.register("DAVE") is None
    assert eve.outbox.errors() == ["name_taken"]
    ann.send(Dm("dave", "the secret", ref="1"), Name("dave"))
    assert (ann.outbox.acked(), ann.outbox.errors()) == ([1], ["name_taken"])
    again = back(world, dave)
    assert direct(again.outbox) == [(1, "the secret")]
    again.hang_up("peer_reset")
    world.clock.now += 60.5
    ann.send(Dm("dave", "too late"))
    assert ann.outbox.errors()[1:] == ["no_such_user"]
    assert eve.register("dave") is not None
    assert back(world, again, "david").outbox.of(Welcome)[0].resumed is True


def test_a_name_is_free_when_its_holder_has_left() -> None:
    """Contract 1: who said EXIT holds none."""
    world = World()
    world.client("dave").hang_up("exit", final=True)
    assert world.hub.counts() == (0, 1)
    assert Client(world.hub).register("dave") is not None


@pytest.mark.parametrize("final", [True, False])
def test_the_name_of_before_is_free_after_a_change(final: bool) -> None:  # noqa: FBT001  # a case
    """Also when the session comes back under another one, and however it ends."""
    world = World()
    (dave,) = world.clients("dave")
    dave.send(Name("david"))
    dave.hang_up(final=final)
    back(world, dave, "dav").hang_up(final=True)
    found = [name for name in ("dave", "david", "dav") if world.hub.directory.find(name)]
    assert found == [] or not final
    for name in ("dave", "david", "dav"):
        assert Client(world.hub).register(name) is not None


def test_rename() -> None:
    """Contract 1: the old name is free, the new one is held, and each who shares a room is told once."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    cat = world.client("cat")
    cat.send(Leave("lobby"))
    for client in (ann, bob, cat):
        client.outbox.clear()
    ann.send(Name("Anna", ref="n"))
    assert [(each.old, each.name, each.ref) for each in ann.outbox.of(NameChanged)] == [("ann", "Anna", "n")]
    assert [(each.old, each.name, each.ref) for each in bob.outbox.of(NameChanged)] == [("ann", "Anna", None)]
    assert bob.outbox.droppable == [True]
    assert cat.outbox.messages == []
    assert Client(world.hub).register("ann") is not None
    bob.send(Name("ANNA"))
    assert bob.outbox.errors() == ["name_taken"]
    ann.say("hi")
    assert bob.outbox.of(MsgFrame)[-1].sender == "Anna"


def test_rename_to_another_case() -> None:
    """A name may change its case, and stays held."""
    world = World()
    (ann,) = world.clients("ann")
    ann.send(Name("ANN"))
    assert ann.session.identity.name == "ANN"
    assert Client(world.hub).register("ann") is None
    ann.hang_up()
    assert world.hub.counts() == (0, 1)


def test_two_at_once_get_a_name_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 1: in every order of two who want it."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World()
        one, other = Client(world.hub), Client(world.hub)

        def check() -> None:
            assert one.conversation.has_session is not other.conversation.has_session
            assert sorted(one.outbox.errors() + other.outbox.errors()) == ["name_taken"]
            assert world.hub.counts() == (1, 1)

        return [lambda: one.send(RegName("dave")), lambda: other.send(RegName("DAVE"))], check

    assert interleave.explore(scenario, preemptions=1) > 3


# Sessions


def test_resume() -> None:
    """Contract 2: the same name, the same rooms, and exactly what was missed."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    bob.say("1", room="lobby")
    ann.hang_up()
    bob.say("2", "3", room="lobby")
    bob.say("1", room="den")
    again = back(world, ann, lobby=1, den=0)
    (welcome,) = again.outbox.of(Welcome)
    assert (welcome.resumed, welcome.name, sorted(welcome.rooms)) == (True, "ann", ["den", "lobby"])
    assert welcome.session == ann.session.token
    bob.say("4", room="lobby")
    assert (again.outbox.ids(), again.outbox.ids("den")) == ([2, 3, 4], [1])
    assert again.session is ann.session


def test_resume_with_another_name() -> None:
    """Who comes back may have another name by now."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.hang_up()
    again = back(world, ann, "anna")
    assert again.session.identity.name == "anna"
    assert bob.outbox.of(Joined)[-1].name == "anna"


def test_resume_replaces_a_connection_that_hangs() -> None:
    """Contract 2: the old one is told to end, and is waited for."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.outbox.on_end = lambda _reason: threading.Thread(target=ann.hang_up).start()
    bob.say("1")
    again = back(world, ann, lobby=0)
    assert ann.outbox.ended == ["session_replaced"]
    assert again.outbox.of(Welcome)[0].resumed is True
    assert again.outbox.ids() == [1]
    bob.say("2")
    assert (ann.outbox.ids(), again.outbox.ids()) == ([1], [1, 2])
    assert world.hub.counts() == (2, 1)


def test_resume_comes_too_late_where_the_old_connection_ends_with_exit() -> None:
    """Contract 2: who said EXIT has ended the session, for whoever waits for it too."""
    world = World()
    (ann,) = world.clients("ann")
    ann.outbox.on_end = lambda _reason: threading.Thread(target=ann.hang_up, kwargs={"final": True}).start()
    again = back(world, ann)
    assert again.outbox.of(Welcome)[0].resumed is False
    assert again.session is not ann.session


def test_resume_gives_up_on_a_connection_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2: it never takes a session from under another's feet."""
    monkeypatch.setattr(registry, "REPLACE_SECONDS", 0.0)
    world = World()
    (ann,) = world.clients("ann")
    again = back(world, ann)
    assert again.outbox.errors() == ["unavailable"]
    assert not again.conversation.has_session
    assert ann.session.outbox is ann.outbox


def test_a_session_whose_name_was_taken_meanwhile() -> None:
    """It may come back under another, now or later, and is not lost by the try."""
    world = World()
    (ann,) = world.clients("ann")
    ann.hang_up()
    world.clock.now += 61
    world.client("ANN")
    again = back(world, ann)
    assert again.outbox.errors() == ["name_taken"]
    again.register("anna", session=ann.session.token)
    assert again.outbox.of(Welcome)[0].resumed is True
    assert world.hub.counts() == (2, 1)


def test_a_session_expires() -> None:
    """Contract 2: after `session_ttl` seconds without a connection; the client then comes as new."""
    world = World(limits=HubLimits(session_ttl=600))
    (ann,) = world.clients("ann")
    world.clock.now += 10_000
    world.hub.sweep()
    ann.hang_up()
    world.clock.now += 600
    world.hub.sweep()
    still = back(world, ann)
    assert still.outbox.of(Welcome)[0].resumed is True
    still.hang_up()
    world.clock.now += 601
    world.hub.sweep()
    gone = back(world, still)
    (welcome,) = gone.outbox.of(Welcome)
    assert (welcome.resumed, welcome.rooms) == (False, ["lobby"])
    assert welcome.session != ann.session.token


def test_exit_ends_the_session() -> None:
    """Who said goodbye comes back as new."""
    world = World()
    (ann,) = world.clients("ann")
    ann.send(Exit())
    assert ann.conversation.over == "exit"
    ann.hang_up("exit", final=True)
    assert back(world, ann).outbox.of(Welcome)[0].resumed is False


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é", "A" * 48])
def test_a_session_that_never_was(token: str) -> None:
    """Whatever a client makes up, it comes as new and is told so."""
    client = Client(World().hub)
    welcome = client.register("ann", session=token, after={"lobby": 5})
    assert welcome is not None
    assert welcome.resumed is False


def test_refs_of_a_session_outlive_its_connection() -> None:
    """What was published before is acknowledged again and not published again."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Msg("1", ref="a"))
    ann.hang_up()
    again = back(world, ann, lobby=0)
    again.send(Msg("1", ref="a"), Msg("2", ref="b"))
    assert bob.outbox.ids() == [1, 2]
    assert again.outbox.acked() == [1, 2]


# Restarts


def test_a_session_is_revived_after_a_restart() -> None:
    """The token tells that it was given out for this journal; refs come from there."""
    world = World(FragileJournal())
    ann, bob = world.clients("ann", "bob")
    ann.send(Msg("1", ref="a"))
    bob.send(Dm("ann", "psst"))
    bob.say("2")
    later = world.restarted()
    (reader,) = later.clients("reader")
    again = Client(later.hub)
    positions = {"lobby": 1, INBOX: 0}
    welcome = again.register("ann", session=ann.session.token, after=positions, epoch=world.journal.epoch)
    assert welcome is not None
    assert (welcome.resumed, welcome.rooms) == (True, ["lobby"])
    assert (again.outbox.ids(), direct(again.outbox)) == ([2], [(1, "psst")])
    again.send(Msg("1", ref="a"), Msg("3", ref="b"))
    assert reader.outbox.ids() == [3]
    assert [(each.ref, each.id) for each in again.outbox.of(Ack)] == [("a", 1), ("b", 3)]


def test_another_epoch_means_another_record() -> None:
    """Ids of another epoch say nothing: the client comes as new, and is told the epoch that is."""
    world = World()
    (ann,) = world.clients("ann")
    ann.hang_up()
    again = Client(world.hub)
    welcome = again.register("anna", session=ann.session.token, after={"lobby": 7}, epoch="another")
    assert welcome is not None
    assert (welcome.resumed, welcome.epoch) == (False, world.journal.epoch)


def test_a_token_of_another_journal_is_none() -> None:
    """Another secret signed it."""
    (ann,) = World().clients("ann")
    welcome = Client(World().hub).register("ann", session=ann.session.token)
    assert welcome is not None
    assert welcome.resumed is False


def test_a_session_is_not_revived_for_ever() -> None:
    """Once the server has run for `session_ttl`, every session from before has expired."""
    world = World(limits=HubLimits(session_ttl=600))
    (ann,) = world.clients("ann")
    later = world.restarted()
    later.clock.now += 601
    welcome = Client(later.hub).register("ann", session=ann.session.token)
    assert welcome is not None
    assert welcome.resumed is False


def returned(world: World, token: str) -> Welcome:
    """Return the WELCOME of a client who comes with this token."""
    client = Client(world.hub)
    welcome = client.register("ann", session=token)
    assert welcome is not None
    client.hang_up(final=not welcome.resumed)
    return welcome


def test_a_session_gets_another_token_in_each_run() -> None:
    """Both are good while that server runs: the WELCOME with the new one may never have arrived."""
    world = World()
    token = world.client("ann").session.token
    later = world.restarted()
    welcome = returned(later, token)
    assert welcome.resumed is True
    assert welcome.session != token
    assert returned(later, welcome.session).session == welcome.session
    assert returned(later, token).session == welcome.session
    later.clock.now += 500
    assert returned(later, token).resumed is True
    later.clock.now += 500
    later.hub.sweep()
    assert returned(later, token).resumed is True, "the server has run for long, and knows the session"


def test_a_session_lasts_as_long_as_somebody_comes_back_to_it() -> None:
    """However often the server is restarted, and however long each run is."""
    world = World(limits=HubLimits(session_ttl=600))
    token = world.client("ann").session.token
    for _ in range(3):
        world = world.restarted()
        welcome = returned(world, token)
        assert welcome.resumed is True
        token = welcome.session
        world.time.now += 5000


@pytest.mark.parametrize(("seconds", "resumed"), [(598.0, True), (601.0, False)])
def test_a_token_of_the_run_before_last(seconds: float, *, resumed: bool) -> None:
    """It is good where the run between was short: a server that crashes again and again loses nobody."""
    world = World(limits=HubLimits(session_ttl=600))
    token = world.client("ann").session.token
    between = world.restarted()
    between.time.now += seconds
    later = between.restarted()
    assert returned(later, token).resumed is resumed


@pytest.mark.parametrize("step", [-100_000.0, 100_000.0])
def test_a_clock_that_is_set_loses_no_session_of_the_run_before(step: float) -> None:
    """Between two runs, back or forward."""
    world = World()
    token = world.client("ann").session.token
    world.time.now += step
    assert returned(world.restarted(), token).resumed is True


@pytest.mark.parametrize("question", ["known", "open"])
def test_a_session_is_asked_for_again_where_the_journal_failed(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is told to try again, and then comes back."""

    def fail(_: str) -> NoReturn:
        raise JournalError("unreadable")

    world = World()
    token = world.client("ann").session.token
    later = world.restarted()
    client = Client(later.hub)
    with monkeypatch.context() as broken:
        broken.setattr(later.journal, question, fail)
        assert client.register("ann", session=token) is None
    assert client.outbox.errors() == ["unavailable"]
    assert returned(later, token).resumed is True


def test_exit_ends_a_session_of_the_run_before() -> None:
    """With its new token as with its old one; others of that run still come back."""
    world = World()
    token, other = (world.client(name).session.token for name in ("ann", "bob"))
    later = world.restarted()
    again = Client(later.hub)
    welcome = again.register("ann", session=token)
    assert welcome is not None
    assert welcome.resumed is True
    again.send(Exit())
    again.hang_up("exit", final=True)
    assert returned(later, token).resumed is False
    assert returned(later, welcome.session).resumed is False
    assert returned(later, other).resumed is True


def test_a_session_that_was_forgotten_is_not_revived() -> None:
    """A token that this very server gave out and has forgotten is no session from before."""
    world = World(limits=HubLimits(session_ttl=600))
    (ann,) = world.clients("ann")
    ann.send(Exit())
    ann.hang_up("exit", final=True)
    assert back(world, ann).outbox.of(Welcome)[0].resumed is False


# Rooms


def test_a_room_lives_as_long_as_somebody_is_in_it() -> None:
    """Contract 3: then it is forgotten, and its ids go on when it comes to be again."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.say("1", "2", room="den")
    ann.send(Leave("den"))
    world.hub.sweep()
    assert world.hub.counts() == (2, 2)
    bob.send(Leave("den"))
    world.hub.sweep()
    assert world.hub.counts() == (2, 1)
    ann.send(Join("den"))
    bob.send(Join("den"))
    ann.say("3", room="den")
    assert bob.outbox.ids("den") == [1, 2, 1, 2, 3]
    assert world.hub.counters().delivered["msg"] == 3, "what a forgotten room counted still counts"


def test_the_lobby_stays() -> None:
    """Contract 3: whoever is in it."""
    world = World()
    world.hub.sweep()
    assert world.hub.counts() == (0, 1)


def test_a_room_that_somebody_is_entering_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 3: in every order of who leaves last, who comes, and the sweep between them."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World()
        ann, bob = world.clients("ann", "bob")
        ann.send(Join("den"))

        def check() -> None:
            bob.say("hi", room="den")
            assert bob.outbox.errors() == []
            ann.send(Join("den"))
            assert ann.session.memberships["den"].room is bob.session.memberships["den"].room, (
                "there are two rooms of one name"
            )
            assert world.hub.counts() == (2, 2)

        return [lambda: ann.send(Leave("den")), lambda: bob.send(Join("den")), world.hub.sweep], check

    assert interleave.explore(scenario, preemptions=1) > 10


def test_a_bound_of_rooms() -> None:
    """In all, and of one user; to join one that there is costs nothing."""
    world = World(limits=HubLimits(rooms=2, rooms_per_user=2))
    ann, bob, cat = world.clients("ann", "bob", "cat")
    ann.send(Join("den"), Join("attic"), Join("den"))
    bob.send(Join("attic"), Join("den"))
    assert (ann.outbox.errors(), bob.outbox.errors()) == (["limit_reached"], ["limit_reached"])
    cat.send(Leave("lobby"), Join("den"))
    assert cat.outbox.errors() == []


def test_a_resume_into_more_rooms_than_there_may_be() -> None:
    """It gets those that it may have, is told of the others, and leaves no ghost behind."""
    world = World(limits=HubLimits(rooms=2, rooms_per_user=2))
    (ann,) = world.clients("ann", rooms=["den"])
    ann.hang_up()
    again = back(world, ann, attic=0)
    assert again.outbox.errors() == ["limit_reached"]
    assert again.conversation.has_session
    assert sorted(again.session.memberships) == ["den", "lobby"]
    again.hang_up()
    assert world.hub.counts()[0] == 0


def test_more_rooms_than_there_may_be_now() -> None:
    """Whoever comes back to a server with a lower limit gets so many, and is told once which are left out."""
    world = World()
    (ann,) = world.clients("ann", rooms=["a", "b", "c", "d"])
    world.limits = HubLimits(rooms_per_user=2)
    later = world.restarted()
    again = Client(later.hub)
    after = {**dict.fromkeys(("lobby", "a", "b", "c", "d"), 0), **{f"r{number}": 0 for number in range(600)}}
    welcome = again.register("ann", session=ann.session.token, after=after)
    assert welcome is not None
    assert (welcome.resumed, welcome.rooms) == (True, ["lobby", "a"])
    (error,) = again.outbox.of(ErrorFrame)
    assert error.code == "limit_reached"
    assert ": b, c, d, r0," in error.text
    assert list(again.session.memberships) == ["lobby", "a"]
    again.send(Leave("a"), Join("b"))
    assert again.outbox.errors() == ["limit_reached"]


def test_a_position_in_what_is_no_room() -> None:
    """An error, and another try."""
    client = Client(World().hub)
    assert client.register("ann", session="x", after={"bad name": 0}) is None
    assert client.outbox.errors() == ["room_invalid"]


def test_a_join_that_fails_leaves_a_room_that_can_be_forgotten() -> None:
    """A name that is no room's changes nothing."""
    world = World()
    (ann,) = world.clients("ann")
    ann.send(Join("no room"))
    assert ann.outbox.errors() == ["room_invalid"]
    assert world.hub.counts() == (1, 1)


def test_listing() -> None:
    """The largest room first, then by name."""
    world = World()
    world.clients("ann", rooms=["den", "attic"])
    (bob,) = world.clients("bob", rooms=["den"])
    bob.send(List(), Who("den"))
    (rooms,) = bob.outbox.of(Rooms)
    assert [(each.room, each.members) for each in rooms.rooms] == [("den", 2), ("lobby", 2), ("attic", 1)]


# Leaving


def test_who_is_gone_is_seen_to_go() -> None:
    """In every room, with the reason."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.hang_up("ping_timeout")
    assert [(each.room, each.name, each.reason) for each in bob.outbox.of(Left)] == [
        ("lobby", "ann", "ping_timeout"),
        ("den", "ann", "ping_timeout"),
    ]
    bob.say("hi")
    assert ann.outbox.messages == []


def test_a_server_that_stops_tells_nobody_who_leaves() -> None:
    """Since everybody does."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    world.hub.stopping = True
    ann.hang_up("server_shutdown")
    assert bob.outbox.messages == []


# Direct messages


def test_a_direct_message() -> None:
    """It goes to one alone, with ids of its own; the ACK names no room."""
    ann, bob, cat = World().clients("ann", "bob", "cat")
    ann.send(Dm("BOB", "psst", "r"), Dm("bob", "hey"))
    cat.send(Dm("bob", "hi"))
    assert direct(bob.outbox) == [(1, "psst"), (2, "hey"), (3, "hi")]
    assert next((each.sender, each.to) for each in bob.outbox.of(DmFrame)) == ("ann", "bob")
    assert [(each.ref, each.id, each.room) for each in ann.outbox.of(Ack)] == [("r", 1, None)]
    assert cat.outbox.messages == []


@pytest.mark.parametrize("to", ["nobody", "", "\0"])
def test_a_direct_message_to_nobody(to: str) -> None:
    """An error with the ref."""
    ann, _bob = World().clients("ann", "bob")
    ann.send(Dm(to, "psst", "r"))
    assert [(each.code, each.ref) for each in ann.outbox.of(ErrorFrame)] == [("no_such_user", "r")]


def test_direct_messages_that_were_missed() -> None:
    """A resume brings those after the last that the client has."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Dm("bob", "1"), Dm("bob", "2"))
    bob.hang_up()
    ann.send(Dm("bob", "3"))
    again = back(world, bob, inbox=1)
    ann.send(Dm("bob", "4"))
    assert ann.outbox.errors() == []
    assert direct(again.outbox) == [(2, "2"), (3, "3"), (4, "4")]
    assert direct(bob.outbox) == [(1, "1"), (2, "2")]


@pytest.mark.parametrize("before", [0, 2])
def test_a_direct_message_between_welcome_and_replay(before: int) -> None:
    """Somebody who is just coming back gets it once, whether or not an inbox was there."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(*(Dm("bob", str(number)) for number in range(before)))
    bob.hang_up()
    again = Client(world.hub)

    def greet(frames: bytes) -> None:
        if b"WELCOME" in frames:
            ann.send(Dm("bob", "welcome back"))

    again.outbox.on_push = greet
    again.register("bob", session=bob.session.token, after={"lobby": 0, INBOX: 0})
    ann.send(Dm("bob", "at last"))
    assert [id_ for id_, _ in direct(again.outbox)] == list(range(1, before + 3))


def test_a_direct_message_to_a_revived_session_before_its_replay() -> None:
    """After a restart too: what was missed comes first, and nothing twice."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Dm("bob", "1"), Dm("bob", "2"))
    later = world.restarted()
    (cat,) = later.clients("cat")
    again = Client(later.hub)

    def greet(frames: bytes) -> None:
        if b"WELCOME" in frames:
            cat.send(Dm("bob", "welcome back"))

    again.outbox.on_push = greet
    again.register("bob", session=bob.session.token, after={"lobby": 0, INBOX: 1})
    assert direct(again.outbox) == [(2, "2"), (3, "welcome back")]


def test_a_direct_message_to_one_who_is_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every order it is refused, or it is there when the other comes back; once."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World()
        ann, bob = world.clients("ann", "bob")

        def check() -> None:
            again = back(world, bob, inbox=len(bob.outbox.of(DmFrame)))
            ann.send(Dm("bob", "after"))
            got = direct(bob.outbox) + direct(again.outbox)
            sent = 1 if ann.outbox.errors() else 2
            assert [id_ for id_, _ in got] == list(range(1, sent + 1))

        return [lambda: ann.send(Dm("bob", "psst")), bob.hang_up], check

    assert interleave.explore(scenario) > 10


def test_a_direct_message_to_one_who_is_coming_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every order it is refused, or it comes once, before what is said later."""
    interleave.patch(monkeypatch, *LOCKING)

    def scenario() -> tuple[list[Body], Body]:
        world = World()
        ann, bob = world.clients("ann", "bob")
        bob.hang_up()
        again = Client(world.hub)

        def come_back() -> None:
            again.register("bob", session=bob.session.token, after={"lobby": 0, INBOX: 0})

        def check() -> None:
            ann.send(Dm("bob", "after"))
            sent = 1 if ann.outbox.errors() else 2
            assert [id_ for id_, _ in direct(again.outbox)] == list(range(1, sent + 1))

        return [lambda: ann.send(Dm("bob", "psst")), come_back], check

    assert interleave.explore(scenario) > 10


@pytest.mark.parametrize("question", ["bounds", "read"])
@pytest.mark.parametrize("resumed", [True, False])
def test_who_cannot_be_shown_the_first_room_is_not_welcomed(
    monkeypatch: pytest.MonkeyPatch,
    question: str,
    resumed: bool,  # noqa: FBT001  # a case
) -> None:
    """Contract 1: an error and another try; nothing was told, no name is held, no room has a ghost."""

    def fail(*_arguments: object) -> NoReturn:
        raise JournalError("unreadable")

    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.say("1", room="den")
    ann.say("1", room="lobby")
    bob.hang_up()
    again = Client(world.hub)
    fields = {"session": bob.session.token, "after": {"lobby": 0, "den": 0}} if resumed else {}
    ann.outbox.clear()
    with monkeypatch.context() as broken:
        broken.setattr(world.journal, question, fail)
        assert again.register("bob" if resumed else "cat", **fields) is None
    assert again.outbox.errors() == ["unavailable"]
    assert not again.conversation.has_session
    assert world.hub.counts()[0] == 1
    welcome = again.register("bob" if resumed else "cat", **fields)
    assert welcome is not None
    ann.say("2", room="lobby")
    assert again.outbox.ids() == [1, 2]


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_what_fails_after_welcome_ends_the_connection(monkeypatch: pytest.MonkeyPatch, reads: int) -> None:
    """Contract 1: the client was told that it is in; it is, until its connection ends, and may resume."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.say("1", room="den")
    ann.send(Dm("bob", "psst"))
    bob.hang_up()
    again = Client(world.hub)
    answers = iter(range(reads))
    read = world.journal.read

    def fail_later(*arguments: Any) -> Page:  # noqa: ANN401  # as the journal's
        if next(answers, None) is None:
            raise JournalError("unreadable")
        return read(*arguments)

    after = {"lobby": 0, "den": 0, INBOX: 0}
    ann.say("1", room="lobby")
    with monkeypatch.context() as broken:
        broken.setattr(world.journal, "read", fail_later)
        again.register("bob", session=bob.session.token, after=after)
    assert type(again.outbox.messages[0]) is Welcome
    assert again.outbox.errors() == []
    assert again.outbox.ended == ([] if reads == 3 else ["internal_error"])
    again.hang_up("internal_error")
    assert [each.room.people() for each in ann.session.memberships.values()] == [[ann.session.identity]] * 2
    assert back(world, again).outbox.of(Welcome)[0].resumed is True


@pytest.mark.parametrize("resumed", [True, False])
def test_welcome_is_the_first_line_after_the_name(
    monkeypatch: pytest.MonkeyPatch,
    resumed: bool,  # noqa: FBT001  # a case
) -> None:
    """Contract 1: whatever is said to who comes while it comes."""
    world = World()
    ann, dave = world.clients("ann", "dave")
    ann.send(Dm("dave", "1"))
    dave.hang_up(final=not resumed)
    admit = world.hub.registry.give_name

    def admit_and_speak(session: Session, name: str) -> None:
        admit(session, name)
        ann.send(Dm("dave", "psst", ref="d"), Msg("hi"))

    with monkeypatch.context() as spied:
        spied.setattr(world.hub.registry, "give_name", admit_and_speak)
        again = back(world, dave, inbox=0)
    ann.send(Dm("dave", "last"))
    assert type(again.outbox.messages[0]) is Welcome
    assert [text for _, text in direct(again.outbox)] == [*(["1"] if resumed else []), "psst", "last"]
    assert ann.outbox.errors() == []


def test_a_change_of_name_comes_after_what_was_said_before_it() -> None:
    """And before what is said after it, also when another thread is about to deliver it."""
    world = World()
    ann, bob, cat = world.clients("ann", "bob", "cat", rooms=["den"])
    den = ann.session.memberships["den"].room.delivery

    def rename_meanwhile(_frames: bytes) -> None:
        cat.outbox.on_push = None
        threads.append(threading.Thread(target=ann.send, args=(Name("anna"), Msg("after", "den"))))
        threads[0].start()

    threads: list[threading.Thread] = []
    cat.outbox.on_push = rename_meanwhile
    ann.say("before", room="den")
    threads[0].join()
    den.deliver()
    told = [
        each.text if isinstance(each, MsgFrame) else each.name
        for each in bob.outbox.messages
        if isinstance(each, MsgFrame | NameChanged)
    ]
    assert told == ["before", "anna", "after"]


def test_nobody_changes_names_while_nothing_can_be_stored() -> None:
    """What was said before could not be shown before it."""
    journal = FragileJournal()
    ann, bob = World(journal).clients("ann", "bob")
    journal.broken = True
    ann.say("1")
    ann.send(Name("anna", ref="n"))
    assert [(each.code, each.ref) for each in ann.outbox.of(ErrorFrame)] == [("unavailable", "n")]
    assert bob.outbox.messages == []


def fault(*_arguments: object, **_fields: object) -> NoReturn:
    """Fail as nobody expects."""
    raise MemoryError("told to")


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (Room, "_announce"),
        (Delivery, "leave"),
        (GroupCommit, "submit"),
        (Inbox, "close"),
        (GroupCommit, "store_and_deliver"),
    ],
    ids=["announce", "leave", "submit", "inbox", "drive"],
)
def test_the_end_keeps_its_promises_whatever_fails(
    monkeypatch: pytest.MonkeyPatch, kind: type, method: str
) -> None:
    """Contract 4: no ghost member, the session away and its name kept; with EXIT all of it gone."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.send(Dm("bob", "psst"))
    with monkeypatch.context() as broken:
        broken.setattr(kind, method, fault)
        with contextlib.suppress(MemoryError):
            bob.hang_up("peer_reset")
    assert [each.room.people() for each in ann.session.memberships.values()] == [[ann.session.identity]] * 2
    assert world.hub.counts()[0] == 1
    again = back(world, bob)
    assert again.outbox.of(Welcome)[0].resumed is True
    with monkeypatch.context() as broken:
        broken.setattr(kind, method, fault)
        with contextlib.suppress(MemoryError):
            again.hang_up("exit", final=True)
    assert [name for name in ("ann", "bob") if world.hub.directory.find(name)] == ["ann"]


def test_nobody_is_told_by_a_hub_that_they_are_not() -> None:
    """`tell` raises, for who calls it without a conversation."""
    world = World()
    (ann,) = world.clients("ann")
    with pytest.raises(NoSuchUserError):
        world.hub.tell(ann.session, [Dm("bob", "hi")], 0.0)
