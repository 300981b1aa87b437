"""Who is here, since when, and what others see of them."""

import pytest

from chat_protocol.messages import Dm, History, Join, Leave, Msg
from chat_protocol.moderation_messages import Rules
from chat_protocol.people_messages import Away, Person, Profile, ProfileFrame, Whois
from chat_protocol.server_messages import DmFrame, ErrorFrame, HistoryFrame, Joined, MsgFrame
from tests.chat_server.chat.test_people import come, world
from tests.support.world import Client, World


def told(client: Client) -> list[tuple[str, str, str, bool, str | None]]:
    """Return the profiles that a client was told."""
    return [
        (each.name, each.realname, each.away, each.bot, each.ref) for each in client.outbox.of(ProfileFrame)
    ]


def rooms_of(client: Client, name: str) -> list[tuple[str, str | None]]:
    """Return the rooms of somebody, and the roles there, as a client is told."""
    client.outbox.clear()
    client.send(Whois(name))
    (person,) = client.outbox.of(Person)
    return [(each.room, each.role) for each in person.rooms]


def test_a_profile_is_told_once_to_each_who_shares_a_room() -> None:
    """After what was said before; who has changed it gets the answer."""
    chat = World()
    ann, bob = chat.clients("ann", "bob", rooms=["den"])
    cat = chat.client("cat")
    cat.send(Leave("lobby"))
    for client in (ann, bob, cat):
        client.outbox.clear()
    ann.send(Profile(realname="Ann B.", bot=True, ref="p"))
    assert told(ann) == [("ann", "Ann B.", "", True, "p")]
    assert told(bob) == [("ann", "Ann B.", "", True, None)]
    assert [each.changed for each in bob.outbox.of(ProfileFrame)] == [["realname", "bot"]]
    assert bob.outbox.droppable == [True]
    assert cat.outbox.messages == []


def test_a_profile_that_stays_is_told_to_nobody_else() -> None:
    """Asking for it, or giving the same again, is answered alone."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Profile(ref="1"), Profile(away="lunch", ref="2"), Profile(away="lunch", ref="3"))
    assert [each[2:] for each in told(ann)] == [
        ("", False, "1"),
        ("lunch", False, "2"),
        ("lunch", False, "3"),
    ]
    assert len(told(bob)) == 1


def test_a_profile_of_somebody_in_no_room() -> None:
    """It is answered, and told to nobody."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Leave())
    for client in (ann, bob):
        client.outbox.clear()
    ann.send(Profile(realname="Ann B.", ref="p"))
    assert told(ann) == [("ann", "Ann B.", "", False, "p")]
    assert told(bob) == []


def test_a_large_room_is_quiet_about_profiles() -> None:
    """As about who comes and goes; in a smaller one the same people are told."""
    chat = World(presence_limit=2)
    ann, bob = chat.clients("ann", "bob", rooms=["den"])
    cat = chat.client("cat")
    ann.send(Profile(away="lunch"))
    assert len(told(ann)) == len(told(bob)) == 1
    assert told(cat) == []


def test_a_bad_profile_changes_nothing() -> None:
    """An error with the ref."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Profile(away="two\nlines", ref="p"))
    assert [(each.code, each.ref) for each in ann.outbox.of(ErrorFrame)] == [("bad_field", "p")]
    assert told(bob) == []


def test_an_account_has_one_profile_on_all_connections() -> None:
    """Each of them is told once, and so is each who shares a room with any of them."""
    chat = world("ann")
    one, other = come(chat, "ann"), come(chat, "ann")
    gus, eve = chat.client("gus"), chat.client("eve", "den")
    other.send(Join("den"))
    one.send(Leave("lobby"), Join("attic"))
    eve.send(Leave("lobby"))
    for client in (one, other, gus, eve):
        client.outbox.clear()
    one.send(Profile(away="lunch", ref="p"))
    assert told(one) == [("ann", "", "lunch", False, "p")]
    assert [(each.account, each.changed) for each in gus.outbox.of(ProfileFrame)] == [(True, ["away"])]
    assert told(other) == told(gus) == told(eve) == [("ann", "", "lunch", False, None)]


def test_who_comes_in_is_seen_with_the_profile() -> None:
    """In JOINED, to the others."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Profile("Ann B.", "lunch", bot=True))
    bob.send(Join("tea"))
    ann.send(Join("tea"))
    joined = bob.outbox.of(Joined)[-1]
    assert (joined.name, joined.realname, joined.away, joined.bot) == ("ann", "Ann B.", "lunch", True)


def test_nobody_is_away_who_comes_back() -> None:
    """The rest of a profile stays with the session."""
    chat = World()
    ann = chat.client("ann")
    ann.send(Profile("Ann B.", "lunch"))
    token = ann.session.token
    ann.hang_up()
    again = Client(chat.hub)
    assert again.register("ann", session=token) is not None
    again.send(Profile())
    assert told(again) == [("ann", "Ann B.", "", False, None)]


def test_who_writes_to_somebody_who_is_away_is_told() -> None:
    """With the reason, each time."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Profile(away="lunch"))
    bob.outbox.clear()
    bob.send(Dm("ANN", "there?", "r"))
    assert [(each.name, each.text) for each in bob.outbox.of(Away)] == [("ann", "lunch")]
    ann.send(Profile(away=""))
    bob.send(Dm("ann", "there?"))
    assert len(bob.outbox.of(Away)) == 1


def test_who_somebody_is() -> None:
    """Since when, how long silent, and what they tell of themselves; in whatever spelling."""
    chat = World()
    chat.time.now, chat.clock.now = 100.0, 10.0
    ann, bob = chat.clients("ann", "bob")
    ann.send(Profile("Ann B.", "lunch", bot=True))
    chat.time.now, chat.clock.now = 160.0, 70.0
    bob.send(Whois("ANN", ref="w"))
    (person,) = bob.outbox.of(Person)
    assert (person.name, person.since, person.idle, person.ref) == ("ann", 100.0, 60.0, "w")
    assert (person.realname, person.away, person.bot) == ("Ann B.", "lunch", True)
    assert (person.account, person.operator) == (False, False)
    ann.conversation.handle([Msg("hi")], 65.0)
    bob.send(Whois("ann"))
    assert bob.outbox.of(Person)[-1].idle == pytest.approx(5.0)


def test_who_an_account_is() -> None:
    """The first of its connections counts, and the last that spoke."""
    chat = world("ann", "op")
    chat.store.set_operator(2, operator=True)
    chat.time.now = 100.0
    one, op = come(chat, "ann"), come(chat, "op")
    chat.time.now = 200.0
    come(chat, "ann")
    one.send(Whois("op"), Whois("ann"))
    them, mine = one.outbox.of(Person)
    assert (them.account, them.operator) == (True, True)
    assert (mine.account, mine.operator, mine.since) == (True, False, 100.0)
    op.hang_up(final=True)
    one.send(Whois("op"))
    assert one.outbox.errors() == ["no_such_user"]


@pytest.mark.parametrize("name", ["nobody", "", "\0", "x" * 1000])
def test_nobody_is_nobody(name: str) -> None:
    """Whoever is not here is not told from anyone who never was."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    bob.hang_up()
    ann.send(Whois("bob", "1"), Whois(name, "2"))
    assert [(each.code, each.ref) for each in ann.outbox.of(ErrorFrame)] == [
        ("no_such_user", "1"),
        ("no_such_user", "2"),
    ]


def test_rooms_are_those_that_both_are_in() -> None:
    """With roles; whoever moderates a room sees it from outside, and nobody else learns of it."""
    chat = world("ann", "eve", "op")
    chat.store.set_operator(3, operator=True)
    ann, eve, op = come(chat, "ann"), come(chat, "eve"), come(chat, "op")
    ann.send(Join("tea"), Rules("tea", slow_seconds=0.0), Join("den"))
    eve.send(Join("den"))
    assert rooms_of(eve, "ann") == [("lobby", None), ("den", None)]
    assert rooms_of(op, "ann") == [("lobby", None), ("tea", "owner"), ("den", None)]
    assert rooms_of(ann, "ann") == [("lobby", None), ("tea", "owner"), ("den", None)]
    eve.send(Join("tea"))
    assert ("tea", "owner") in rooms_of(eve, "ann")
    assert ("lobby", "operator") in rooms_of(eve, "op")


def test_what_a_program_says_is_marked() -> None:
    """In rooms and alone, in the record as well, from when it says that it is one."""
    chat = World()
    ann, bob = chat.clients("ann", "bob")
    ann.send(Msg("one"), Profile(bot=True), Msg("two"), Dm("bob", "three"), Profile(bot=False), Msg("four"))
    assert [(each.text, each.bot) for each in bob.outbox.of(MsgFrame)] == [
        ("one", False),
        ("two", True),
        ("four", False),
    ]
    assert [each.bot for each in bob.outbox.of(DmFrame)] == [True]
    bob.send(History("lobby"))
    assert [each.bot for each in bob.outbox.of(HistoryFrame)[0].messages] == [False, True, False]  # type: ignore[union-attr]  # all are MSG
