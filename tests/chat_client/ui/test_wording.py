"""What events are called on the screen."""

import time

import pytest

from chat_client.protocol.events import Event, Gap, Lost, NameRefused, NotTaken, Registered
from chat_client.ui import wording
from chat_client.ui.paint import Painter
from chat_client.ui.wording import Line
from chat_protocol.messages import Msg, Pong
from chat_protocol.moderation_messages import Banned, Ignored, Invited, Muted, RoleFrame, RulesFrame
from chat_protocol.server_messages import (
    Bye,
    DmFrame,
    ErrorFrame,
    MsgFrame,
    Notice,
    RoomInfo,
    Rooms,
    TopicFrame,
    Users,
)
from tests.support.fake_server import said


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show times as they are in UTC, wherever the tests run."""
    monkeypatch.setattr("chat_client.ui.wording.time.localtime", time.gmtime)


def shown(lines: list[Line]) -> list[str]:
    """Return what a terminal without colours shows."""
    return [Painter(colours=False).line(line) for line in lines]


ERROR = ErrorFrame(code="x", text="no")


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (NotTaken(Msg(text="x" * 50), ERROR), [f"!! “{'x' * 39}…” was not sent: no"]),
        (
            NotTaken(Msg(text="hi"), ERROR, again=True),
            ["!! “hi” waits and will be sent again: the server cannot take it at the moment"],
        ),
        (Gap("tea", 3, 7), ["!! 5 messages in tea did not reach you"]),
        (Gap("@", 3, 3), ["!! 1 direct message did not reach you"]),
        (TopicFrame(room="tea", topic="Assam", by="bob"), ["-- topic of tea: Assam (set by bob)"]),
        (
            TopicFrame("tea", "Assam", "bob", ts=3600.0),
            ["-- topic of tea: Assam (set by bob, 01 Jan 01:00)"],
        ),
        (TopicFrame(room="tea", topic=""), ["-- tea has no topic"]),
        (TopicFrame(room="tea", topic="", by="bob"), ["-- bob cleared the topic of tea"]),
        (Users(room="tea", names=["a", "b"], total=2), ["-- in tea (2): a, b"]),
        (Users(room="tea", names=["a", "b"], total=5), ["-- in tea (5): a, b and 3 more"]),
        (
            Rooms(rooms=[RoomInfo("tea", 2, "Assam"), RoomInfo("lobby", 1)], total=3),
            ["-- rooms, with how many are in each:", "   tea (2) Assam", "   lobby (1)", "   and 1 more"],
        ),
        (Registered("dave", "e", ()), ["-- connected as dave; /help lists the commands"]),
        (Registered("dave", "e", (), again=True, resumed=True), ["-- connected again as dave"]),
        (Lost("it broke", 1.25, 1), ["!! not connected: it broke; trying again in 1 s"]),
        (
            Lost("no answer to PING", 0.0, 1),
            ["!! not connected: no answer to the question whether you are there; trying again now"],
        ),
        (NameRefused("dave", "name_taken", "taken"), ["!! dave: taken"]),
        (Notice(text="soon"), ["** soon"]),
        (Bye(reason="server_shutdown", text="stopping"), ["** stopping"]),
        (Bye(reason="server_shutdown"), ["** server shutdown"]),
        (Bye(reason="ping_timeout", text="no answer to PING"), ["** your connection did not answer in time"]),
        (
            ErrorFrame(code="not_a_member", text="JOIN it"),
            ["!! you are not in that room; /join it first, or see /rooms"],
        ),
        (Bye(reason="exit", text="goodbye"), ["-- you left the chat"]),
        (ERROR, ["!! no"]),
        (Pong(ref="1"), []),
        (Notice(text="a\x1b[2J\nb"), ["** a␛[2J␊b"]),
    ],
)
def test_remarks(event: Event, lines: list[str]) -> None:
    """Each event has its words, and what others wrote in it is harmless."""
    assert shown(wording.remarks(event)) == lines


def test_a_return_without_the_session_is_told() -> None:
    """What may be missing, and what may show twice, is said."""
    lines = shown(wording.remarks(Registered("dave", "e", (), again=True, resent=2)))
    assert len(lines) == 3
    assert "no longer knew this session" in lines[1]
    assert "messages: 2; they may show twice" in lines[2]


def test_a_new_record_is_told() -> None:
    """Where the server's record began anew nothing can show twice."""
    lines = shown(wording.remarks(Registered("dave", "e", (), again=True, new_record=True, resent=1)))
    assert "new record" in lines[1]
    assert lines[2].endswith("messages: 1")


def test_a_long_outage_is_told_of_ever_less() -> None:
    """The first failures are told, then only the fourth, the eighth and so on."""
    told = [failures for failures in range(1, 40) if wording.remarks(Lost("x", 1.0, failures))]
    assert told == [1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize(
    ("frame", "lines"),
    [
        (said(1, "hello", ts=3600.0), ["01:00 bob: hello"]),
        (said(1, "hello", room="tea"), ["00:00 [tea] bob: hello"]),
        (said(1, "one\n00:00 dave: forged"), ["00:00 bob: one", "      | 00:00 dave: forged"]),
        (MsgFrame(room="lobby", id=1, ts=0, sender="bob", text="waves", action=True), ["00:00 * bob waves"]),
        (said(1, "when?", ts=1e300), ["at no time bob: when?"]),
    ],
)
def test_messages(frame: MsgFrame, lines: list[str]) -> None:
    """A message shows time, room where it is another, name and text; further lines cannot pass for others."""
    assert shown(wording.message(frame, "lobby")) == lines


def test_direct_messages() -> None:
    """A direct message says which way it went."""
    frame = DmFrame(sender="bob", to="dave", text="psst", id=1, ts=0)
    assert shown(wording.direct(frame, own=False)) == ["00:00 bob to you: psst"]
    assert shown(wording.direct(frame, own=True)) == ["00:00 you to dave: psst"]
    assert shown(wording.direct(DmFrame(1, 0.0, "bob", "BOB", "buy milk"), own=True)) == [
        "00:00 you to yourself: buy milk"
    ]
    frame.action = True
    assert shown(wording.direct(frame, "?", own=False)) == ["00:00 * bob? (to you) psst"]
    assert shown(wording.direct(frame, own=True)) == ["00:00 * bob (to dave) psst"]


def test_a_notice_says_that_it_is_one() -> None:
    """A person sees that a program speaks, which wants no answer."""
    frame = MsgFrame("lobby", 1, 0.0, "bot", "done", notice=True)
    assert shown(wording.message(frame, "lobby")) == ["00:00 bot (notice): done"]
    assert shown(wording.message(frame, "lobby", wording.GUEST)) == ["00:00 bot (guest) (notice): done"]
    direct = DmFrame(1, 0.0, "bot", "dave", "done", notice=True)
    assert shown(wording.direct(direct, own=False)) == ["00:00 bot (notice) to you: done"]


def test_a_guest_is_marked_where_others_are_known() -> None:
    """In the list, and behind the name of whoever speaks."""
    listed = Users("lobby", ["ann", "gus"], 2, accounts=[0])
    assert wording.users(listed, marks_guests=True)[0][0][1] == "-- in lobby (2): ann, gus (guest)"
    assert wording.users(listed)[0][0][1] == "-- in lobby (2): ann, gus"
    (line,) = wording.message(MsgFrame("lobby", 1, 0.0, "gus", "hi"), "lobby", wording.GUEST)
    assert "".join(text for _, text in line).endswith("gus (guest): hi")
    (line,) = wording.direct(DmFrame(1, 0.0, "gus", "ann", "hi"), wording.GUEST, own=False)
    assert "".join(text for _, text in line).endswith("gus (guest) to you: hi")


def test_styles_tell_old_from_new() -> None:
    """History is dim, names have their colour when live, and what is meant for one stands out."""
    styles = [
        [style for style, _ in wording.message(said(1), "lobby", dim=dim, bold=True)[0]]
        for dim in (True, False)
    ]
    assert styles[0] == ["dim", "dim", "", "dim"]
    assert styles[1][1].startswith("38;5;")
    assert styles[1][3] == "bold"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Muted("tea", "eve", "ann"), "eve may only read in tea for ever (ann)"),
        (Muted("tea", "eve", "ann", 600.0), "eve may only read in tea for 10 m (ann)"),
        (Muted("tea", "eve", "ann", 0.0), "eve may speak again in tea (ann)"),
        (Ignored(["eve", "*"]), "you ignore: eve, direct messages of anybody"),
        (Ignored([]), "you ignore: nobody"),
        (Banned("tea", "eve", 3600.0), "eve may not come into tea for 1 h"),
        (Banned("tea", "eve", 0.0), "eve may come into tea again"),
        (Invited("tea", "eve", "ann"), "eve may come into tea (ann): /join tea"),
        (RoleFrame("tea", "eve", "reader", "ann"), "eve is reader now in tea (ann)"),
        (RoleFrame("tea", "eve", "none", "ann"), "eve has no role any more in tea (ann)"),
        (RulesFrame("tea", owned=False), "tea: nobody's; everybody comes in and speaks"),
        (
            RulesFrame("tea", owned=True, invite_only=True, slow_seconds=60.0, role="owner"),
            "tea: for those who are invited, slow: one message in 1 m; you are its owner",
        ),
        (
            RulesFrame("tea", owned=True, announce=True, by="ann"),
            "tea: only moderators and speakers speak (ann)",
        ),
    ],
)
def test_what_moderators_do_is_told(event: object, told: str) -> None:
    """To everybody in words."""
    assert wording.remarks(event) == wording.note(told)
