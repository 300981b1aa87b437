"""What people say, and its echo."""

import pytest

from chat_protocol.messages import Dm, Msg
from chat_protocol.server_messages import DmFrame
from tests.chat_server.net.dialects.irc.support import Talk, commands, ref_of

ALL = "echo-message message-tags server-time batch labeled-response account-tag"


def test_it_is_said_to_rooms_and_people() -> None:
    """In each of several; what is a message of a program stays one."""
    talk = Talk()
    talk.welcome()
    talk.say("PRIVMSG #Tea,Bob :hi", "NOTICE bob :psst", "PRIVMSG #tea :\x01ACTION waves\x01")
    first, second, third, fourth = talk.asked()
    assert first == Msg("hi", "tea", ref_of(first))
    assert second == Dm("Bob", "hi", ref_of(second))
    assert third == Dm("bob", "psst", ref_of(third), notice=True)
    assert fourth == Msg("waves", "tea", ref_of(fourth), action=True)
    assert len({ref_of(each) for each in (first, second, third, fourth)}) == 4


@pytest.mark.parametrize("text", ["\x01ACTION \x01", "\x01ACTION ", "\x01VERSION\x01", "\x01", " "])
def test_anything_can_be_said(text: str) -> None:
    """But nothing, which the chat doesn't take."""
    talk = Talk()
    talk.welcome()
    talk.say(f"PRIVMSG #tea :{text}")
    (said,) = talk.asked()
    assert isinstance(said, Msg)
    assert said.text


def test_the_echo_comes_when_it_is_stored() -> None:
    """To who wants it, with the same tags as others get."""
    talk = Talk()
    talk.welcome("ann", ALL)
    talk.say("PRIVMSG #tea :\x01ACTION waves\x01", "NOTICE bob :psst")
    act, note = talk.asked()
    assert talk.store(note, 9) == [
        "@time=1970-01-01T00:00:01.500Z;msgid=@bob/9 :ann!user@hidden.chat NOTICE bob :psst"
    ]
    assert talk.store(act, 7, "tea") == [
        "@time=1970-01-01T00:00:01.500Z;msgid=tea/7 :ann!user@hidden.chat PRIVMSG #tea :\x01ACTION waves\x01"
    ]


def test_without_the_capability_there_is_none() -> None:
    """Nothing is said of what is stored."""
    talk = Talk()
    talk.welcome()
    talk.say("PRIVMSG #tea :hi", "PRIVMSG bob :hi")
    one, other = talk.asked()
    assert talk.store(one, 7, "tea") + talk.store(other, 7) == []


def test_an_account_finds_its_own_again() -> None:
    """Its direct messages have ids of its own; what one tells oneself comes once more, as told."""
    talk = Talk()
    talk.welcome("ann", ALL, account=True)
    talk.say("PRIVMSG bob :hi", "PRIVMSG ann :me")
    other, own = talk.asked()
    assert "msgid=@/9;account=ann " in talk.store(other, 9)[0]
    assert "msgid=@/10;" in talk.store(own, 10)[0]
    assert talk.hear(DmFrame(11, 1.5, "ann", "bob", "me", account=True))[0].endswith("PRIVMSG bob :me")


def test_what_one_tells_oneself_is_shown() -> None:
    """Beside its echo, which alone has the label."""
    talk = Talk()
    talk.welcome("ann", ALL)
    talk.say("@label=x PRIVMSG Ann :me")
    echo, shown = talk.store(talk.asked()[0], 1)
    assert echo == f"@label=x;{shown[1:]}"
    talk = Talk()
    talk.welcome("ann")
    talk.say("PRIVMSG ann :me", "PING x")
    assert commands(talk.store(talk.asked()[0], 1)) == ["PRIVMSG", "PONG"]


def test_an_answer_has_the_label() -> None:
    """Of the line that it answers; several are a batch."""
    talk = Talk()
    talk.welcome("ann", ALL)
    talk.say("@label=l1 PRIVMSG #tea,bob :hi", "@label=l2 PRIVMSG bob :ho")
    first, second, third = talk.asked()
    assert talk.store(first, 7, "tea") == []
    assert talk.store(third, 9)[0].startswith("@label=l2;time=")
    batch = talk.store(second, 8)
    assert batch[0] == "@label=l1 :server.chat BATCH +b1 :labeled-response"
    assert batch[1].startswith("@batch=b1;time=")
    assert batch[3] == ":server.chat BATCH :-b1"


def test_without_an_echo_a_label_is_acknowledged() -> None:
    """When it is stored; an error is the answer if there is one."""
    talk = Talk()
    talk.welcome("ann", "labeled-response batch")
    talk.say("@label=l1 PRIVMSG #tea :hi", "@label=l2 PRIVMSG bob :hi", "@label=l3 NOTICE bob :hi")
    said, told, noted = talk.asked()
    assert talk.store(said, 7, "tea") == ["@label=l1 :server.chat ACK"]
    assert talk.refuse(told, "no_such_user") == ["@label=l2 :server.chat 401 ann bob :because"]
    assert talk.refuse(noted, "no_such_user") == ["@label=l3 :server.chat ACK"]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("PRIVMSG", "411"),
        ("PRIVMSG , :x", "411"),
        ("PRIVMSG bob", "412"),
        ("PRIVMSG bob :", "412"),
        ("PRIVMSG a,b,c,d,e :x", "407"),
    ],
)
def test_what_is_missing_is_told(line: str, number: str) -> None:
    """But of a NOTICE nothing is."""
    talk = Talk()
    talk.welcome()
    assert commands(talk.say(line)) == [number]
    assert talk.say(line.replace("PRIVMSG", "NOTICE")) == []
    assert talk.asked() == []


@pytest.mark.parametrize(
    ("code", "number"),
    [("not_a_member", "404"), ("not_allowed", "404"), ("no_such_user", "401"), ("unavailable", "NOTICE")],
)
def test_what_is_refused_is_told(code: str, number: str) -> None:
    """By a number, or a sentence; of a NOTICE nothing is."""
    talk = Talk()
    talk.welcome()
    talk.say("PRIVMSG #tea :hi", "NOTICE #tea :hi")
    said, noted = talk.asked()
    assert commands(talk.refuse(said, code)) == [number]
    assert talk.refuse(noted, code) == []


def test_what_has_no_number_is_a_standard_reply() -> None:
    """To who can take one."""
    talk = Talk()
    talk.welcome("ann", "standard-replies")
    talk.say("PRIVMSG #tea :hi")
    (said,) = talk.asked()
    assert talk.refuse(said, "rate_limited") == [":server.chat FAIL PRIVMSG RATE_LIMITED #tea :because"]
