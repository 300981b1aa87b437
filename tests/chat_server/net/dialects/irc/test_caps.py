"""CAP: what a client and this server agree on."""

import re

import pytest

from tests.chat_server.net.dialects.irc.support import Talk


def listed(lines: list[str]) -> list[str]:
    """Return the names in a list of capabilities."""
    return [name for line in lines for name in line.rpartition(" :")[2].split()]


def test_the_list() -> None:
    """Of what there is; with values, and in as many lines as it takes, for who can take that."""
    talk = Talk()
    plain = talk.say("CAP LS")
    assert len(plain) == 1
    assert re.match(r":server\.chat CAP \* LS :", plain[0])
    assert not any("=" in each for each in listed(plain))
    assert {"message-tags", "server-time", "batch", "echo-message"} <= {*listed(plain)}
    several = talk.say("CAP LS 302")
    assert [name.partition("=")[0] for name in listed(several)] == listed(plain)
    assert all(" LS * :" in each for each in several[:-1])
    assert all(len(each) < 510 for each in several)


def test_what_is_in_force() -> None:
    """Nothing at first; what was asked for, until it is given back."""
    talk = Talk()
    assert talk.say("CAP LIST") == [":server.chat CAP * LIST :"]
    assert talk.say("CAP REQ :echo-message  server-time") == [
        ":server.chat CAP * ACK :echo-message  server-time"
    ]
    assert talk.say("CAP LIST") == [":server.chat CAP * LIST :echo-message server-time"]
    assert talk.say("CAP REQ :-server-time") == [":server.chat CAP * ACK :-server-time"]
    assert talk.say("CAP LIST") == [":server.chat CAP * LIST :echo-message"]


@pytest.mark.parametrize("asked", ["foo", "foo echo-message bar", "-foo", "echo-message=x"])
def test_all_or_nothing(asked: str) -> None:
    """What there isn't is refused, with all that was asked for in the same line."""
    talk = Talk()
    assert talk.say(f"CAP REQ :{asked}") == [f":server.chat CAP * NAK :{asked}"]
    assert talk.say("CAP LIST") == [":server.chat CAP * LIST :"]


def test_what_it_takes() -> None:
    """One of four words."""
    talk = Talk()
    assert talk.say("CAP FOO", "CAP") == [
        ":server.chat 410 * FOO :CAP takes LS, LIST, REQ and END",
        ":server.chat 461 * CAP :not enough parameters",
    ]


def test_the_form_follows() -> None:
    """Also after the welcome, and back."""
    talk = Talk()
    bare = talk.irc.render
    talk.welcome()
    assert talk.irc.render is bare
    talk.say("CAP REQ :server-time")
    assert talk.irc.render is not bare
    talk.say("CAP REQ :-server-time", "CAP END")
    assert talk.irc.render is bare
