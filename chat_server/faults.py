"""Faults of the server itself: each is logged, and costs only what it struck."""

import contextlib
from collections.abc import Iterator

import structlog

log = structlog.get_logger()


def report(what: str) -> None:
    """Log the exception that is being handled. Raises nothing: there may be no memory to log with."""
    with contextlib.suppress(Exception):
        log.exception("contained", what=what)  # noqa: LOG004  # called by handlers alone


@contextlib.contextmanager
def contained(what: str) -> Iterator[None]:
    """Keep a fault of this step from the steps after it."""
    try:
        yield
    except Exception:  # noqa: BLE001  # whatever it is, what follows must still happen
        report(what)
