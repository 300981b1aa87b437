"""What is read again while the server runs."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from chat_server import log
from chat_server.config import Config
from chat_server.errors import ConfigError
from chat_server.journal.memory import MemoryJournal
from chat_server.net.server import Server
from chat_server.reload import Reload


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Have no other test log as this one said."""
    yield
    structlog.reset_defaults()


def test_what_is_in_force_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the log, and to whoever asked."""
    configured: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "configure", lambda *form: configured.append(form))
    with capture_logs() as logs:
        said = Reload(lambda: Config(log_level="debug", log_format="json"), [])()
    assert said == "read again: log level debug, log format json"
    assert [each["event"] for each in logs] == ["reloaded"]
    assert configured == [("debug", "json")]


def test_a_mistake_changes_nothing() -> None:
    """It is told, with what is wrong."""

    def load() -> Config:
        raise ConfigError("prot: unknown key")

    with capture_logs() as logs:
        said = Reload(load, [])()
    assert said.endswith("those of before stay in force: prot: unknown key")
    assert [each["event"] for each in logs] == ["reload_failed"]


def test_the_certificate_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each server that has one, even if the settings are wrong."""

    class Certificates:
        read = 0

        def reload(self) -> None:
            self.read += 1

    plain, encrypted = (Server(Config(), MemoryJournal()) for _ in range(2))
    certificates = Certificates()
    monkeypatch.setattr(encrypted, "certificates", certificates)

    def load() -> Config:
        raise ConfigError("wrong")

    with capture_logs():
        Reload(load, [plain, encrypted])()
    assert certificates.read == 1
    for server in (plain, encrypted):
        server.flusher.stop()
