"""The table of commands: what is allowed when, and what each does."""

from typing import Any

import pytest

from chat_protocol.base import Message, tag
from chat_protocol.messages import (
    ClientMessage,
    Delete,
    Dm,
    Edit,
    Exit,
    History,
    Join,
    Leave,
    List,
    Msg,
    Name,
    Ping,
    Pong,
    RegName,
    Search,
    Topic,
    Who,
)
from chat_protocol.moderation_messages import Ban, Bans, Ignore, Invite, Kick, Mute, Role, Rules, Unban
from chat_protocol.people_messages import Profile, Watch, Whois
from chat_protocol.reading_messages import Positions, Read
from chat_protocol.server_messages import ErrorFrame, HistoryFrame, Joined, Left, TopicFrame, Users
from chat_server.chat.commands import COMMANDS, ConversationStage
from tests.chat_protocol.strategies import kinds
from tests.support.world import Client, World

ANY_TIME = {Ping, Pong, Exit}
EXAMPLES: dict[type[Message], Any] = {
    Msg: Msg("hi", ref="r"),
    Dm: Dm("bob", "hi", "r"),
    Join: Join("den", ref="r"),
    Leave: Leave(ref="r"),
    Name: Name("eve", "r"),
    Topic: Topic(ref="r"),
    Who: Who(ref="r"),
    List: List("r"),
    History: History(ref="r"),
    Search: Search("hi", ref="r"),
    Edit: Edit(1, "hi", ref="r"),
    Delete: Delete(1, ref="r"),
    Read: Read(1, ref="r"),
    Positions: Positions(ref="r"),
    Kick: Kick("bob", ref="r"),
    Ban: Ban("bob", ref="r"),
    Unban: Unban("bob", ref="r"),
    Mute: Mute("bob", ref="r"),
    Invite: Invite("bob", ref="r"),
    Bans: Bans(ref="r"),
    Role: Role("bob", "member", ref="r"),
    Rules: Rules(ref="r"),
    Ignore: Ignore(ref="r"),
    Profile: Profile(ref="r"),
    Whois: Whois("bob", "r"),
    Watch: Watch(ref="r"),
}


def test_every_message_of_a_client_has_a_command() -> None:
    """And the table has no other; each row is found by its type as it stands on the wire."""
    assert list(COMMANDS) == kinds(ClientMessage)
    assert [command.kind for command in COMMANDS.values()] == [tag(kind) for kind in COMMANDS]


def test_what_is_allowed_when() -> None:
    """REG_NAME before a name is given, PING, PONG and EXIT at any time, all else after."""
    assert {kind for kind, command in COMMANDS.items() if command.stage is None} == ANY_TIME
    assert {kind for kind, command in COMMANDS.items() if command.stage is ConversationStage.NAMING} == {
        RegName
    }
    assert {kind for kind, command in COMMANDS.items() if command.stage is ConversationStage.NAMED} == set(
        EXAMPLES
    )
    assert all(command.cost >= 1 for command in COMMANDS.values())


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_a_name_comes_first(kind: type[Message]) -> None:
    """Whatever else comes is refused with its ref, and changes nothing."""
    world = World()
    client = Client(world.hub)
    client.send(EXAMPLES[kind])
    assert [(each.code, each.ref) for each in client.outbox.of(ErrorFrame)] == [("not_registered", "r")]
    assert world.hub.counts() == (0, 1)
    assert client.conversation.over is None


def test_a_name_is_given_once() -> None:
    """The second REG_NAME is refused; NAME is for that."""
    client = World().client("ann")
    client.send(RegName("eve"))
    assert client.outbox.errors() == ["already_registered"]
    assert client.session.identity.name == "ann"


@pytest.mark.parametrize("registered", [True, False])
def test_any_time(*, registered: bool) -> None:
    """PING is answered, PONG is taken, EXIT ends it, with a name and without."""
    world = World()
    client = world.client("ann") if registered else Client(world.hub)
    client.send(Ping("p"), Pong("q"))
    assert [each.ref for each in client.outbox.of(Pong)] == ["p"]
    client.send(Exit(), Ping("never"))
    assert client.conversation.over == "exit"
    assert len(client.outbox.messages) == 1, "what comes after EXIT is not heard"


def test_leave() -> None:
    """The room joined last, or the one named; the answer has the ref."""
    world = World()
    ann, bob = world.clients("ann", "bob", rooms=["den"])
    ann.send(Leave(ref="l"), Leave("lobby"), Leave())
    assert [(each.room, each.reason, each.ref) for each in ann.outbox.of(Left)] == [
        ("den", "left", "l"),
        ("lobby", "left", None),
    ]
    assert ann.outbox.errors() == ["not_a_member"]
    assert [(each.room, each.name, each.ref) for each in bob.outbox.of(Left)] == [
        ("den", "ann", None),
        ("lobby", "ann", None),
    ]


def test_topic_is_bounded() -> None:
    """In characters; it may be emptied."""
    client = World().client("ann")
    client.send(Topic("é" * 256), Topic("é" * 257), Topic(""))
    assert client.outbox.errors() == ["bad_field"]
    assert client.conversation.room("lobby").topic.text == ""


def test_who_is_there_may_be_asked_on_entering() -> None:
    """In one step, for the price of one; who can't come in is told so, and no more."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Join("den"))
    bob.outbox.clear()
    bob.send(Join("den", ref="r", who=True), Join("", ref="x", who=True))
    joined, users, error = bob.outbox.messages
    assert isinstance(joined, Joined)
    assert users == Users("den", ["ann", "bob"], 2, "r")
    assert isinstance(error, ErrorFrame)


def test_history_needs_membership() -> None:
    """Nobody reads of a room that they are not in."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Join("den"), Msg("secret"))
    bob.send(History("den"), History("lobby", ref="h"))
    assert bob.outbox.errors() == ["not_a_member"]
    (page,) = bob.outbox.of(HistoryFrame)
    assert (page.room, page.messages, page.more, page.ref) == ("lobby", [], False, "h")


def test_search_is_over_the_own_rooms() -> None:
    """In all that the asker is a member of, or in one of them."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Join("den"), Msg("the secret", "den"), Msg("no secret", "lobby"))
    bob.send(Search("SECRET"), Search("secret", "den", ref="s"), Search(" "))
    assert [type(each).__name__ for each in bob.outbox.messages[-3:]] == ["Found", "ErrorFrame", "ErrorFrame"]
    assert [each.text for each in bob.outbox.messages[-3].messages] == ["no secret"]
    assert bob.outbox.errors() == ["not_a_member", "bad_field"]


def test_the_time_of_reading_reaches_the_delivery() -> None:
    """The broadcast's duration begins where its bytes were read."""
    world = World()
    ann, _bob = world.clients("ann", "bob")
    world.clock.now = 50.0
    ann.conversation.handle([Msg("hi")], 49.5)
    assert world.hub.counters().seconds == pytest.approx(0.5)


@pytest.mark.parametrize("spelling", ["tea", "#Tea", " TEA ", "\uff34\uff45\uff41", "#tea\ufe0f", " #tea"])
def test_every_command_takes_every_spelling_of_a_room(spelling: str) -> None:
    """As JOIN does: nobody is told that they are not in the room that they joined under that name."""
    ann, bob = World().clients("ann", "bob")
    for client in (ann, bob):
        client.send(Join(spelling))
        client.outbox.clear()
    ann.send(
        Msg("hello", spelling, "1"),
        Topic("green", spelling, "2"),
        Topic(None, spelling, "3"),
        Who(spelling, "4"),
        History(spelling, ref="5"),
        Search("hello", spelling, ref="6"),
        Join(spelling, ref="7"),
        Leave(spelling, ref="8"),
    )
    assert ann.outbox.errors() == []
    refs = [getattr(each, "ref", None) for each in ann.outbox.messages]
    assert set("12345678") <= set(refs)
    assert bob.outbox.ids("tea") == [1]
    assert list(ann.session.memberships) == ["lobby"]


def test_an_empty_topic_clears_it() -> None:
    """Everybody is told."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Topic("bees"), Topic("", ref="t"))
    assert [each.topic for each in bob.outbox.of(TopicFrame)] == ["bees", ""]
    ann.send(Topic(None))
    assert [each.topic for each in ann.outbox.of(TopicFrame)] == ["bees", "", ""]
