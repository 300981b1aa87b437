"""IRC over the wire where there are accounts: logging in, running a room, reading on."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conformance.test_accounts import PASSWORD, Chat
from tests.conformance.test_irc import BOTH, MODERN, irc_address
from tests.support.irc import IrcPeer
from tests.support.peer import fresh

HISTORY = (*MODERN, "draft/chathistory")


class IrcChat(Chat):
    """A chat of accounts that speaks IRC as well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "--guests", "on", "--profile", "trusted", *BOTH)
        self.stack = ExitStack()

    def irc(self, nick: str, *caps: str, password: str = PASSWORD) -> IrcPeer:
        """Return somebody who has logged in by SASL."""
        peer = self.stranger()
        peer.nick = nick
        plain = base64.b64encode(f"\0{nick}\0{password}".encode()).decode()
        peer.send(
            "CAP LS 302", f"CAP REQ :{' '.join(('sasl', *caps))}", f"NICK {nick}", f"USER {nick} 0 * :{nick}"
        )
        peer.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}")
        peer.until(" 903 ")
        peer.send("CAP END")
        peer.until(" 001 ")
        peer.sync()
        return peer

    def guest(self, *caps: str) -> IrcPeer:
        """Return a guest."""
        peer = self.stranger()
        peer.register(fresh("gus"), *caps)
        return peer

    def stranger(self) -> IrcPeer:
        """Return a connection that has said nothing."""
        assert self.running is not None
        return self.stack.enter_context(IrcPeer(irc_address(self.running)))

    def stop(self) -> None:
        """End it, and all connections."""
        self.stack.close()
        super().stop()


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IrcChat]:
    """Run a chat of ann and bob, and of guests."""
    made = IrcChat(tmp_path_factory.mktemp("irc"))
    made.user("add", "ann")
    made.user("add", "bob")
    made.start()
    yield made
    made.stop()


def test_a_wrong_password_is_told(chat: IrcChat) -> None:
    """And the client may come in as a guest, or try again."""
    peer = chat.stranger()
    wrong = base64.b64encode(b"\0ann\0wrong").decode()
    peer.send("CAP REQ sasl", "NICK ann", "USER a 0 * :A", "AUTHENTICATE PLAIN", f"AUTHENTICATE {wrong}")
    assert peer.until(" 904 ")[-1].startswith(":server.chat 904 * :")
    peer.send("CAP END")
    assert " 464 " in peer.until(" 464 ")[-1]


def test_a_room_is_run(chat: IrcChat) -> None:
    """Its owner sets modes, gives a voice, kicks and bans; a native client sees the same."""
    room = fresh("tea")
    ann, bob, gus = chat.irc("ann"), chat.irc("bob"), chat.guest()
    native = chat.login("bob")
    ann.join(f"#{room}")
    assert ann.ask(f"MODE #{room} +m") == [f":ann!user@hidden.chat MODE #{room} :+m"]
    for peer in (bob, gus):
        peer.join(f"#{room}")
    native.join(room)
    bob.send(f"PRIVMSG #{room} :quiet")
    assert " 404 " in bob.until(" 404 ")[-1]
    ann.send(f"MODE #{room} +v bob")
    assert bob.until(" MODE ")[-1] == f":ann!user@hidden.chat MODE #{room} +v :bob"
    assert native.until("ROLE")["role"] == "speaker"
    bob.send(f"PRIVMSG #{room} :loud")
    ann.until(":loud")
    ann.send(f"KICK #{room} {gus.nick} :enough")
    assert gus.until(" KICK ")[-1] == f":ann!user@hidden.chat KICK #{room} {gus.nick} :enough"
    ann.send(f"MODE #{room} +b {gus.nick}!*@*")
    ann.until("+b")
    gus.send(f"JOIN #{room}")
    assert " 474 " in gus.until(" 474 ")[-1]


def test_history_is_read_on(chat: IrcChat) -> None:
    """By the ids that the messages had when they came, over a restart of the server."""
    room = fresh("tea")
    ann = chat.irc("ann", *HISTORY)
    ann.join(f"#{room}")
    ann.send(*(f"PRIVMSG #{room} :m{number}" for number in range(5)))
    echoes = ann.until(":m4")
    msgid = next(each for each in echoes if each.endswith(":m1")).partition("msgid=")[2].partition(" ")[0]
    chat.start()
    ann = chat.irc("ann", *HISTORY)
    ann.join(f"#{room}")
    lines = ann.ask(f"CHATHISTORY AFTER #{room} msgid={msgid.partition(';')[0]} 2")
    assert [each.rpartition(":")[2] for each in lines[1:-1]] == ["m2", "m3"]
    assert f"chathistory :#{room}" in lines[0]


def test_connections_of_an_account_share_what_is_read(chat: IrcChat) -> None:
    """Be they of IRC or not."""
    room = fresh("tea")
    one, native = chat.irc("ann", "draft/read-marker", "server-time"), chat.login("ann")
    one.join(f"#{room}")
    native.join(room)
    native.say("hello", room)
    time = one.until(":hello")[-1].partition("time=")[2].partition(" ")[0]
    native.send("READ", id=1, room=room)
    assert one.until("MARKREAD")[-1] == f":server.chat MARKREAD #{room} :timestamp={time}"


def test_who_comes_and_goes(chat: IrcChat) -> None:
    """Once for all connections, of whatever kind."""
    gus = chat.guest()
    assert [each.split(" ")[1] for each in gus.ask("MONITOR + bob")] in (["730"], ["731"])
    chat.start()
    gus = chat.guest()
    assert [each.split(" ")[1] for each in gus.ask("MONITOR + bob")] == ["731"]
    native = chat.login("bob")
    assert " 730 " in gus.until(" 730 ")[-1]
    irc = chat.irc("bob")
    native.send("EXIT")
    assert gus.sync() == []
    irc.send("QUIT")
    assert " 731 " in gus.until(" 731 ")[-1]


def test_a_message_of_several_lines(chat: IrcChat) -> None:
    """Is one, natively and for who knows it."""
    room = fresh("tea")
    ann, bob, native = (
        chat.irc("ann", *MODERN, "draft/multiline"),
        chat.irc("bob", *MODERN),
        chat.login("bob"),
    )
    for peer in (ann, bob):
        peer.join(f"#{room}")
    native.join(room)
    ann.send(
        f"@label=x BATCH +1 draft/multiline #{room}",
        f"@batch=1 PRIVMSG #{room} :one",
        f"@batch=1 PRIVMSG #{room} :two",
        "BATCH -1",
    )
    assert "label=x" in ann.until("BATCH +")[-1]
    assert native.until("MSG")["text"] == "one\ntwo"
    assert [each.rpartition(":")[2] for each in bob.until(":two")[-2:]] == ["one", "two"]
