"""The command `chat-server erase`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chat_server import cli, erase_command
from chat_server.errors import ConfigError
from chat_server.store.sqlite import SqliteStore
from tests.conformance.running import ROOT
from tests.conformance.test_accounts import PASSWORD, Chat


def test_what_an_account_said_is_gone(tmp_path: Path) -> None:
    """In rooms and alone; what others said stays, and it is kept that it was done."""
    chat = Chat(tmp_path, "--guests", "on")
    for name in ("ann", "bob"):
        chat.user("add", name)
    chat.start()
    ann, bob = chat.login("ann"), chat.login("bob")
    ann.say("my secret", ref="1")
    ann.until("ACK", ref="1")
    ann.send("DM", to="bob", text="my secret too", ref="2")
    ann.until("ACK", ref="2")
    bob.say("kept", ref="3")
    bob.until("ACK", ref="3")
    chat.stop()
    done = subprocess.run(  # noqa: S603  # the project's own command
        [sys.executable, "-m", "chat_server", "erase", "ANN", "--journal", chat.journal],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == "3 messages of ann are gone; nobody may log in as ann any more\n"
    assert not [file for file in tmp_path.iterdir() if b"my secret" in file.read_bytes()]
    store = SqliteStore(tmp_path / "chat.db-store")
    act = store.moderation.acts(1)[0]
    assert (act.act, act.target, act.detail) == ("erase", "ann", "3 messages")
    store.close()
    chat.start()
    bob = chat.login("bob")
    bob.send("HISTORY", room="lobby")
    assert [each["text"] for each in bob.until("HISTORY")["messages"]] == ["", "kept"]
    bob.send("HISTORY", room="@")
    assert [each["text"] for each in bob.until("HISTORY")["messages"]] == [""]
    gone = chat.peer()
    gone.send("REG_NAME", name="ann", password=PASSWORD)
    assert gone.until("ERROR")["code"] == "auth_failed"
    chat.stop()


def test_what_cannot_be_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And changes nothing."""
    with pytest.raises(ConfigError, match="--journal sqlite:PATH"):
        erase_command.main(["ann", "--journal", "memory"])
    with pytest.raises(ConfigError, match=r"there is no .*chat\.db-store"):
        erase_command.main(["ann", "--journal", f"sqlite:{tmp_path}/chat.db"])
    SqliteStore(tmp_path / "chat.db-store").close()
    assert cli.main(["erase", "ann", "--journal", f"sqlite:{tmp_path}/chat.db"]) == 1
    assert "user list" in capsys.readouterr().err
    assert json.dumps([each.name for each in tmp_path.glob("*.db")]) == "[]"
