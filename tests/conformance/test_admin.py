"""What an operator does from a shell, as people see it over the wire."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.operated import Operated
from tests.conformance.running import ROOT

PASSWORD = "correct horse"  # noqa: S105  # a test's


@pytest.fixture
def operate(tmp_path: Path) -> Iterator[Callable[..., Operated]]:
    """Start servers, and stop them in the end."""
    made: list[Operated] = []

    def operate(*flags: str) -> Operated:
        made.append(Operated(tmp_path, *flags))
        return made[-1]

    yield operate
    for each in made:
        each.stop()


@pytest.fixture
def chat(operate: Callable[..., Operated]) -> Operated:
    """Start one that is open to everyone."""
    return operate()


def test_a_ban_of_a_name(chat: Operated) -> None:
    """Ends who is there, and lets nobody in who looks the same; reason and end are told; unban ends it."""
    dave, ann = chat.come("dave"), chat.come("ann")
    assert chat.admin("ban", "dave", "--for", "2h", "--reason", "spam") == "the name dave is banned for 2h\n"
    assert dave.until("NOTICE")["text"] == "dave is banned from this chat: spam"
    assert dave.bye() == "banned"
    assert ann.until("LEFT")["reason"] == "banned"
    for name, fields in (("dave", {}), ("DAVE", {}), ("d\u0430ve", {}), ("dave", {"session": dave.session})):
        error = chat.refused(name, **fields)
        assert (error["code"], "spam" in str(error["text"])) == ("banned", True)
        assert 0 < float(str(error["retry_after"])) <= 7200
    ann.send("NAME", name="Dave", ref="1")
    assert ann.until("ERROR", ref="1")["code"] == "banned"
    assert "dave" in chat.admin("bans")
    chat.admin("unban", "dave")
    assert chat.admin("bans") == "nobody is banned or muted\n"
    chat.come("dave")


def test_a_mute(chat: Operated) -> None:
    """Lets somebody read on, and nothing more, however they try to say it; a mute that is over is none."""
    dave, ann = chat.come("dave"), chat.come("ann")
    ann.say("before", ref="1")
    dave.hear("before")
    chat.admin("mute", "dave", "--for", "2h", "--reason", "spam")
    assert dave.until("NOTICE")["text"] == "dave may only read in this chat: spam"
    for kind, fields in (
        ("MSG", {"text": "hi"}),
        ("DM", {"to": "ann", "text": "hi"}),
        ("EDIT", {"id": 1, "text": "hi"}),
        ("TOPIC", {"topic": "hi"}),
        ("NAME", {"name": "hi"}),
        ("KICK", {"name": "ann", "reason": "hi"}),
    ):
        dave.send(kind, ref=kind, **fields)
        error = dave.until("ERROR", ref=kind)
        assert (error["code"], error["text"]) == ("not_allowed", "dave may only read in this chat: spam"), (
            kind
        )
    dave.send("JOIN", room="tea")
    dave.until("JOINED", room="tea")
    ann.say("after", ref="2")
    dave.hear("after")
    assert "hi" not in repr(ann.fence())
    chat.admin("unmute", "dave")
    dave.say("sorry", "lobby", ref="3")
    ann.hear("sorry")


def test_a_ban_of_an_address(chat: Operated) -> None:
    """Of all its connections, named or not; the others never come in, and are told when to try again."""
    dave, silent = chat.come("dave"), chat.stranger()
    silent.until("REG_NAME")
    chat.admin("ban", "127.0.0.0/8", "--for", "30m")
    assert (dave.bye(), silent.bye()) == ("banned", "banned")
    (bye,) = chat.stranger().rest()
    assert bye["reason"] == "address_banned"
    assert 0 < bye["retry_after"] <= 1800
    chat.admin("unban", "127.0.0.0/8")
    chat.come("dave")


def test_a_ban_of_an_account(operate: Callable[..., Operated]) -> None:
    """On all its connections, and with the right password; the others stay."""
    chat = operate("--access", "accounts")
    for name in ("dave", "ann"):
        assert chat.shell("user", "add", name, typed=f"{PASSWORD}\n").returncode == 0
    daves = [chat.come("dave", password=PASSWORD) for _ in range(2)]
    ann = chat.come("ann", password=PASSWORD)
    assert chat.admin("ban", "DAVE") == "the account dave is banned for ever\n"
    assert [dave.bye() for dave in daves] == ["banned", "banned"]
    error = chat.refused("dave", password=PASSWORD, session=daves[0].session)
    assert (error["code"], "retry_after" in error) == ("banned", False)
    ann.fence()


def test_a_restart_keeps_bans(chat: Operated) -> None:
    """One that was killed as well; the socket that it left is replaced."""
    chat.admin("ban", "dave")
    chat.admin("ban", "192.0.2.0/24", "--for", "1d")
    chat.restart(signal.SIGKILL)
    assert chat.refused("dave")["code"] == "banned"
    listed = [json.loads(line) for line in chat.admin("bans", "--json").splitlines()]
    assert [(each["kind"], each["who"]) for each in listed] == [("name", "dave"), ("address", "192.0.2.0/24")]
    assert chat.running.metric("chat_bans") == 2


def test_who_is_kicked_cannot_resume(chat: Operated) -> None:
    """But may come again as new."""
    dave = chat.come("dave")
    assert chat.admin("kick", "dave", "--reason", "cool down") == "dave was removed, from 1 connection\n"
    assert dave.until("NOTICE")["text"] == "you were removed from this chat: cool down"
    assert dave.bye() == "kicked"
    peer = chat.stranger()
    assert peer.register("dave", session=dave.session)["resumed"] is False


def test_nobody_is_kicked_or_banned_by_mistake(chat: Operated) -> None:
    """It is said what to do, with status 1; nobody's connection ends."""
    dave = chat.come("dave")
    for arguments in (
        ["kick", "nobody"],
        ["ban", "0.0.0.0/0"],
        ["ban", ""],
        ["ban", "127.0.0.1/8"],
        ["unban", "x"],
    ):
        done = chat.shell("admin", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("chat-server: ")
    dave.fence()
    assert chat.admin("bans") == "nobody is banned or muted\n"


def test_looking(chat: Operated) -> None:
    """Who is there, from where, in which rooms; for people and for programs."""
    dave = chat.come("dave")
    dave.join("tea")
    dave.fence()
    line = chat.admin("connections").splitlines()[1]
    assert "dave" in line
    assert f"127.0.0.1:{dave.socket.getsockname()[1]}" in line
    (user,) = [json.loads(each) for each in chat.admin("users", "--json").splitlines()]
    assert (user["name"], user["account"], user["rooms"]) == ("dave", False, ["lobby", "tea"])
    assert chat.admin("rooms").splitlines()[0].split() == ["ROOM", "USERS", "TOPIC"]


def test_a_notice_reaches_everybody(chat: Operated) -> None:
    """Who has a name."""
    dave, ann = chat.come("dave"), chat.come("ann")
    assert chat.admin("notice", "we restart at noon") == "told to 2 connections\n"
    for peer in (dave, ann):
        assert peer.until("NOTICE")["text"] == "we restart at noon"


def test_a_drain(chat: Operated) -> None:
    """Those who are there stay and talk; new ones are sent away, and a load balancer sends none."""
    dave, ann = chat.come("dave"), chat.come("ann")
    assert chat.ready() == 200
    chat.admin("drain")
    assert chat.ready() == 503
    (bye,) = chat.stranger().rest()
    assert (bye["reason"], bye["retry_after"] > 0) == ("draining", True)
    dave.say("still here")
    ann.hear("still here")
    chat.admin("undrain")
    assert chat.ready() == 200
    chat.come("bob")


def test_a_shell_that_hangs_holds_up_nobody(chat: Operated) -> None:
    """Neither another shell nor the chat."""
    dave = chat.come("dave")
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as halfway:
        for hanging in (silent, halfway):
            hanging.connect(str(chat.socket))
        halfway.sendall(b'{"type":"us')
        assert "dave" in chat.admin("users")
        dave.fence()


def test_the_socket_is_its_owner_s_alone(chat: Operated) -> None:
    """And is gone with the server."""
    mode = chat.socket.lstat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)


def test_what_was_done_is_kept(chat: Operated) -> None:
    """In the log, in the metrics, and in the store, which can be read beside the server or without it."""
    chat.come("dave")
    chat.admin("kick", "dave", "--reason", "spam")
    chat.admin("reload")
    actor = f"shell:{os.getuid()}"
    rows = [json.loads(line) for line in chat.shell("audit", "--json").stdout.splitlines()]
    assert [(each["act"], each["actor"], each["target"]) for each in rows] == [
        ("reload", actor, ""),
        ("kick", actor, "dave"),
    ]
    before = chat.running
    chat.restart()
    (kick,) = [each for each in before.events() if each["event"] == "act" and each["act"] == "kick"]
    assert (kick["actor"], kick["target"], kick["detail"]) == (actor, "dave", "spam")
    assert chat.shell("audit", "--limit", "1").stdout.splitlines()[1].split()[2:] == [actor, "reload"]


def test_without_a_server(tmp_path: Path) -> None:
    """One sentence says what to do."""
    done = subprocess.run(  # noqa: S603  # the project's own command
        [sys.executable, "-m", "chat_server", "admin", "users", "--journal", f"sqlite:{tmp_path}/chat.db"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "is the server running?" in done.stderr
