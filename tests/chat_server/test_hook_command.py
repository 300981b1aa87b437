"""The command `chat-server hook`."""

import re
import stat
from pathlib import Path

import pytest

from chat_server import cli, hook_command, values
from chat_server.chat import names
from chat_server.chat.passwords import digest
from chat_server.errors import ConfigError, OperatorError, StoreError
from chat_server.store.base import Naming
from chat_server.store.hooks import Hook, Match
from chat_server.store.sqlite import SqliteStore


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a journal in the environment, as Compose does; return where the store lies."""
    monkeypatch.setenv("CHAT_JOURNAL", f"sqlite:{tmp_path}/chat.db")
    return tmp_path / "chat.db-store"


def run(*arguments: str) -> list[str]:
    """Return what a command shows."""
    return hook_command.main(arguments)


def found(journal: Path, address: str) -> Hook | None:
    """Return the hook that an address leads to."""
    store = SqliteStore(journal)
    try:
        return store.hooks.find(digest(address.strip().rpartition("/")[2]))
    finally:
        store.close()


def test_a_hook_is_made_and_its_address_shown_once(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads it from stdout; a person gets the command that posts."""
    (address,) = run(
        "add", "alerts", "--room", "#Ops", "--room", "lobby", "--room", "ops", "--per-minute", "5"
    )
    assert re.fullmatch(r"http://localhost:8080/hooks/hook-[\w-]{32}", address)
    hook = found(journal, address)
    assert hook is not None
    assert (hook.number, hook.name, hook.rooms, hook.per_minute) == (1, "alerts", ["ops", "lobby"], 5.0)
    said = capsys.readouterr().err
    assert "hook 1: alerts may post to #ops or #lobby, 5 messages a minute" in said
    assert f"curl --data-urlencode 'text=hello' {address}" in said
    assert "--listen http://" in said
    (head, line) = run("list")
    assert head.split() == ["NUMBER", "MADE", "WHO", "ROOMS", "WHAT"]
    assert re.fullmatch(r"1 +\d{4}-\d\d-\d\d  alerts  ops, lobby  posts 5/min", line)
    assert run("revoke", "1") == ["hook 1 is good no more"]
    assert found(journal, address) is None
    assert run("list")[0].startswith("there are no hooks")


def test_the_address_is_where_the_server_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the program reaches it elsewhere, as behind a proxy."""
    (address,) = run("add", "ci", "--at", "https://chat.example.org/")
    assert address.startswith("https://chat.example.org/hooks/hook-")
    monkeypatch.setitem(values.SCHEMES, "http", 8080)
    monkeypatch.setenv("CHAT_LISTEN", "chat://localhost:9090 http://0.0.0.0:8099")
    (address,) = run("add", "ci")
    assert address.startswith("http://localhost:8099/hooks/hook-")


def test_an_address_may_go_to_a_file(journal: Path, tmp_path: Path) -> None:
    """For its owner alone; run again, it changes nothing, unless the hook is gone."""
    file = tmp_path / "ci.url"
    assert run("add", "ci", "--write", f"{file}") == [f"its address is in {file}"]
    first = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert found(journal, first) is not None
    assert "nothing was changed" in run("add", "ci", "--write", f"{file}")[0]
    assert (file.read_text(), len(run("list"))) == (first, 2)
    run("revoke", "1")
    run("add", "ci", "--write", f"{file}")
    assert file.read_text() != first
    assert found(journal, file.read_text()) is not None
    assert sorted(each.name for each in tmp_path.iterdir() if "url" in each.name) == ["ci.url"]


def test_a_program_may_be_told(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key that signs what it is told is shown once."""
    url = "http://bot.example.org:8000/chat"
    match = ("--word", "deploy", "--prefix", "!", "--mention", "bot")
    (key,) = run("add", "--to", url, "--room", "ops", *match)
    store = SqliteStore(journal)
    (relay,) = store.hooks.relays()
    store.close()
    assert relay[1:5] == (url, ["ops"], Match(["deploy"], ["!"], ["bot"]), key)
    assert "shown this once" in capsys.readouterr().err
    (_, line) = run("list")
    assert line.endswith(f"{url}  ops    is told: word deploy, prefix !, mention bot")
    assert key not in line
    run("add", "--to", url)
    assert run("list")[2].endswith("lobby  is told: everything")


def test_it_is_noted_who_made_a_hook(journal: Path) -> None:
    """As what operators do: `chat-server audit` shows it."""
    run("add", "ci", "--room", "builds")
    run("revoke", "1")
    store = SqliteStore(journal)
    acts = [(each.act, each.target, each.room, each.detail) for each in store.moderation.acts(9)]
    store.close()
    assert acts == [("hook_revoke", "", "", "hook 1"), ("hook_add", "ci", "builds", "hook 1")]


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["add"], ConfigError, "name the hook"),
        (["add", "a b"], ConfigError, "no spaces"),
        (["add", "dave"], StoreError, "somebody's"),
        (["add", "d\u0430ve"], StoreError, "looks like it"),
        (["add", "c\u0456"], StoreError, "looks like it"),
        (["add", "x", "--room", "a b"], ConfigError, "no spaces"),
        (["add", "x", *["--room", "a"] * 51], ConfigError, "at most 50 rooms"),
        (["add", "x", "--per-minute", "0"], ConfigError, "more than 0"),
        (["add", "x", "--per-minute", "nan"], ConfigError, "more than 0"),
        (["add", "x", "--at", "chat.example.org"], ConfigError, "--at: 'chat.example.org' is no address"),
        (["add", "x", "--word", "y"], ConfigError, "give --to URL"),
        (["add", "x", "--to", "http://bot/"], ConfigError, "not with --to"),
        (["add", "--to", "ftp://bot/"], ConfigError, "--to: 'ftp://bot/' is no address"),
        (["add", "--to", "http://"], ConfigError, "is no address"),
        (["add", "--to", "http://bot:99999/"], ConfigError, "is no address"),
        (["add", "--to", "http://b\u00f6t/"], ConfigError, "is no address"),
        (["add", "--to", "http://[::1/"], ConfigError, "is no address"),
        (["add", "--to", "http://me:secret@bot/"], ConfigError, "without user"),
        (["add", "--to", "http://bot/", "--word", " "], ConfigError, "--word: 1 to 100"),
        (["add", "--to", "http://bot/", *["--prefix", "!"] * 51], ConfigError, "--prefix: at most 50"),
        (["add", "x", "--write", "/nowhere/at/all"], ConfigError, "cannot write /nowhere/at/all"),
        (["add", "x", "--write", "/"], ConfigError, "cannot read /"),
        (["revoke", "7"], StoreError, "hook list"),
    ],
)
def test_what_cannot_be_says_what_to_do(
    journal: Path, arguments: list[str], error: type[OperatorError], said: str
) -> None:
    """And changes nothing."""
    store = SqliteStore(journal)
    store.add(Naming("dave", names.key("dave"), names.keys("dave")), "")
    store.close()
    run("add", "ci")
    before = run("list")
    with pytest.raises(error, match=re.escape(said)):
        run(*arguments)
    assert run("list") == before


def test_there_are_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of either kind."""
    monkeypatch.setattr(hook_command, "HOOKS_AT_MOST", 1)
    monkeypatch.setattr(hook_command, "RELAYS_AT_MOST", 1)
    run("add", "ci")
    with pytest.raises(StoreError, match="revoke one"):
        run("add", "cd")
    run("add", "--to", "http://bot/")
    with pytest.raises(StoreError, match="revoke one"):
        run("add", "--to", "http://bot/")


def test_the_command_line_reaches_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With errors as a person reads them, and the status of each."""
    assert cli.main(["hook", "add", "ci"]) == 0
    assert capsys.readouterr().out.startswith("http://localhost:8080/hooks/")
    assert cli.main(["hook", "revoke", "9"]) == 1
    assert capsys.readouterr().err.startswith("chat-server: there is no hook 9")
    assert cli.main(["hook", "add"]) == 2
    with pytest.raises(SystemExit):
        cli.main(["hook"])
    assert "COMMAND" in capsys.readouterr().err


def test_nothing_is_made_to_look_at(tmp_path: Path) -> None:
    """A journal that is not there has no hooks."""
    with pytest.raises(ConfigError, match="there is no"):
        run("list", "--journal", f"sqlite:{tmp_path}/other.db")
