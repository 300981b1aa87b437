"""All parts of the dialect, put together."""

from collections import Counter

import pytest

from chat_protocol.server_messages import ServerMessage
from chat_server.net.dialects.irc import tables
from chat_server.net.dialects.irc.form import SHAPING
from tests.chat_server.net.dialects.irc.support import settings


@pytest.mark.parametrize("table", ["commands", "caps", "tokens", "events", "shared"])
def test_nothing_is_there_twice(table: str) -> None:
    """What two parts have, one of them would lose."""
    names = Counter(name for part in tables.PARTS for name in getattr(part, table))
    assert [name for name, number in names.items() if number > 1] == []


def test_one_part_alone_takes_batches_and_long_texts() -> None:
    """If any does."""
    for name in ("batched", "long"):
        assert sum(getattr(part, name) is not None for part in tables.PARTS) <= 1


def test_messages_are_the_servers() -> None:
    """Each that is shown is one that is sent, in one way."""
    sent = {*ServerMessage.__args__}
    assert {*tables.SHARED} <= sent
    assert {*tables.EVENTS} <= sent
    assert not {*tables.SHARED} & {*tables.EVENTS}


def test_what_is_offered() -> None:
    """By name, in order; each command says what it is for."""
    mine = settings()
    assert list(mine.caps) == sorted(mine.caps)
    assert list(mine.tokens) == sorted(mine.tokens)
    assert list(mine.usages) == sorted(tables.COMMANDS)
    assert all(mine.usages[name].startswith(name) for name in tables.COMMANDS)
    assert all(" " not in f"{name}={value}" for name, value in mine.tokens.items())
    assert {"message-tags", "server-time", "account-tag", "batch"} <= {*mine.caps} & SHAPING
