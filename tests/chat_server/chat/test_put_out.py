"""Those who are put out while they come in, speak or ask: each race is replayed step by step."""

from typing import Any

import pytest

from chat_protocol.base import Message
from chat_protocol.messages import History, Join, Leave, Msg, Search, Topic
from chat_protocol.moderation_messages import Ban, Kick
from chat_protocol.reading_messages import Read
from chat_protocol.server_messages import Found, HistoryFrame, Joined, Left, MsgFrame, TopicFrame
from chat_server.chat import history
from chat_server.chat.room import Room
from chat_server.chat.standing import Standing
from chat_server.stream.outgoing import Outgoing
from tests.chat_server.chat.test_governance import Tea
from tests.support.world import Client


def after_left(client: Client) -> list[Message]:
    """Return what came of the room after the client was told that it was put out of it."""
    messages = list(client.outbox.messages)
    left = [at for at, each in enumerate(messages) if isinstance(each, Left) and each.room == "tea"]
    return [each for each in messages[left[-1] + 1 :] if getattr(each, "room", "") == "tea"]


def assert_outside(tea: Tea, client: Client) -> None:
    """Nothing that is said from now on reaches the client, and nothing is held for it."""
    tea.ann.say("for those inside", room="tea")
    room = tea.chat.hub.rooms.get("tea")
    assert room is not None
    assert client.session not in room
    assert after_left(client) == []
    assert client.outbox not in room.delivery._members  # noqa: SLF001  # nothing else shows it
    assert room.delivery._arrivals == {}  # noqa: SLF001  # likewise


@pytest.mark.parametrize("act", [Kick("bob", "tea"), Ban("bob", "tea")])
@pytest.mark.parametrize("said", [0, 2])
def test_put_out_during_the_replay(act: Any, said: int) -> None:  # noqa: ANN401  # either message
    """The reader is slow, and a moderator acts between two pages, while others speak."""
    tea = Tea()
    tea.ann.say("1", "2", room="tea")
    tea.bob.send(Leave("tea"))

    def put_out() -> None:
        tea.bob.outbox.on_wait = None
        tea.ann.say(*["meanwhile"] * said, room="tea")
        tea.ann.send(act)
        tea.ann.say(*["later"] * said, room="tea")

    tea.bob.outbox.on_wait = put_out
    tea.bob.send(Join("tea"))
    assert "bob" not in tea.names()
    assert_outside(tea, tea.bob)
    assert tea.bob.outbox.ended == []


def test_put_out_while_a_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is not sent any more."""
    tea = Tea()
    tea.ann.say("1", "2", room="tea")
    tea.bob.send(Leave("tea"))
    tea.still()
    monkeypatch.setattr("chat_server.chat.replay.REPLAY_MESSAGES", 1)
    journal, calls = tea.chat.journal, [Kick("bob", "tea")]
    read = journal.read

    def slow(room: str, after: int, last: int, limit: int) -> Any:  # noqa: ANN401  # a page
        if after == 1 and calls:
            tea.ann.send(calls.pop())
        return read(room, after, last, limit)

    monkeypatch.setattr(journal, "read", slow)
    tea.bob.send(Join("tea"))
    assert [each.text for each in tea.bob.outbox.of(MsgFrame)] == ["1"]
    assert_outside(tea, tea.bob)


def banned_on_the_way(tea: Tea, victim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have somebody banned after the look whether they may come in."""
    approach, acts = Room.approach, [Ban(victim, "tea")]

    def slow(room: Room, outbox: Outgoing, after: int | None) -> Any:  # noqa: ANN401  # an entrance
        entrance = approach(room, outbox, after)
        if room.name == "tea" and acts:
            tea.ann.send(acts.pop())
        return entrance

    monkeypatch.setattr(Room, "approach", slow)


def test_banned_between_the_look_and_the_step_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is on the way is not there yet, so the ban finds nobody to put out."""
    tea = Tea()
    banned_on_the_way(tea, "eve", monkeypatch)
    tea.eve.send(Join("tea"))
    assert tea.eve.outbox.errors() == ["not_allowed"]
    tea.ann.say("for those inside", room="tea")
    assert (tea.eve.outbox.of(MsgFrame), tea.eve.outbox.of(Joined)) == ([], [])
    assert "tea" not in tea.eve.session.identity.positions
    room = tea.chat.hub.rooms.get("tea")
    assert room is not None
    assert room.delivery._arrivals == {}  # noqa: SLF001  # nothing else shows it


def test_banned_between_the_welcome_and_the_step_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resume was told that it is in: it is told that it is not."""
    tea = Tea()
    tea.bob.hang_up()
    banned_on_the_way(tea, "bob", monkeypatch)
    again = Client(tea.chat.hub)
    welcome = again.register("bob", session=tea.bob.session.token)
    assert welcome is not None
    assert welcome.rooms == ["lobby", "tea"]
    assert [each.reason for each in again.outbox.of(Left)] == ["banned"]
    assert_outside(tea, again)
    assert again.outbox.ended == []
    assert "tea" not in again.session.identity.positions


@pytest.mark.parametrize("message", [Msg("me too", "tea"), Topic("mine", "tea")])
def test_put_out_while_speaking(message: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401  # either
    """Nothing of somebody comes after their LEFT."""
    tea = Tea()
    tea.chat.hub.rooms.get("tea").standing.persistent = False  # type: ignore[union-attr]  # so that all set the topic
    may_speak = Standing.may_speak

    def slow(standing: Standing, *arguments: Any) -> None:  # noqa: ANN401  # whatever it takes
        may_speak(standing, *arguments)
        tea.ann.send(Kick("bob", "tea"))

    monkeypatch.setattr(Standing, "may_speak", slow)
    tea.bob.send(message)
    monkeypatch.undo()
    assert tea.bob.outbox.errors() == ["not_a_member"]
    assert (tea.gus.outbox.of(MsgFrame), tea.gus.outbox.of(TopicFrame)) == ([], [])
    assert_outside(tea, tea.bob)


@pytest.mark.parametrize("act", [Kick("bob", "tea"), Ban("bob", "tea")])
def test_put_out_while_entering_again(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401  # either
    """A JOIN of somebody who was there a moment ago is a JOIN like any other."""
    tea = Tea()
    greet = Room.greet

    def slow(room: Room, *arguments: Any) -> bool:  # noqa: ANN401  # whatever it takes
        tea.ann.send(act)
        return greet(room, *arguments)

    monkeypatch.setattr(Room, "greet", slow)
    tea.bob.send(Join("tea"))
    if isinstance(act, Ban):
        assert tea.bob.outbox.errors() == ["not_allowed"]
        assert_outside(tea, tea.bob)
    else:
        assert [type(each) for each in tea.bob.outbox.messages] == [Left, Joined]
        assert tea.names() == ["ann", "gus", "bob"]


@pytest.mark.parametrize("asked", [History("tea"), Search("secret", "tea"), Search("secret")])
def test_put_out_while_asking(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401  # either
    """What was said since is in no answer."""
    tea = Tea()
    for name in ("answer", "found"):
        read = getattr(history, name)

        def slow(*arguments: Any, read: Any = read) -> object:  # noqa: ANN401  # whatever it takes
            tea.ann.send(Kick("bob", "tea"))
            tea.ann.say("a secret", room="tea")
            return read(*arguments)

        monkeypatch.setattr(history, name, slow)
    tea.bob.send(asked)
    assert b"a secret" not in b"".join(tea.bob.outbox.pushed)
    assert tea.bob.outbox.of(HistoryFrame) == []
    assert [each.messages for each in tea.bob.outbox.of(Found)] in ([], [[]])


def test_put_out_while_telling_what_was_read() -> None:
    """The room is not the account's again: it is not brought back when it comes next."""
    tea = Tea()
    people, identity = tea.chat.hub.people, tea.bob.session.identity
    tea.ann.send(Kick("bob", "tea"))
    people.note_read(identity, "tea", 1)
    tea.bob.send(Read(0, "@"))
    assert list(identity.positions) == ["lobby", "@"]
