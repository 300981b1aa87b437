"""Whoever was put out stays out, and cannot reach the operator who did it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.operated import Operated
from tests.security.table import row


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operated]:
    """Run a server with a shell beside it."""
    made = Operated(tmp_path)
    yield made
    made.stop()


@row(
    "coming back after a ban",
    defence="look-alikes, sessions and renames are refused",
)
def test_coming_back_after_a_ban(operated: Operated) -> None:
    """By the session, by another spelling or other letters, by a session under another name, by a rename."""
    mallory = operated.come("mallory")
    operated.admin("ban", "mallory")
    assert mallory.bye() == "banned"
    for name in ("mallory", "MALLORY", "m\u0430llory", "ma\uff4clory", "ma11ory"):
        assert operated.refused(name, session=mallory.session)["code"] == "banned"
        assert operated.refused(name)["code"] == "banned"
    other = operated.come("eve")
    other.send("NAME", name="Mallory", ref="1")
    assert other.until("ERROR", ref="1")["code"] == "banned"


@row("coming back after a ban of the address", defence="turned away before anything is read")
def test_coming_back_after_a_ban_of_the_address(operated: Operated) -> None:
    """Under any name; whoever is there without a name must go as well."""
    silent = operated.stranger()
    silent.until("REG_NAME")
    operated.admin("ban", "127.0.0.1")
    assert silent.bye() == "banned"
    (bye,) = operated.stranger().rest()
    assert bye["reason"] == "address_banned"


@row("resuming a session after a kick", defence="the session is forgotten")
def test_resuming_a_session_after_a_kick(operated: Operated) -> None:
    """It is a new one, which has nothing of the old."""
    mallory = operated.come("mallory")
    mallory.join("tea")
    operated.admin("kick", "mallory")
    assert mallory.bye() == "kicked"
    again = operated.stranger()
    welcome = again.register("mallory", session=mallory.session)
    assert (welcome["resumed"], welcome["rooms"]) == (False, ["lobby"])


@row("control characters for the operator", defence="shown as escapes; JSON is ASCII")
def test_control_characters_for_the_operator(operated: Operated) -> None:
    """In what strangers may choose: a topic here, since names take none."""
    mallory = operated.come("mallory")
    mallory.send("TOPIC", room="lobby", topic="a\x1b[2J\x9b\u202eb")
    mallory.fence()
    operated.come("ann")
    shown = operated.admin("rooms")
    assert "\\u202eb" in shown
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert operated.admin("rooms", "--json").isascii()
    assert json.loads(operated.admin("rooms", "--json"))["users"] == 2


@row("another user at the admin socket", defence="mode 600", default="the server's user, root")
def test_another_user_at_the_admin_socket(operated: Operated) -> None:
    """Nobody but the owner may connect, whatever the umask was."""
    found = operated.socket.lstat()
    assert (found.st_mode & 0o777, found.st_uid) == (0o600, os.getuid())
