"""What the tests of the stream share: they write no log."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Have the log go nowhere; what is logged is tested where it is asked for."""
    structlog.configure(processors=[_drop])
    yield
    structlog.reset_defaults()


def _drop(*_event: object) -> str:
    raise structlog.DropEvent
