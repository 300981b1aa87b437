"""Questions about the server, and who is alive."""

import pytest

from chat_protocol.messages import List, Ping, Pong
from chat_protocol.server_messages import Notice, RoomInfo, Rooms
from chat_server.net.dialects.irc.asking import wanted
from tests.chat_server.net.dialects.irc.support import Talk, commands, ref_of


def test_pings_are_answered() -> None:
    """With the same words, in all stages."""
    talk = Talk()
    assert talk.say("PING :a b") == [":server.chat PONG server.chat :a b"]
    talk.welcome()
    assert talk.say("PING x", "PING :") == [
        ":server.chat PONG server.chat :x",
        ":server.chat PONG server.chat :",
    ]


def test_the_server_pings() -> None:
    """And its ref comes back."""
    talk = Talk()
    talk.welcome()
    assert talk.hear(Ping(), Ping("r1")) == ["PING :alive", "PING :r1"]
    talk.say("PONG :alive", "PONG server.chat :r1", "PONG", f"PONG :{'x' * 100}")
    assert talk.asked() == [Pong(), Pong("r1"), Pong(), Pong("x" * 64)]


def test_a_pong_comes_behind_what_is_stored() -> None:
    """So that who has it knows that all before it was said; a label is kept."""
    talk = Talk()
    talk.welcome("ann", "labeled-response batch echo-message")
    assert (
        talk.say("PRIVMSG #tea :a", "PRIVMSG #tea :b", "@label=x PING 1", "PRIVMSG #tea :c", "PING 2") == []
    )
    one, two, three = talk.asked()
    assert commands(talk.store(two, 2, "tea")) == ["PRIVMSG"]
    assert talk.store(one, 1, "tea")[1:] == ["@label=x :server.chat PONG server.chat :1"]
    assert talk.refuse(three, "unavailable")[1:] == [":server.chat PONG server.chat :2"]
    assert talk.say("PING 3") == [":server.chat PONG server.chat :3"]


def test_notices_are_for_a_person() -> None:
    """In as many lines as they take."""
    talk = Talk()
    assert talk.hear(Notice("stop\nsoon")) == [
        ":server.chat NOTICE * :stop",
        ":server.chat NOTICE * :soon",
    ]
    talk.welcome()
    assert talk.hear(Notice("stop")) == [":server.chat NOTICE ann :stop"]


def test_what_there_is_is_told() -> None:
    """What runs here, what time it is, and that there is no message of the day."""
    talk = Talk()
    talk.welcome()
    assert commands(talk.say("MOTD", "VERSION", "TIME", "INFO")) == [
        *("422", "351", "005", "005", "005", "391", "371", "371", "374")
    ]


def test_help() -> None:
    """All commands, or one."""
    talk = Talk()
    talk.welcome()
    shown = talk.say("HELP")
    assert commands(shown) == ["704", "705", "706"]
    assert {"JOIN", "PRIVMSG", "WHO"} <= {*shown[1].split(" ")}
    assert commands(talk.say("HELPOP privmsg")) == ["704", "706"]
    assert commands(talk.say("HELP nothing")) == ["524"]


def test_rooms_are_listed() -> None:
    """All of them, or those that fit."""
    talk = Talk()
    talk.welcome()
    talk.say("LIST", "LIST #t*,>0", "LUSERS")
    everything, some, number = talk.asked()
    assert everything == List(ref_of(everything))
    rooms = [RoomInfo("tea", 2, "green"), RoomInfo("cake", 1), RoomInfo("lobby", 0)]
    assert talk.hear(Rooms(rooms, 3, ref_of(everything))) == [
        ":server.chat 321 ann Channel :Users  Name",
        ":server.chat 322 ann #tea 2 :green",
        ":server.chat 322 ann #cake 1 :",
        ":server.chat 323 ann :that is all",
    ]
    assert commands(talk.hear(Rooms(rooms, 2, ref_of(some)))) == ["321", "322", "323"]
    counted = talk.hear(Rooms(rooms, 3, ref_of(number), people=3))
    assert commands(counted) == ["251", "254", "255", "265", "266"]
    assert counted[1] == ":server.chat 254 ann 2 :channels formed"
    assert counted[0].endswith("There are 3 users and 0 invisible on 1 servers")


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([], True),
        (["#tea"], True),
        (["#cake"], False),
        (["#cake", "#TEA"], True),
        (["*ea"], True),
        (["!*ea"], False),
        (["!#cake"], True),
        ([">1"], True),
        ([">2"], False),
        (["<3"], True),
        (["<2"], False),
        ([">1", "#cake"], False),
        ([">x"], False),
        (["<" + "9" * 5000], False),
    ],
)
def test_which_rooms_are_wanted(conditions: list[str], *, found: bool) -> None:
    """By masks of names, and bounds of members."""
    assert wanted(conditions)(RoomInfo("tea", 2)) == found
