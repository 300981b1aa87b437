"""Fixtures for the tests of what operators see."""

import threading
from collections.abc import Iterator

import pytest

from tests.chat_server.net.support import PATIENCE


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Check that whatever a test starts has ended with it; the log's thread lives as long as the process."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name != "log":
            thread.join(PATIENCE)
            assert not thread.is_alive(), f"{thread.name} was left"
