"""One client's side: stages, runs of messages, errors and bad lines."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.base import Message
from chat_protocol.errors import BadJsonError, NotAMemberError, NotRegisteredError, PeerError
from chat_protocol.messages import ClientMessage, Dm, Exit, Join, Leave, Msg, Ping, Pong, Who
from chat_protocol.server_messages import Ack, ErrorFrame, MsgFrame
from chat_server.chat import conversation as module
from chat_server.chat.commands import ConversationStage
from chat_server.chat.conversation import BAD_LINES
from tests.support.world import Client, World


def test_room() -> None:
    """The room of a name in whatever spelling, or the one joined last."""
    conversation = World().client("ann").conversation
    assert conversation.room(None).name == "lobby"
    conversation.hub.join(conversation.session, Join("den"))
    assert [conversation.room(name).name for name in (None, "lobby", "#DEN")] == ["den", "lobby", "den"]
    with pytest.raises(NotAMemberError, match="lobby, den"):
        conversation.room("attic")
    for name in ("lobby", "den"):
        conversation.hub.leave(conversation.session, conversation.room(name))
    with pytest.raises(NotAMemberError, match="JOIN"):
        conversation.room(None)


def test_stages() -> None:
    """In the order in which they come; without a name there is no session."""
    client = Client(World().hub)
    stages = [client.conversation.stage]
    with pytest.raises(NotRegisteredError):
        _ = client.conversation.session
    client.register("ann")
    stages.append(client.conversation.stage)
    client.send(Exit())
    assert [*stages, client.conversation.stage] == list(ConversationStage)


def grouped(*messages: Message | PeerError) -> list[list[Any]]:
    """Return the runs that messages are handled in."""
    return [list(run) for run in module._runs(messages)]  # noqa: SLF001  # its effect shows only in speed


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
