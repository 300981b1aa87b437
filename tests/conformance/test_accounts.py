"""Accounts, as any client sees them over the wire."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.running import ROOT, Running
from tests.support.peer import Peer

PASSWORD = "correct horse"  # noqa: S105  # a test's


class Chat:
    """A server for accounts, and a shell beside it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.journal = f"sqlite:{folder}/chat.db"
        self._flags = ("--journal", self.journal, "--access", "accounts", *flags)
        self._peers: list[Peer] = []
        self.running: Running | None = None

    def user(self, *arguments: str, typed: str = PASSWORD) -> str:
        """Return what `chat-server user` shows."""
        command = [sys.executable, "-m", "chat_server", "user", *arguments, "--journal", self.journal]
        done = subprocess.run(  # noqa: S603  # the project's own command
            command, input=f"{typed}\n", capture_output=True, text=True, check=True, cwd=ROOT
        )
        return done.stdout.strip()

    def start(self) -> None:
        """Start the server, or start it anew."""
        self.stop()
        self.running = Running(*self._flags)

    def stop(self) -> None:
        """End it, and all connections."""
        for peer in self._peers:
            peer.close()
        self._peers.clear()
        if self.running is not None:
            self.running.process.terminate()
            assert self.running.wait() == 0
        self.running = None

    def peer(self) -> Peer:
        """Return a connection that has said nothing."""
        assert self.running is not None
        peer = Peer(self.running.address)
        self._peers.append(peer)
        return peer

    def login(self, name: str, **fields: object) -> Peer:
        """Return somebody who has logged in."""
        peer = self.peer()
        assert peer.register(name, **{"password": PASSWORD, **fields})["account"]
        peer.fence()
        return peer


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    """Run a chat of ann and bob, and of guests."""
    made = Chat(tmp_path, "--guests", "on", "--registration", "invitation")
    made.user("add", "ann")
    made.user("add", "bob")
    made.start()
    yield made
    made.stop()


def test_the_first_line_says_what_it_takes(chat: Chat) -> None:
    """And a name alone of an account's is not enough; the same connection may try again."""
    peer = chat.peer()
    first = peer.until("REG_NAME")
    assert (first["access"], first["guests"], first["registration"]) == ("accounts", True, "invitation")
    peer.send("REG_NAME", name="ANN")
    assert peer.until("ERROR")["code"] == "auth_required"
    peer.send("REG_NAME", name="ann", password="wrong")  # noqa: S106  # a test's
    assert peer.until("ERROR")["code"] == "auth_failed"
    peer.send("REG_NAME", name="ann", password=PASSWORD)
    assert peer.until("WELCOME")["account"]


def test_an_account_on_two_connections(chat: Chat) -> None:
    """What one says the other hears, in a room and alone; others see it come and go once."""
    phone, desk, guest = chat.login("ann"), chat.login("ann"), chat.peer()
    guest.register("gus")
    phone.say("from the phone", ref="1")
    assert desk.hear("from the phone", "lobby")["account"]
    phone.send("DM", to="gus", text="psst", ref="2")
    assert guest.until("DM")["account"]
    copy, ack = desk.until("DM"), phone.until("ACK", ref="2")
    assert (copy["from"], copy["to"], copy["id"]) == ("ann", "gus", ack["id"])
    guest.send("WHO")
    users = guest.until("USERS")
    assert (users["names"], users["accounts"]) == (["ann", "gus"], [0])
    desk.send("EXIT")
    desk.rest()
    guest.fence()
    assert not [each for each in guest.seen if each["type"] == "LEFT"]


def test_what_an_account_missed_is_there_after_a_restart(chat: Chat) -> None:
    """Its rooms, what it had not read, and what was said to it alone."""
    ann, bob = chat.login("ann"), chat.login("bob")
    ann.join("tea")
    ann.fence()
    bob.join("tea")
    for text in ("one", "two"):
        bob.say(text, "tea", ref=text)
        bob.until("ACK", ref=text)
        ann.hear(text, "tea")
    ann.send("READ", room="tea", id=1)
    ann.send("EXIT")
    ann.rest()
    bob.send("DM", to="ann", text="call me", ref="dm")
    bob.until("ACK", ref="dm")
    chat.start()
    again = chat.peer()
    again.until("REG_NAME")
    again.send("REG_NAME", name="ann", password=PASSWORD)
    assert again.until("WELCOME")["rooms"] == ["lobby", "tea"]
    assert again.until("DM")["text"] == "call me"
    assert [each["text"] for each in again.seen if each["type"] == "MSG"] == ["two"]
    again.send("HISTORY", room="@")
    assert [each["text"] for each in again.until("HISTORY")["messages"]] == ["call me"]
    again.send("SEARCH", words="call", room="@")
    assert [each["text"] for each in again.until("FOUND")["messages"]] == ["call me"]


@pytest.mark.parametrize("change", ["passwd", "disable"])
def test_a_shell_ends_who_is_there(chat: Chat, change: str) -> None:
    """Within a moment, with a reason; the others stay, and the old way in is closed."""
    ann, bob = chat.login("ann"), chat.login("bob")
    chat.user(change, "ann", typed="another password")
    assert ann.rest()[-1]["reason"] == "logged_out"
    bob.fence()
    again = chat.peer()
    again.until("REG_NAME")
    again.send("REG_NAME", name="ann", session=ann.session, password=PASSWORD)
    assert again.until("ERROR")["code"] == "auth_failed"


def test_a_bot_comes_with_its_token(chat: Chat) -> None:
    """Into its room alone, until the token is revoked."""
    chat.user("add", "builder")
    token = chat.user("token", "builder", "--room", "builds", "--read-only")
    bot = chat.peer()
    assert bot.register("builder", token=token)["rooms"] == ["builds"]
    bot.say("hello", "builds", ref="1")
    assert bot.until("ERROR", ref="1")["code"] == "not_allowed"
    bot.send("JOIN", room="lobby", ref="2")
    assert bot.until("ERROR", ref="2")["code"] == "not_allowed"
    chat.user("revoke", "1")
    assert bot.rest()[-1]["reason"] == "logged_out"


def test_somebody_who_was_invited_registers(chat: Chat) -> None:
    """Once; then the password is enough."""
    invitation = chat.user("invite")
    cat = chat.peer()
    assert cat.register("cat", password=PASSWORD, invitation=invitation)["account"]
    assert chat.login("cat").name == "cat"
    second = chat.peer()
    second.until("REG_NAME")
    second.send("REG_NAME", name="dan", password=PASSWORD, invitation=invitation)
    assert second.until("ERROR")["code"] == "auth_failed"


def test_one_password_for_all(tmp_path: Path) -> None:
    """It stands in a file; who does not know it stays outside."""
    (tmp_path / "password").write_text("open sesame\n")
    flags = ("--access", "password", "--password-file", f"{tmp_path}/password")
    with Running(*flags) as running, Peer(running.address) as peer:
        assert peer.until("REG_NAME")["access"] == "password"
        peer.send("REG_NAME", name="ann")
        assert peer.until("ERROR")["code"] == "auth_required"
        peer.send("REG_NAME", name="ann", password="open")  # noqa: S106  # a test's
        assert peer.until("ERROR")["code"] == "auth_failed"
        peer.send("REG_NAME", name="ann", password="open sesame")  # noqa: S106  # a test's
        assert "account" not in peer.until("WELCOME")


def test_no_secret_is_logged(chat: Chat) -> None:
    """Whatever went wrong with it."""
    invitation = chat.user("invite")
    for fields in ({"password": "wrong-secret"}, {"token": "wrong-secret"}, {"invitation": invitation}):
        peer = chat.peer()
        peer.send("REG_NAME", name="ann", **fields)
        peer.until("ERROR")
    chat.login("bob")
    assert chat.running is not None
    running = chat.running
    chat.stop()
    log = "".join(running.lines)
    assert "login_failed" in log
    assert not [each for each in ("wrong-secret", invitation, PASSWORD, "$argon2") if each in log]
