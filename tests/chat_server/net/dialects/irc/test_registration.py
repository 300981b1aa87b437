"""Coming in: PASS, NICK, USER, CAP, and the welcome."""

import pytest

from chat_protocol.messages import Name, RegName
from chat_protocol.people_messages import Profile
from chat_protocol.server_messages import ErrorFrame, NameChanged, Welcome
from tests.chat_server.net.dialects.irc.support import Talk, commands

SESAME = "se:same"


def test_nick_and_user_are_enough() -> None:
    """In whichever order; no room is entered."""
    for order in (("NICK ann", "USER a 0 * :Ann A."), ("USER a 0 * :Ann A.", "NICK ann")):
        talk = Talk()
        assert talk.say(*order) == []
        name, profile = talk.asked()
        assert name == RegName("ann", rooms=[])
        assert isinstance(profile, Profile)
        assert profile.realname == "Ann A."


def test_the_welcome() -> None:
    """Says what there is, and ends with the message of the day."""
    shown = Talk().welcome("jane.doe")
    assert commands(shown) == ["001", "002", "003", "004", "005", "005", "005", "422"]
    assert shown[0] == ":server.chat 001 jane\u2024doe :Welcome to chat, jane\u2024doe"
    tokens = [word for line in shown if " 005 " in line for word in line.partition(" :")[0].split(" ")[3:]]
    assert {"CASEMAPPING=ascii", "UTF8MAPPING=rfc8265", "CLIENTTAGDENY=*", "UTF8ONLY", "NICKLEN=32"} <= {
        *tokens
    }
    assert "CHANLIMIT=#:50" in tokens
    assert all(each.isascii() for each in tokens)


def test_capabilities_hold_it_up() -> None:
    """Until CAP END."""
    talk = Talk()
    talk.say("CAP LS 302", "NICK ann", "USER a 0 * :A")
    assert talk.asked() == []
    talk.say("CAP END")
    assert RegName("ann", rooms=[]) in talk.asked()


@pytest.mark.parametrize(("code", "number"), [("name_taken", "433"), ("name_invalid", "432")])
def test_another_nick_may_be_tried(code: str, number: str) -> None:
    """If one is taken, or none at all."""
    talk = Talk()
    talk.say("NICK ann", "USER a 0 * :A")
    assert talk.hear(ErrorFrame(code, "because")) == [f":server.chat {number} * ann :because"]
    talk.asked()
    talk.say("NICK bob")
    assert RegName("bob", rooms=[]) in talk.asked()
    assert talk.hear(Welcome("bob", "s", [], "e"))[0].startswith(":server.chat 001 bob")


def test_a_password_goes_with_the_name() -> None:
    """As the chat's, or as the account's."""
    talk = Talk("password")
    talk.say(f"PASS {SESAME}", "NICK ann", "USER a 0 * :A")
    assert talk.asked()[0] == RegName("ann", password=SESAME, rooms=[])
    assert talk.hear(ErrorFrame("auth_failed", "no")) == [":server.chat 464 * :no"]
    talk = Talk("accounts")
    talk.say(f"PASS ann:{SESAME}", "NICK ann_", "USER a 0 * :A")
    assert talk.asked()[0] == RegName("ann", password=SESAME, rooms=[])
    talk = Talk("accounts")
    talk.say("PASS same", "NICK ann", "USER a 0 * :A")
    assert talk.asked()[0] == RegName("ann", password="same", rooms=[])  # noqa: S106  # of the nick's account


def test_who_is_banned_is_told() -> None:
    """With the number that clients know."""
    talk = Talk()
    talk.say("NICK ann", "USER a 0 * :A")
    assert talk.hear(ErrorFrame("banned", "no")) == [":server.chat 465 * :no"]


def test_what_is_missing_is_told() -> None:
    """A nick, a real name."""
    talk = Talk()
    assert commands(talk.say("NICK", "NICK :", "USER a 0 *", "USER a 0 * :", "USER :", "PASS")) == [
        "431",
        "431",
        "461",
        "461",
        "461",
        "461",
    ]
    assert talk.asked() == []


def test_nothing_else_comes_before_it() -> None:
    """But what is about the connection."""
    talk = Talk()
    shown = talk.say("JOIN #tea", "PRIVMSG #tea :x", "FOO", "PING x", "@label=x PING y")
    assert commands(shown) == ["451", "451", "421", "PONG", "PONG"]
    talk.say("NICK ann", "USER a 0 * :A")
    talk.asked()
    talk.say("JOIN #tea")  # which is answered by the server, since the name may be good
    assert talk.asked() != []


def test_nobody_comes_in_twice() -> None:
    """USER and PASS are over then."""
    talk = Talk()
    talk.welcome()
    assert commands(talk.say("USER a 0 * :A", "PASS x")) == ["462", "462"]


def test_a_nick_is_changed() -> None:
    """One's own and others', and none that stays as it is."""
    talk = Talk()
    talk.welcome("ann")
    assert talk.say("NICK ann") == []
    assert talk.asked() == []
    talk.say("NICK Jane.D")
    (name,) = talk.asked()
    assert isinstance(name, Name)
    assert talk.hear(NameChanged("ann", "Jane.D", name.ref)) == [":ann!user@hidden.chat NICK :Jane\u2024D"]
    assert talk.hear(NameChanged("bob", "Bob")) == [":bob!user@hidden.chat NICK :Bob"]
    assert talk.hear(NameChanged("bob", "bob")) == []
    assert talk.hear(NameChanged("Jane.D", "ann")) == [":Jane\u2024D!user@hidden.chat NICK :ann"]
    talk.say("NICK bob")
    (name,) = talk.asked()
    assert talk.refuse(name, "name_taken") == [":server.chat 433 ann bob :because"]
