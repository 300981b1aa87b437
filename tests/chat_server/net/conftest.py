"""Fixtures for the tests of threads and sockets."""

import threading
from collections.abc import Iterator

import pytest
import structlog

from tests.chat_server.net.support import PATIENCE, Clock, Stage


@pytest.fixture
def clock() -> Clock:
    """Return a clock that goes only when it is told to."""
    return Clock()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Return a chat without threads."""
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture(autouse=True)
def _no_context_is_left() -> Iterator[None]:
    """Clear what a connection that a test runs inline leaves in the log's context of this thread."""
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Check that whatever a test starts has ended with it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} was left"
