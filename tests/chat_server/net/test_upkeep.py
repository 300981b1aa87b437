"""What the journal's thread does behind the commits."""

import pytest
from structlog.testing import capture_logs

from chat_server.errors import JournalError, StoreError
from chat_server.net.upkeep import ACCOUNTS_SECONDS, UPKEEP_SECONDS, Upkeep
from chat_server.net.worker import Worker
from tests.support.world import Clock, World


class Later(Worker):
    """Keeps when it is to come back."""

    def __init__(self) -> None:
        super().__init__("journal", Clock())
        self.delays: list[float] = []

    def __call__(self, job: object, delay: float = 0.0) -> None:
        """Keep the delay."""
        del job
        self.delays.append(delay)


def test_a_chore_that_fails_is_told_once_and_the_others_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each try; when it goes again and then fails anew, that is told anew."""
    world, worker = World(), Later()
    upkeep = Upkeep(world.hub, None, worker, world.clock)
    forgotten: list[int] = []
    faults: list[Exception | None] = [JournalError("disk"), JournalError("disk"), None, ValueError("odd")]

    def faulty() -> None:
        if (fault := faults.pop(0)) is not None:
            raise fault

    monkeypatch.setattr(world.journal, "upkeep", faulty)
    monkeypatch.setattr(world.hub, "forget_gone", lambda: forgotten.append(1))
    with capture_logs() as logs:
        for _ in range(4):
            upkeep()
    assert [each["error"] for each in logs] == ["disk", "ValueError('odd')"]
    assert len(forgotten) == 4
    assert worker.delays == [UPKEEP_SECONDS] * 4


def test_accounts_are_looked_at_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails stops nothing else."""
    world, worker = World(), Later()
    upkeep = Upkeep(world.hub, None, worker, world.clock)
    looks: list[float] = []

    def look() -> None:
        looks.append(world.clock.now)
        raise StoreError("no room")

    monkeypatch.setattr(world.hub, "follow_accounts", look)
    with capture_logs() as logs:
        for _ in range(10):
            upkeep()
            world.clock.now += ACCOUNTS_SECONDS / 4
    assert looks == [1000.0, 1001.0, 1002.0]
    assert [each["error"] for each in logs] == ["no room"] * 3


def test_it_comes_back_no_more_once_the_server_stops() -> None:
    """Its thread ends."""
    world, worker = World(), Later()
    world.hub.stopping = True
    Upkeep(world.hub, None, worker, world.clock)()
    assert worker.delays == []
