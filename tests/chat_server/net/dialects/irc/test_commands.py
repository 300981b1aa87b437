"""What a part of the dialect is."""

from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.tables import COMMANDS
from tests.chat_server.net.dialects.irc.support import settings


def test_a_part_may_be_empty() -> None:
    """And what has no value is there all the same."""
    part = Part()
    assert not part.commands
    assert part.batched is None
    assert plain(settings()) == ""


def test_what_may_come_before_a_name() -> None:
    """Is what leads to one, and what is about the connection."""
    nameless = {name for name, command in COMMANDS.items() if command.nameless}
    assert {"CAP", "NICK", "PASS", "USER", "PING", "PONG", "QUIT"} <= nameless
    assert not nameless & {"JOIN", "PRIVMSG", "WHO", "LIST"}
    assert not Command(lambda *_: None).nameless
