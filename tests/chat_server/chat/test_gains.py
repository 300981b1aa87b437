"""What programs and people of other protocols need: notices, last words, no lobby, oneself."""

import pytest

from chat_protocol.messages import Dm, Exit, History, Join, Leave, Msg, RegName, Topic
from chat_protocol.moderation_messages import Ignore, Mute
from chat_protocol.people_messages import Away, Profile
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import (
    Ack,
    DmFrame,
    HistoryFrame,
    Joined,
    Left,
    MsgFrame,
    TopicFrame,
    Welcome,
)
from chat_server.chat.registry import HubLimits
from tests.chat_server.chat.test_governance import Tea
from tests.chat_server.chat.test_people import come
from tests.chat_server.chat.test_people import world as accounts
from tests.support.world import Client, World


def test_what_a_program_says_is_told_apart() -> None:
    """In a room and to one alone; it stays so in the history."""
    ann, bob = World().clients("ann", "bob")
    ann.send(Msg("again", notice=True), Msg("hi"))
    ann.send(Dm("bob", "up", notice=True), Dm("bob", "waves", action=True))
    assert [(each.text, each.notice) for each in bob.outbox.of(MsgFrame)] == [("again", True), ("hi", False)]
    assert [(each.text, each.notice, each.action) for each in bob.outbox.of(DmFrame)] == [
        ("up", True, False),
        ("waves", False, True),
    ]
    bob.send(History(), History("@"))
    page, alone = bob.outbox.of(HistoryFrame)
    assert [each.notice for each in page.messages] == [True, False]  # type: ignore[union-attr]  # messages alone
    assert [each.action for each in alone.messages] == [False, True]  # type: ignore[union-attr]  # messages alone


def test_last_words() -> None:
    """Whoever leaves a room, or the chat, may say why; who does not, says nothing."""
    ann, bob = World().clients("ann", "bob")
    for client in (ann, bob):
        client.send(Join("tea"), Join("ale"))
    bob.send(Leave("tea", text="too hot"), Leave("ale"))
    bob.send(Exit(text="good night"))
    assert bob.conversation.over is CloseReason.EXIT
    bob.hang_up(CloseReason.EXIT)
    assert [(each.room, each.reason, each.text) for each in ann.outbox.of(Left)] == [
        ("tea", "left", "too hot"),
        ("ale", "left", ""),
        ("lobby", "exit", "good night"),
    ]


def test_who_is_muted_has_no_last_words() -> None:
    """Leaving is no way to speak: the room, or the chat."""
    tea = Tea()
    tea.ann.send(Mute("gus", "tea"), Mute("bob", "tea"))
    tea.gus.send(Leave("tea", text="spam"))
    tea.bob.send(Exit(text="spam"))
    tea.bob.hang_up(CloseReason.EXIT)
    assert {each.text for each in tea.ann.outbox.of(Left) if each.room == "tea"} == {""}


@pytest.mark.parametrize(("rooms", "entered"), [([], []), (["tea", "#Ale", "tea"], ["tea", "ale"])])
def test_rooms_in_place_of_the_lobby(rooms: list[str], entered: list[str]) -> None:
    """None at all, or others; each once."""
    client = Client(World().hub)
    client.send(RegName("ann", rooms=rooms))
    (welcome,) = client.outbox.of(Welcome)
    assert welcome.rooms == entered
    assert [each.room for each in client.outbox.of(Joined)] == entered


def test_no_more_rooms_than_one_may_be_in() -> None:
    """The first of them; the others are told of."""
    client = Client(World(limits=HubLimits(rooms_per_user=2)).hub)
    client.send(RegName("ann", rooms=["a", "b", "c"]))
    assert [each.room for each in client.outbox.of(Joined)] == ["a", "b"]
    assert client.outbox.errors() == ["limit_reached"]


def test_to_oneself() -> None:
    """It is stored, and acknowledged in place of what was said, as in a room."""
    client = World().client("ann")
    client.send(Dm("ann", "note to self", ref="1"))
    assert [(each.ref, each.id) for each in client.outbox.of(Ack)] == [("1", 1)]
    client.send(History("@"))
    (page,) = client.outbox.of(HistoryFrame)
    assert [(each.sender, each.text) for each in page.messages] == [("ann", "note to self")]  # type: ignore[union-attr]  # a message


def test_nobody_keeps_themselves_out() -> None:
    """Whoever hears nobody alone, or is away, can still write to themselves, and knows it."""
    client = World().client("ann")
    client.send(Ignore("*"), Profile(away="lunch"), Dm("ann", "note to self", ref="1"))
    assert client.outbox.errors() == []
    assert [each.ref for each in client.outbox.of(Ack)] == ["1"]
    assert client.outbox.of(Away) == []


def test_other_connections_show_what_one_writes_to_oneself() -> None:
    """Once; the one that said it has the acknowledgement, with the same id."""
    chat = accounts("ann")
    phone, desk = come(chat, "ann"), come(chat, "ann")
    phone.send(Dm("ann", "note to self", ref="1"))
    assert [(each.sender, each.to, each.id) for each in desk.outbox.of(DmFrame)] == [("ann", "ann", 1)]
    assert ([each.id for each in phone.outbox.of(Ack)], phone.outbox.of(DmFrame)) == ([1], [])


def test_who_set_the_topic_and_when() -> None:
    """Everybody hears it, whoever asks later, and whoever comes later; of a room without one, nobody."""
    world = World()
    ann = world.client("ann")
    ann.send(Topic("cats"))
    bob = Client(world.hub)
    bob.send(RegName("bob"), Topic(), Join("tea"), Topic(room="tea"))
    told = [(each.topic, each.by, each.ts) for client in (ann, bob) for each in client.outbox.of(TopicFrame)]
    assert told == [("cats", "ann", 1_790_000_000.0)] * 2 + [("", None, None)]
    assert [(each.topic, each.topic_by, each.topic_ts) for each in bob.outbox.of(Joined)] == [
        ("cats", "ann", 1_790_000_000.0),
        ("", None, None),
    ]
