"""Servers for the tests: one as it comes, and a hasty one with short deadlines."""

from collections.abc import Iterator

import pytest

from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.support.peer import fresh


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """Run a server with its defaults."""
    with Running() as running:
        yield running


@pytest.fixture(scope="session")
def hasty() -> Iterator[Running]:
    """Run a server with short deadlines, for whom three in a room are a crowd."""
    with Running(
        *("--register-timeout", "0.2", "--ping-interval", "0.2", "--ping-timeout", "0.2"),
        *("--send-queue-age", "0.2", "--presence-limit", "3", "--session-ttl", "0.2"),
    ) as running:
        yield running


@pytest.fixture
def guests(server: Running) -> Iterator[Guests]:
    """Bring peers to the server."""
    guests = Guests(server.address)
    yield guests
    guests.leave()


@pytest.fixture
def hasty_guests(hasty: Running) -> Iterator[Guests]:
    """Bring peers to the hasty server."""
    guests = Guests(hasty.address)
    yield guests
    guests.leave()


@pytest.fixture
def room() -> str:
    """Return the name of a room that no other test uses."""
    return fresh("room")
