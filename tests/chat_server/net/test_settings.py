"""What each part of a server is told of its settings."""

from pathlib import Path

import pytest
from msgspec import UNSET

from chat_protocol.server_messages import Pace
from chat_server import config as settings
from chat_server.config import Config
from chat_server.errors import ConfigError
from chat_server.net.settings import access_rules, admission_limits, greeting, hub_limits


def test_every_part_has_the_setting_of_its_name() -> None:
    """No two of them are mixed up, though most are numbers."""
    hub = hub_limits(Config(name_length=7, rooms=8, rooms_per_user=9))
    assert (hub.name_length, hub.rooms, hub.rooms_per_user) == (7, 8, 9)
    limits = admission_limits(Config(connections=5, connections_per_address=6, connects_per_minute=7))
    assert (limits.connections, limits.per_address, limits.per_minute) == (5, 6, 7)


def test_the_password_is_read_from_its_file(tmp_path: Path) -> None:
    """And a file that is not there is told at once."""
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    assert access_rules(Config(access="password", password_file=str(file))).password == "open sesame"  # noqa: S105  # a test's
    with pytest.raises(ConfigError, match="cannot read"):
        access_rules(Config(access="password", password_file=str(tmp_path / "none")))


def test_the_first_line_says_what_is_in_force() -> None:
    """Lengths, who is let in, and the pace; none, if nobody is slowed down."""
    first = greeting(Config(line_bytes=999, access="accounts", guests=True))
    assert (first.limits.line_bytes, first.access, first.guests) == (999, "accounts", True)
    assert isinstance(first.limits.pace, Pace)
    loaded = settings.load({"profile": "trusted"}, {}, None).config
    assert greeting(loaded).limits.pace is UNSET
