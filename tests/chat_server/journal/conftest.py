"""Fixtures for the tests of journals."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def unprivileged() -> Iterator[Callable[[], Path]]:
    """Return what makes a folder of one's own and, under root, gives up its rights: modes then count."""
    with tempfile.TemporaryDirectory() as name:

        def become() -> Path:
            if os.geteuid() == 0:
                os.chown(name, NOBODY, NOBODY)
                os.seteuid(NOBODY)
            return Path(name)

        yield become
        if os.getuid() == 0:
            os.seteuid(0)
        Path(name).chmod(0o700)
