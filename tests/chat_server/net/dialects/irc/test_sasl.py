"""AUTHENTICATE."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat.passwords import digest, new_secret
from chat_server.net.dialects.irc.sasl import Credentials, parse_plain
from chat_server.store.base import EVERYTHING
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.support.irc_world import IrcClient, come, shown
from tests.support.world import World


def plain(*parts: str) -> str:
    """Return what PLAIN answers."""
    return base64.b64encode("\0".join(parts).encode()).decode()


def begun(chat: World, nick: str = "ann") -> IrcClient:
    """Return a client that has begun to authenticate."""
    client = IrcClient(chat)
    lines = client.send(
        "CAP LS 302", "CAP REQ sasl", f"NICK {nick}", f"USER {nick} 0 * :Ann", "AUTHENTICATE PLAIN"
    )
    assert lines[-1] == "AUTHENTICATE :+"
    return client


@pytest.mark.parametrize(
    "answer", [plain("", "ann", PASSWORD), plain("ann", "ann", PASSWORD), plain("", "ANN", PASSWORD)]
)
def test_plain(answer: str) -> None:
    """The account is proved before the client is welcomed, which waits for CAP END."""
    client = begun(world("ann"))
    lines = client.told(f"AUTHENTICATE {answer}")
    assert [line.command for line in lines] == ["900", "903"]
    assert lines[0].params[1:3] == ("ann!user@hidden.chat", "ann")
    lines = client.told("CAP END")
    assert (lines[0].command, lines[0].params[0]) == ("001", "ann")
    assert client.conversation.session.identity.is_account
    assert client.conversation.session.memberships == {}
    assert shown(client.told("AUTHENTICATE PLAIN"))[0][0] == "907"


@pytest.mark.parametrize("nick", ["ann", "annie"])
def test_a_nick_after_it(nick: str) -> None:
    """Some clients, irssi among them, say NICK and USER when SASL is over; they are welcomed once."""
    client = IrcClient(world("ann"))
    client.send("CAP LS 302", "CAP REQ sasl", "AUTHENTICATE PLAIN")
    assert [line.command for line in client.told(f"AUTHENTICATE {plain('', 'ann', PASSWORD)}")] == [
        "900",
        "903",
    ]
    lines = client.told("CAP END", f"NICK {nick}", "USER ann 0 * :Ann", "CAP END", f"NICK {nick}")
    assert [line.params[0] for line in lines if line.command == "001"] == ["ann"]


def test_a_token_takes_the_password_s_place() -> None:
    """As bots have."""
    chat = world("ann")
    account = chat.store.find("ann")
    assert account is not None
    token = new_secret("token")
    chat.store.add_token(account.number, digest(token), "ci", EVERYTHING)
    client = begun(chat)
    assert [each[0] for each in shown(client.told(f"AUTHENTICATE {plain('', 'ann', token)}"))] == [
        "900",
        "903",
    ]
    assert client.conversation.session.identity.is_account
    other = IrcClient(chat)
    other.send(f"PASS ann:{token}", "NICK ann", "USER a 0 * :A")
    assert other.conversation.session.identity.is_account


def test_the_account_s_name_is_the_nick() -> None:
    """Whatever NICK asked for; it is told."""
    client = begun(world("ann"), "annie")
    client.send(f"AUTHENTICATE {plain('', 'ann', PASSWORD)}")
    lines = client.told("CAP END")
    assert lines[0].params[0] == "ann"
    assert (lines[-1].command, lines[-1].params[0]) == ("NOTICE", "ann")
    assert "keeps its name" in lines[-1].params[1]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"AUTHENTICATE {plain('', 'ann', 'wrong')}"], ["904"]),
        ([f"AUTHENTICATE {plain('', 'nobody', PASSWORD)}"], ["904"]),
        ([f"AUTHENTICATE {plain('bob', 'ann', PASSWORD)}"], ["904"]),
        (["AUTHENTICATE !"], ["904"]),
        (["AUTHENTICATE +"], ["904"]),
        (["AUTHENTICATE *"], ["906"]),
        ([f"AUTHENTICATE {'a' * 401}"], ["905"]),
        ([f"AUTHENTICATE {'a' * 400}"] * 6, ["905"]),
        (["AUTHENTICATE *", "AUTHENTICATE SCRAM-SHA-256"], ["906", "908", "904"]),
    ],
)
def test_what_proves_nothing(lines: list[str], expected: list[str]) -> None:
    """It is told, and may be tried again."""
    client = begun(world("ann"))
    assert [each[0] for each in shown(client.told(*lines))] == expected
    assert not client.conversation.has_session
    again = client.told("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('', 'ann', PASSWORD)}")
    assert [line.command for line in again] == ["AUTHENTICATE", "900", "903"]


def test_a_long_answer_comes_in_pieces() -> None:
    """Of 400 characters; one of that length is followed by another, if need be by an empty one."""
    client = begun(world("ann"))
    answer = plain("", "ann", "x" * 256)
    assert len(answer) < 400
    long = plain("ann" * 40, "ann" * 40, "x" * 58)
    assert len(long) == 400
    assert client.send(f"AUTHENTICATE {long}") == []
    assert shown(client.told("AUTHENTICATE +"))[0][0] == "904"
    longer = plain("ann" * 40, "ann" * 40, "x" * 90)
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {longer[:400]}")
    assert shown(client.told(f"AUTHENTICATE {longer[400:]}"))[0][0] == "904"


@pytest.mark.parametrize("mode", ["open", "password"])
def test_a_chat_without_accounts_offers_none(mode: str) -> None:
    """What there isn't is not claimed."""
    chat = World()
    object.__setattr__(chat.rules, "mode", mode)
    client = IrcClient(chat)
    assert "sasl" not in client.send("CAP LS 302")[0]
    assert shown(client.told("AUTHENTICATE PLAIN"))[0] == ("908", "*", "are available SASL mechanisms")


def test_a_guest_is_told_to_log_in_earlier() -> None:
    """Once one is in, it is too late."""
    client = come(world("ann"), "gus")
    assert shown(client.told("AUTHENTICATE PLAIN"))[0][0] == "907"


def test_a_certificate() -> None:
    """It proves the account of its name, where that is so; it is offered nowhere else."""
    chat = world("ann", "bob")
    assert "EXTERNAL" not in IrcClient(chat).send("CAP LS 302")[0]
    object.__setattr__(chat.rules, "certificates", True)
    for answer, account, expected in (
        ("+", "ann", ["900", "903"]),
        (base64.b64encode(b"ANN").decode(), "ann", ["900", "903"]),
        (base64.b64encode(b"bob").decode(), "ann", ["904"]),
        ("+", "", ["904"]),
        ("+", "nobody", ["904"]),
        ("!", "ann", ["904"]),
    ):
        client = IrcClient(chat)
        client.conversation.certified = account
        assert "sasl=PLAIN,EXTERNAL" in client.send("CAP LS 302")[0]
        assert client.send("AUTHENTICATE EXTERNAL") == ["AUTHENTICATE :+"]
        assert [line.command for line in client.told(f"AUTHENTICATE {answer}")] == expected


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(NAMES, NAMES)
def test_what_plain_says(account: str, secret: str) -> None:
    """The account and its secret, in whatever script."""
    assert parse_plain(plain("", account, secret)) == Credentials(account, secret)
    assert parse_plain(plain(account, account, secret)) == Credentials(account, secret)


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_anything_is_an_answer_or_none(answer: str) -> None:
    """It never raises."""
    assert parse_plain(answer) is None or isinstance(parse_plain(answer), Credentials)
