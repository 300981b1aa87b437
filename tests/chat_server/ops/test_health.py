"""Alive and ready, as a probe asks."""

from chat_server.errors import JournalError
from chat_server.net.totals import Health
from chat_server.ops.health import healthz, readyz

WELL = Health(ready=True, faults=[], failure=None)


def test_a_server_that_is_well() -> None:
    """It is alive and ready."""
    assert healthz(lambda: WELL)[::2] == (200, b"ok\n")
    assert readyz(lambda: WELL)[::2] == (200, b"ready\n")


def test_a_server_that_starts_or_stops_is_alive() -> None:
    """Nobody is sent to it, and nobody restarts it."""
    stopping = Health(ready=False, faults=[], failure=None)
    assert healthz(lambda: stopping).status == 200
    assert readyz(lambda: stopping)[::2] == (503, b"starting or stopping\n")


def test_a_server_that_takes_nobody_new() -> None:
    """It is alive, and a load balancer sends nobody; how to end that is said."""
    draining = Health(ready=True, faults=[], failure=None, draining=True)
    assert healthz(lambda: draining).status == 200
    status, _, body = readyz(lambda: draining)
    assert (status, b"chat-server admin undrain" in body) == (503, True)


def test_threads_that_do_not_work_are_named() -> None:
    """One a line."""
    stuck = Health(ready=True, faults=["thread keeper has ended", "thread http is stuck"], failure=None)
    assert healthz(lambda: stuck)[::2] == (503, b"thread keeper has ended\nthread http is stuck\n")


def test_a_journal_that_fails_is_not_ready() -> None:
    """The reason is in the text; a restart would not mend a disk."""
    failing = Health(ready=True, faults=[], failure=JournalError("no space left on device"))
    assert readyz(lambda: failing)[::2] == (503, b"messages cannot be stored: no space left on device\n")
    assert healthz(lambda: failing).status == 200
