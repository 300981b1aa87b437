"""What the commands share that look after a server's files from a shell."""

from pathlib import Path

import pytest

from chat_server.errors import ConfigError
from chat_server.parser import Parser
from chat_server.shell import journal_options, opened


def test_the_store_of_the_server_that_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an option or the environment names its journal; it is closed whatever comes."""
    parser = Parser(parents=[journal_options()])
    monkeypatch.setenv("CHAT_JOURNAL", f"sqlite:{tmp_path}/one.db")
    with opened(parser.parse_args([]), makes=True) as (settings, store):
        assert settings.journal.endswith("one.db")
        assert store.accounts() == []
    assert (tmp_path / "one.db-store").exists()
    given = parser.parse_args(["--journal", f"sqlite:{tmp_path}/two.db"])
    with pytest.raises(ConfigError, match=r"there is no .*two\.db-store"), opened(given):
        pass
    assert not (tmp_path / "two.db-store").exists()


def test_what_is_in_memory_is_beside_nothing() -> None:
    """It says which setting is missing."""
    given = Parser(parents=[journal_options()]).parse_args(["--journal", "memory"])
    with pytest.raises(ConfigError, match="--journal sqlite:PATH"), opened(given, makes=True):
        pass
