"""The command `chat-server user`."""

import io
import re
from pathlib import Path

import pytest

from chat_protocol.messages import RegName
from chat_server import cli, user_command
from chat_server.chat.access import Access, AccessRules
from chat_server.chat.passwords import Passwords, digest
from chat_server.errors import ConfigError, OperatorError, StoreError
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Clock

PASSWORD = "correct horse"  # noqa: S105  # a test's


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a journal in the environment, as Compose does; return where the store lies."""
    monkeypatch.setenv("CHAT_JOURNAL", f"sqlite:{tmp_path}/chat.db")
    return tmp_path / "chat.db-store"


def run(*arguments: str) -> list[str]:
    """Return what a command shows."""
    return user_command.main(arguments)


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have these lines come on stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_an_account_may_log_in(monkeypatch: pytest.MonkeyPatch, journal: Path) -> None:
    """With the password that came on stdin, until it has another, or is disabled."""
    typed(monkeypatch, PASSWORD)
    assert run("add", "dave")[0] == "dave may log in now"
    store = SqliteStore(journal)
    dave = store.find("dave")
    assert dave is not None
    assert Passwords().is_right(dave.hash, PASSWORD)
    typed(monkeypatch, "another one")
    assert run("passwd", "DAVE") == ["dave has another password"]
    assert run("disable", "dave") == ["nobody may log in as dave any more"]
    now = store.find("dave")
    assert now is not None
    assert (Passwords().is_right(now.hash, "another one"), now.disabled) == (True, True)
    run("enable", "dave")
    now = store.find("dave")
    assert now is not None
    assert (now.disabled, now.version) == (False, dave.version + 3)
    store.close()


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    """In its first line; never among the arguments, which others see."""
    (tmp_path / "password").write_text(f"{PASSWORD}\nand more\n")
    run("add", "dave", "--operator", "--password-file", f"{tmp_path}/password")
    assert run("list") == [f"{'dave':32} operator"]
    with pytest.raises(SystemExit):
        run("add", "ann", "--password", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["add", "dave"], StoreError, "there is an account dave"),
        (["add", "d\u0430ve"], StoreError, "looks the same"),
        (["add", "a b"], ConfigError, "no spaces"),
        (["passwd", "bob"], StoreError, "user list"),
        (["revoke", "7"], StoreError, "user tokens"),
        (["token", "dave", "--room", "a b"], ConfigError, "no spaces"),
        (["token", "dave", "--label", "a\x1bb"], ConfigError, "control characters"),
        (["invite", "--days", "0"], ConfigError, "at most 365"),
        (["invite", "--days", "nan"], ConfigError, "at most 365"),
    ],
)
def test_what_cannot_be_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: type[OperatorError], said: str
) -> None:
    """And changes nothing."""
    typed(monkeypatch, PASSWORD, PASSWORD)
    run("add", "dave")
    with pytest.raises(error, match=said):
        run(*arguments)
    assert run("list") == ["dave"]


@pytest.mark.parametrize("password", ["short", "x" * 257, ""])
def test_a_password_has_a_length(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """Else no account is made."""
    typed(monkeypatch, password)
    with pytest.raises(ConfigError, match="8 to 256 characters"):
        run("add", "dave")
    assert run("list")[0].startswith("there are no accounts")


def test_a_token_is_shown_once(
    monkeypatch: pytest.MonkeyPatch, journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program reads it from stdout; the list has all but the secret."""
    typed(monkeypatch, PASSWORD)
    run("add", "builder")
    (secret,) = run("token", "builder", "--room", "#Builds", "--read-only", "--label", "ci")
    assert "token 1 of builder" in capsys.readouterr().err
    store = SqliteStore(journal)
    found = store.token(digest(secret))
    assert found is not None
    assert (list(found[1].rooms), found[1].writes) == (["builds"], False)
    store.close()
    (line,) = run("tokens")
    assert re.fullmatch(r" +1  builder +\d{4}-\d\d-\d\d  builds, reads alone  ci", line)
    assert secret not in line
    assert run("revoke", "1") == ["token 1 is good no more"]
    assert run("tokens")[0].startswith("there are no tokens")


def test_an_invitation_lets_somebody_register(journal: Path) -> None:
    """Once."""
    (secret,) = run("invite", "--days", "1")
    store = SqliteStore(journal)
    door = Access(AccessRules("accounts", registration="invitation"), store, Clock())
    request = RegName("ann", password=PASSWORD, invitation=secret)
    assert door.admit(request, "ann", "", None).account is not None
    store.close()


def test_without_a_journal_in_a_file_there_are_no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which setting is missing."""
    monkeypatch.delenv("CHAT_JOURNAL")
    with pytest.raises(ConfigError, match="--journal sqlite:PATH"):
        run("list")


def test_the_command_line_reaches_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With errors as a person reads them, and the status of each."""
    assert cli.main(["user", "list"]) == 0
    assert "make one with" in capsys.readouterr().out
    assert cli.main(["user", "passwd", "bob"]) == 1
    assert capsys.readouterr().err.startswith("chat-server: there is no account bob")
    assert cli.main(["user", "invite", "--days", "0"]) == 2
    with pytest.raises(SystemExit):
        cli.main(["user"])
    assert "COMMAND" in capsys.readouterr().err
