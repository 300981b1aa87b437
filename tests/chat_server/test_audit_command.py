"""The command `chat-server audit`."""

import json
from pathlib import Path

import pytest

from chat_server import audit_command, cli
from chat_server.errors import ConfigError
from chat_server.store.moderation import Act
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Clock


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """Return a store beside the journal that the environment names."""
    monkeypatch.setenv("CHAT_JOURNAL", f"sqlite:{tmp_path}/chat.db")
    return SqliteStore(tmp_path / "chat.db-store", Clock(1_790_000_000.0))


def test_acts_are_shown_the_newest_first(store: SqliteStore) -> None:
    """Beside whoever has the store open; with nothing in them that a terminal obeys."""
    assert audit_command.main([]) == ["nothing was done yet"]
    store.moderation.note(Act("shell:0", "ban", "mallory", detail="spam"))
    store.moderation.note(Act("ann", "kick", "da\x1b[2Jve", "tea"))
    assert audit_command.main([]) == [
        "WHEN (UTC)           WHO      ACT   TO             ROOM  DETAIL",
        "2026-09-21 14:13:20  ann      kick  da\\u001b[2Jve  tea",
        "2026-09-21 14:13:20  shell:0  ban   mallory              spam",
    ]
    assert len(audit_command.main(["--limit", "1"])) == 2
    assert "kick" in audit_command.main(["--room", "tea"])[1]
    store.close()


def test_json_for_programs(store: SqliteStore) -> None:
    """A line each, in ASCII."""
    store.moderation.note(Act("ann", "kick", "d\u202eave", "tea", "why"))
    (line,) = audit_command.main(["--json"])
    assert line.isascii()
    assert json.loads(line) == {
        "number": 1,
        "ts": 1_790_000_000.0,
        "actor": "ann",
        "act": "kick",
        "target": "d\u202eave",
        "room": "tea",
        "detail": "why",
    }
    store.close()


@pytest.mark.parametrize("limit", ["0", "-1", "1000001"])
def test_a_limit_has_bounds(limit: str) -> None:
    """It is said which."""
    with pytest.raises(ConfigError, match="from 1 to 1000000"):
        audit_command.main(["--limit", limit])


def test_where_there_is_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file is made by asking; a sentence says what to name."""
    assert cli.main(["audit", "--journal", f"sqlite:{tmp_path}/other.db"]) == 2
    assert "name the server's journal" in capsys.readouterr().err
    assert not list(tmp_path.glob("other*"))
    assert cli.main(["audit", "--journal", "memory"]) == 2
    assert "say which: --journal sqlite:PATH" in capsys.readouterr().err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """As each command does."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["audit", "--help"])
    assert ended.value.code == 0
    assert "examples:" in capsys.readouterr().out
