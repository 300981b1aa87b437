"""The table of commands, what is allowed when, and how messages in a row are grouped."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.codec import SERVER_LINE
from chat_protocol.errors import BadJsonError, PeerError
from chat_protocol.messages import (
    Ack,
    ClientMessage,
    Dm,
    ErrorFrame,
    Exit,
    History,
    HistoryFrame,
    Join,
    Leave,
    Left,
    List,
    Message,
    Msg,
    MsgFrame,
    Name,
    Ping,
    Pong,
    RegName,
    Rooms,
    Search,
    Topic,
    TopicFrame,
    Users,
    Who,
    tag,
)
from chat_server.chat import commands
from chat_server.chat.commands import BAD_LINES, COMMANDS, ROWS
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
}


def test_every_message_of_a_client_has_a_command() -> None:
    """And the table has no other; each row is found by its type as it stands on the wire."""
    assert list(COMMANDS) == kinds(ClientMessage)
    assert [command.kind for command in COMMANDS.values()] == [tag(kind) for kind in COMMANDS]


def test_what_is_allowed_when() -> None:
    """REG_NAME before a name is given, PING, PONG and EXIT at any time, all else after."""
    assert {kind for kind, command in COMMANDS.items() if command.registered is None} == ANY_TIME
    assert {kind for kind, command in COMMANDS.items() if command.registered is False} == {RegName}
    assert {kind for kind, command in COMMANDS.items() if command.registered is True} == set(EXAMPLES)


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
    assert client.session.name == "ann"


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


def grouped(*messages: Message | PeerError) -> list[list[Any]]:
    """Return the runs that messages are handled in."""
    return [list(run) for run in commands._runs(messages)]  # noqa: SLF001  # its effect shows only in speed


def test_messages_in_a_row_to_one_room_are_one_run() -> None:
    """They are numbered, stored and delivered at once."""
    one, two, other = Msg("1", "den"), Msg("2", "den"), Msg("3", "attic")
    bare, error, ping = Msg("4"), BadJsonError("no"), Ping()
    assert grouped() == []
    assert grouped(one) == [[one]]
    assert grouped(one, two, one) == [[one, two, one]]
    assert grouped(one, two, other, bare, bare) == [[one, two], [other], [bare, bare]]
    assert grouped(one, error, two) == [[one], [error], [two]]
    assert grouped(ping, ping, one, ping) == [[ping], [ping], [one], [ping]]
    assert grouped(Dm("a", "1"), Dm("a", "2"), Dm("b", "3")) == [
        [Dm("a", "1"), Dm("a", "2")],
        [Dm("b", "3")],
    ]


@given(st.lists(st.sampled_from([Msg("1"), Msg("2", "den"), Dm("a", "x"), Ping(), BadJsonError("no")])))
def test_runs_keep_all_in_order(messages: list[Any]) -> None:
    """Whatever comes, and no run has two types."""
    runs = grouped(*messages)
    assert [each for run in runs for each in run] == messages
    assert all(len({type(each) for each in run}) == 1 for run in runs)


def test_a_run_is_one_delivery() -> None:
    """The others are handed one block for it."""
    ann, bob = World().clients("ann", "bob")
    ann.say("1", "2", "3")
    assert len(bob.outbox.pushed) == 1
    assert bob.outbox.ids() == [1, 2, 3]


def test_order_is_kept_across_types() -> None:
    """What a client says in one read happens in that order."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    ann.send(Msg("1", ref="a"), Join("den"), Msg("2", ref="b"), Leave(), Msg("3", ref="c"))
    assert [(each.ref, each.room) for each in ann.outbox.of(Ack)] == [
        ("a", "lobby"),
        ("b", "den"),
        ("c", "lobby"),
    ]
    assert [each.text for each in bob.outbox.of(MsgFrame)] == ["1", "3"]


def test_each_of_a_refused_run_is_told() -> None:
    """With its own ref."""
    client = World().client("ann")
    client.send(Msg("1", "attic", "a"), Msg("2", "attic"), Msg("3", "attic", "c"))
    errors = client.outbox.of(ErrorFrame)
    assert [(each.code, each.ref) for each in errors] == [
        ("not_a_member", "a"),
        ("not_a_member", None),
        ("not_a_member", "c"),
    ]
    assert client.conversation.errors == {"not_a_member": 3}


def bad(number: int) -> list[ClientMessage | PeerError]:
    """Return so many bad lines."""
    return [BadJsonError("no")] * number


def test_bad_lines_are_answered() -> None:
    """Each with its error, and the connection stays."""
    client = Client(World().hub)
    client.conversation.handle([*bad(2), Ping()], 0.0)
    assert client.outbox.errors() == ["bad_json", "bad_json"]
    assert len(client.outbox.of(Pong)) == 1
    assert client.conversation.received == {"invalid": 2, "PING": 1}
    assert client.conversation.over is None


def test_too_many_bad_lines_in_a_row_end_it() -> None:
    """A peer that speaks something else is not answered for ever."""
    client = Client(World().hub)
    client.conversation.handle(bad(BAD_LINES + 50), 0.0)
    assert client.conversation.over == "bad_lines"
    assert len(client.outbox.errors()) == BAD_LINES


def test_a_good_line_starts_the_count_anew() -> None:
    """Only lines in a row count."""
    client = Client(World().hub)
    for _ in range(3):
        client.conversation.handle([*bad(BAD_LINES - 1), Ping()], 0.0)
    assert client.conversation.over is None


def test_counts_by_type() -> None:
    """For the metrics: every message by its type, whether or not it was refused."""
    client = World().client("ann")
    client.send(Msg("1"), Msg("2"), Msg("3", "attic"), Who())
    assert client.conversation.received == {"REG_NAME": 1, "MSG": 3, "WHO": 1}


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
    assert client.session.room("lobby").topic == ""


def test_who_is_here() -> None:
    """In the order of coming."""
    ann, _bob = World().clients("ann", "bob")
    ann.send(Who(ref="w"), Who("attic"))
    (users,) = ann.outbox.of(Users)
    assert (users.room, users.names, users.total, users.ref) == ("lobby", ["ann", "bob"], 2, "w")
    assert ann.outbox.errors() == ["not_a_member"]


def test_long_lists_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they fit a line; `total` counts all."""
    assert ROWS <= 1000
    monkeypatch.setattr(commands, "ROWS", 2)
    ann, *_ = World().clients("ann", "bob", "cat", rooms=["den", "attic"])
    ann.send(Who(), List("l"))
    (users,), (rooms,) = ann.outbox.of(Users), ann.outbox.of(Rooms)
    assert (users.names, users.total) == (["ann", "bob"], 3)
    assert (len(rooms.rooms), rooms.total, rooms.ref) == (2, 3, "l")


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
    assert list(ann.session.rooms) == ["lobby"]


def test_an_empty_topic_clears_it() -> None:
    """Everybody is told."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Topic("bees"), Topic("", ref="t"))
    assert [each.topic for each in bob.outbox.of(TopicFrame)] == ["bees", ""]
    ann.send(Topic(None))
    assert [each.topic for each in ann.outbox.of(TopicFrame)] == ["bees", "", ""]


@pytest.mark.parametrize("character", ["\U0001f388", '"', "\\", "x"])
def test_a_list_fits_a_line(character: str) -> None:
    """However long the topics and the names are: cut to so many rows, and the total counts all."""
    world = World()
    ann = world.client("ann")
    for number in range(1100):
        world.hub._rooms[f"r{number}"] = room = world.room(f"r{number}")  # noqa: SLF001  # quicker than 1,100 JOINs
        room.topic = character * 256
    ann.send(List(ref="l"))
    (frame,) = ann.outbox.of(Rooms)
    assert frame.total == 1101
    assert 100 < len(frame.rooms) <= ROWS
    assert max(len(line) for line in b"".join(ann.outbox.pushed).splitlines()) < SERVER_LINE
