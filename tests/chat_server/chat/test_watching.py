"""Who is told when somebody of a name comes and goes."""

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Name
from chat_protocol.people_messages import WATCHED_AT_MOST, Offline, Online, Watch, Watched
from chat_server.chat.identity import Identity
from chat_server.chat.session import guest
from chat_server.chat.watching import Watches
from tests.chat_server.chat.test_people import come, world
from tests.support.world import Client, RecordingOutbox, World


def events(client: Client) -> list[tuple[str, str]]:
    """Return who came and who went, as a client was told."""
    return [
        ("on" if isinstance(each, Online) else "off", name)
        for each in client.outbox.messages
        if isinstance(each, Online | Offline)
        for name in each.names
    ]


def state(client: Client) -> tuple[list[str], list[str]]:
    """Return who is here and who is not, of those whom a client watches."""
    client.outbox.clear()
    client.send(Watch())
    (watched,) = client.outbox.of(Watched)
    return watched.online, watched.offline


def test_whoever_is_watched_comes_and_goes() -> None:
    """The answer says how it is now, and an event whenever that changes."""
    chat = World()
    ann, _bob = chat.clients("ann", "bob")
    ann.send(Watch(["BOB", "cat"], ref="w"))
    (answer,) = ann.outbox.of(Watched)
    assert (answer.online, answer.offline, answer.ref) == (["bob"], ["cat"], "w")
    cat = chat.client("Cat")
    assert events(ann) == [("on", "Cat")]
    cat.hang_up()
    assert events(ann) == [("on", "Cat"), ("off", "Cat")]
    assert state(ann) == (["bob"], ["cat"])


def test_a_fault_at_the_end_leaves_no_list_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what somebody watched who is gone, nor that they are here."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    ann.send(Watch(["bob"]))
    bob.send(Watch(["ann"]))

    def fail(*_: object, **__: object) -> None:
        raise OSError("the directory is out of reach")

    monkeypatch.setattr(chat.hub.directory, "release", fail)
    with pytest.raises(OSError, match="out of reach"):
        bob.conversation.hub.disconnect(bob.session, "exit", final=True)
    assert len(chat.hub.presence.watches) == 1


def test_a_change_of_name_is_a_going_and_a_coming() -> None:
    """But not one of case alone; who goes, goes under the name as it was."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    ann.send(Watch(["cat", "bob"]))
    bob.send(Name("CAT"), Name("Cat"), Name("bob"))
    assert events(ann) == [("off", "bob"), ("on", "CAT"), ("off", "Cat"), ("on", "bob")]


def test_several_connections_of_an_account_are_one_person() -> None:
    """It comes with the first, and goes with the last."""
    chat = world("ann")
    gus = chat.client("gus")
    gus.send(Watch(["ann"]))
    one, other = come(chat, "ann"), come(chat, "ann")
    one.hang_up(final=True)
    assert events(gus) == [("on", "ann")]
    other.hang_up(final=True)
    assert events(gus) == [("on", "ann"), ("off", "ann")]


def test_who_lost_the_connection_is_gone_until_they_come_back() -> None:
    """Though the name is kept for them."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    ann.send(Watch(["bob"]))
    token = bob.session.token
    bob.hang_up()
    assert Client(chat.hub).register("bob", session=token) is not None
    assert events(ann) == [("off", "bob"), ("on", "bob")]


def test_who_watches_no_more_is_told_no_more() -> None:
    """One by one, all, or at the end of the connection."""
    chat = World()
    ann, bob, cat = chat.clients("ann", "bob", "cat")
    for client in (ann, bob, cat):
        client.send(Watch(["dan", "eve"]))
    ann.send(Watch(["DAN", "nobody"], on=False))
    bob.send(Watch(["*"], on=False))
    cat.hang_up()
    assert state(ann) == ([], ["eve"])
    for client in (ann, bob, cat):
        client.outbox.clear()
    chat.clients("dan", "eve")
    assert (events(ann), events(bob), events(cat)) == ([("on", "eve")], [], [])
    ann.hang_up()
    assert len(chat.hub.presence.watches) == 0


def test_a_list_has_a_bound() -> None:
    """None of those that are too many is added; the same one twice is one."""
    (ann,) = World().clients("ann")
    ann.send(Watch([f"n{number}" for number in range(WATCHED_AT_MOST)]))
    ann.send(Watch(["N1", "n2"]), Watch(["n1", "more"]))
    assert ann.outbox.errors() == ["limit_reached"]
    online, offline = state(ann)
    assert (len(online), len(offline)) == (0, WATCHED_AT_MOST)


@pytest.mark.parametrize("name", ["a!b@c", "*!*@*", "", "x" * 33, "a b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """All of the list with it, since the answer is an error."""
    (ann,) = World().clients("ann")
    ann.send(Watch(["bob", name]))
    assert ann.outbox.errors() == ["name_invalid"]
    assert state(ann) == ([], [])


class Stage:
    """Watches, and who is here under which name."""

    def __init__(self) -> None:
        self.here: dict[str, Identity] = {}
        self.watches = Watches(self.here.get, 32)

    def watcher(self) -> tuple[RecordingOutbox, Callable[[], None]]:
        """Return an outbox, and what watches ann for it."""
        session, outbox = guest("token", "eve"), RecordingOutbox()
        session.outbox = outbox
        return outbox, lambda: self.watches.watch(session, ["ann"])

    def come(self) -> None:
        """Have ann come."""
        identity = self.here["ann"] = Identity("a", "ann")
        identity.sessions = (guest("t", "ann"),)
        self.watches.came(identity)

    def go(self) -> None:
        """Have ann go."""
        identity = self.here.pop("ann")
        identity.sessions = ()
        self.watches.went(identity, "ann")


def test_the_others_learn_what_a_newcomer_to_the_list_finds_out() -> None:
    """Somebody is found between their coming and the telling of it: it is told once."""
    stage = Stage()
    first, watch_first = stage.watcher()
    second, watch_second = stage.watcher()
    watch_first()
    stage.here["ann"] = identity = Identity("a", "ann")
    identity.sessions = (guest("t", "ann"),)
    watch_second()
    assert [each.names for each in first.of(Online)] == [["ann"]]
    assert second.of(Online) == []
    stage.watches.came(identity)
    assert (len(first.of(Online)), len(second.of(Online))) == (1, 0)


def test_whoever_went_on_the_way_is_not_told_as_here() -> None:
    """What is told late is looked at again under the lock."""
    stage = Stage()
    outbox, watch = stage.watcher()
    watch()
    identity = stage.here["ann"] = Identity("a", "ann")
    stage.watches.came(identity)  # has no connection any more
    assert outbox.messages == []


def test_the_next_of_a_name_is_not_sent_off_by_the_one_before() -> None:
    """A guest's end is told late, when another has the name."""
    stage = Stage()
    outbox, watch = stage.watcher()
    watch()
    stage.come()
    before = stage.here["ann"]
    stage.come()
    before.sessions = ()
    stage.watches.went(before, "ann")
    assert [type(each) for each in outbox.messages] == [Online]


@given(st.lists(st.sampled_from(["come", "go", "watch", "unwatch"]), max_size=20))
def test_events_take_turns(steps: list[str]) -> None:
    """For each watcher the last that was told is true."""
    stage = Stage()
    outbox, watch = stage.watcher()
    session = guest("token", "eve")
    session.outbox = outbox
    watching = False
    for step in steps:
        if step == "come" and "ann" not in stage.here:
            stage.come()
        elif step == "go" and "ann" in stage.here:
            stage.go()
        elif step == "watch":
            stage.watches.watch(session, ["ann"])
            watching = True
            outbox.clear()
        elif step == "unwatch":
            stage.watches.unwatch(session, ["ann"])
            watching = False
    kinds = [type(each) for each in outbox.messages]
    assert all(one is not other for one, other in pairwise(kinds))
    if watching:
        answer = stage.watches.state(session, None, None)
        assert answer.online == (["ann"] if "ann" in stage.here else [])
        assert not kinds or (kinds[-1] is Online) is bool(answer.online)
    watch()


def test_many_come_and_go_while_others_watch() -> None:
    """In threads: whatever the order, in the end everybody knows how it is."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    start = threading.Barrier(3)

    def come_and_go() -> None:
        start.wait()
        for _ in range(50):
            client = Client(chat.hub)
            assert client.register("cat") is not None
            client.hang_up(final=True)

    def watch(client: Client) -> None:
        start.wait()
        for _ in range(50):
            client.send(Watch(["cat"], on=False), Watch(["cat"]))

    threads = [threading.Thread(target=come_and_go)]
    threads += [threading.Thread(target=watch, args=[client]) for client in (ann, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state(ann) == state(bob) == ([], ["cat"])
    chat.client("cat")
    assert events(ann)[-1] == events(bob)[-1] == ("on", "cat")
