"""What the tests of the client share."""

from collections.abc import Iterator

import pytest

from tests.support.fake_server import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Return a server that says what the test tells it to."""
    fake = FakeServer()
    yield fake
    fake.close()
