"""CHATHISTORY, against the record of a real chat."""

import pytest

from chat_protocol.messages import Delete, Dm, Edit, Join, Msg
from chat_server.net.dialects.irc.grammar import Line
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.chat_server.chat.test_people import come as come_natively
from tests.support.irc_world import IrcClient, come, shown
from tests.support.world import World

CAPS = ("batch", "message-tags", "server-time", "draft/chathistory", "standard-replies")


def page(client: IrcClient, line: str) -> list[str]:
    """Ask for a page; return the texts of what came in its batch."""
    begun, *within, ended = client.told(line)
    assert (begun.command, begun.params[1]) == ("BATCH", "chathistory")
    assert ended.params == (f"-{begun.params[0][1:]}",)
    assert {each.tags["batch"] for each in within} <= {begun.params[0][1:]}
    return [each.params[-1] for each in within]


def failure(client: IrcClient, line: str) -> tuple[str, ...]:
    """Ask for what there isn't; return what the standard reply says."""
    (told,) = client.told(line)
    assert told.command == "FAIL"
    return tuple(told.params[1:-1])


def tea() -> tuple[World, IrcClient]:
    """Return a chat with ten messages in #tea, and a client that is there."""
    chat = World()
    bob, ann = chat.client("bob", "tea"), come(chat, "ann", *CAPS)
    for number in range(1, 11):
        bob.send(Msg(f"m{number}", "tea"))
        chat.time.now += 1.0
    ann.send("JOIN #tea")
    return chat, ann


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("LATEST #tea * 3", ["m8", "m9", "m10"]),
        ("latest #TEA * 1", ["m10"]),
        ("LATEST #tea msgid=tea/8 100", ["m9", "m10"]),
        ("BEFORE #tea msgid=tea/3 100", ["m1", "m2"]),
        ("BEFORE #tea timestamp=2026-09-21T14:13:22.000Z 100", ["m1", "m2"]),
        ("AFTER #tea msgid=tea/8 1", ["m9"]),
        ("AFTER #tea timestamp=2026-09-21T14:13:22.000Z 2", ["m4", "m5"]),
        ("AROUND #tea msgid=tea/5 3", ["m4", "m5", "m6"]),
        ("BETWEEN #tea msgid=tea/2 msgid=tea/5 100", ["m3", "m4"]),
        ("BETWEEN #tea msgid=tea/9 msgid=tea/2 2", ["m7", "m8"]),
        ("AFTER #tea msgid=tea/10 100", []),
    ],
)
def test_a_page(asked: str, expected: list[str]) -> None:
    """Whichever messages are asked for, in their order."""
    _, ann = tea()
    assert page(ann, f"CHATHISTORY {asked}") == expected


def test_a_message_of_a_page_is_as_it_was() -> None:
    """With its id, its time and who said it."""
    _, ann = tea()
    line = ann.told("CHATHISTORY LATEST #tea * 1")[1]
    assert (line.tags["msgid"], line.tags["time"]) == ("tea/10", "2026-09-21T14:13:29.000Z")
    assert line.source.startswith("bob!")


def test_what_was_changed_is_shown_as_it_is_now() -> None:
    """What was deleted is left out, and no change takes the place of a message."""
    chat = World()
    bob, ann = chat.client("bob", "tea"), come(chat, "ann", *CAPS)
    ann.send("JOIN #tea")
    bob.send(Msg("one", "tea", "1"), Msg("two", "tea", "2"), Msg("three", "tea", "3"))
    bob.send(Edit(1, "ONE", "tea"), Delete(2, "tea"), Edit(3, "THREE", "tea"))
    ann.taken()
    assert page(ann, "CHATHISTORY LATEST #tea * 2") == ["ONE", "THREE"]


def test_a_client_without_batches_gets_the_lines_alone() -> None:
    """As it can take them."""
    chat, _ = tea()
    eve = come(chat, "eve")
    eve.send("JOIN #tea")
    assert [each[0] for each in shown(eve.told("CHATHISTORY LATEST #tea * 2"))] == ["PRIVMSG", "PRIVMSG"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("LATEST #nowhere * 10", ("INVALID_TARGET", "LATEST", "#nowhere")),
        ("LATEST #tea * many", ("INVALID_PARAMS", "LATEST")),
        ("LATEST #tea", ("INVALID_PARAMS", "LATEST")),
        ("LATEST", ("INVALID_PARAMS", "LATEST")),
        ("FIRST #tea * 10", ("INVALID_PARAMS", "FIRST")),
        ("BEFORE #tea id=5 10", ("INVALID_MSGREFTYPE", "BEFORE")),
        ("BEFORE #tea msgid=den/5 10", ("INVALID_PARAMS", "BEFORE")),
        ("TARGETS msgid=tea/1 msgid=tea/2 10", ("INVALID_PARAMS", "TARGETS")),
        ("TARGETS timestamp=2020-01-01T00:00:00.000Z 10", ("INVALID_PARAMS", "TARGETS")),
        ("", ("INVALID_PARAMS", "*")),
    ],
)
def test_what_there_is_not(asked: str, expected: tuple[str, ...]) -> None:
    """Each has its code; a room of others is not told from one that nobody is in."""
    chat, ann = tea()
    chat.client("bert", "nowhere")
    assert failure(ann, f"CHATHISTORY {asked}") == expected


def test_direct_messages() -> None:
    """With one person, both ways for an account; with nobody none."""
    chat = world("ann")
    ann = come(chat, "ann", *CAPS, account=PASSWORD)
    gus = chat.client("gus")
    gus.send(Dm("ann", "one"))
    ann.send("PRIVMSG gus :two")
    chat.client("eve").send(Dm("ann", "other"))
    ann.taken()
    assert page(ann, "CHATHISTORY LATEST gus * 10") == ["one", "two"]
    assert page(ann, "CHATHISTORY AFTER GUS msgid=@/1 10") == ["two"]
    assert page(ann, "CHATHISTORY LATEST nobody * 10") == []
    hal = come(chat, "hal", *CAPS)
    assert page(hal, "CHATHISTORY LATEST ann * 10") == []


def times(lines: list[Line]) -> list[tuple[str, str]]:
    """Return targets and the seconds of their times."""
    begun, *within, _ = lines
    assert begun.params[1:] == ("draft/chathistory-targets",)
    return [(each.params[1], each.params[2][17:19]) for each in within]


def test_where_something_was_said() -> None:
    """The rooms that one is in, and those who wrote to one alone; the latest of each counts."""
    chat = world("ann")
    bob = chat.client("bob", "tea", "den", "far")
    bob.send(Msg("x", "tea"))
    chat.time.now += 1.0
    bob.send(Msg("x", "far"))
    chat.time.now += 1.0
    ann = come_natively(chat, "ann")
    ann.send(Join("tea"), Join("den"))
    bob.send(Dm("ann", "x"))
    chat.time.now += 1.0
    bob.send(Msg("x", "den"))
    irc = come(chat, "ann", *CAPS, account=PASSWORD)
    irc.send("JOIN #tea,#den", "PING x")
    all_of_it = "timestamp=2026-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z"
    assert times(irc.told(f"CHATHISTORY TARGETS {all_of_it} 10")) == [
        ("#tea", "20"),
        ("bob", "22"),
        ("#den", "23"),
    ]
    assert times(irc.told(f"CHATHISTORY TARGETS {all_of_it} 1")) == [("#tea", "20")]
    backward = " ".join(reversed(all_of_it.split()))
    assert times(irc.told(f"CHATHISTORY TARGETS {backward} 1")) == [("#den", "23")]
    later = "timestamp=2026-09-21T14:13:20.500Z timestamp=2026-09-21T14:13:22.500Z"
    assert times(irc.told(f"CHATHISTORY TARGETS {later} 10")) == [("bob", "22")]
