"""The worker: jobs in order, each at its time, and none that ends the others."""

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from chat_server.net import worker as module
from chat_server.net.worker import Worker
from tests.chat_server.net.support import PATIENCE, Clock


@pytest.fixture
def worker(clock: Clock) -> Iterator[Worker]:
    """Return a worker that runs and is stopped in the end."""
    worker = Worker("upkeep", clock)
    worker.start()
    yield worker
    worker.stop()


def test_jobs_are_done_in_the_order_in_which_they_came(worker: Worker) -> None:
    """A hundred jobs, one thread, no other order."""
    done: list[int] = []
    over = threading.Event()
    for number in range(100):
        worker(lambda number=number: done.append(number))  # type: ignore[misc]  # mypy cannot infer it
    worker(over.set)
    assert over.wait(PATIENCE)
    assert done == list(range(100))


def test_a_job_is_done_by_the_thread_of_the_worker(worker: Worker) -> None:
    """Who hands a job over does not do it."""
    names: list[str] = []
    over = threading.Event()
    worker(lambda: names.append(threading.current_thread().name))
    worker(over.set)
    assert over.wait(PATIENCE)
    assert names == ["upkeep"]


def test_a_delayed_job_waits_for_its_time(clock: Clock, worker: Worker) -> None:
    """It is done only when the clock has come that far, and then before what came later."""
    done: list[str] = []
    first, second = threading.Event(), threading.Event()
    worker(lambda: done.append("late"), delay=5)
    worker(first.set)
    assert first.wait(PATIENCE)
    assert done == []
    clock.now += 5
    worker(lambda: done.append("later"))
    worker(second.set)
    assert second.wait(PATIENCE)
    assert done == ["late", "later"]


def test_the_sooner_of_two_delayed_jobs_is_done_first(clock: Clock, worker: Worker) -> None:
    """The time counts, not the order in which they came."""
    done: list[str] = []
    over = threading.Event()
    worker(lambda: done.append("second"), delay=9)
    worker(lambda: done.append("first"), delay=3)
    clock.now += 10
    worker(over.set)
    assert over.wait(PATIENCE)
    assert done == ["first", "second"]


def _fail() -> None:
    raise ZeroDivisionError


def test_a_job_that_fails_is_logged_and_ends_nothing(worker: Worker) -> None:
    """The next job is done as if nothing had been."""
    over = threading.Event()
    with capture_logs() as logs:
        worker(_fail)
        worker(over.set)
        assert over.wait(PATIENCE)
    assert [(each["event"], each["log_level"]) for each in logs] == [("job_failed", "error")]


def test_stop_does_what_is_due_and_leaves_the_rest(clock: Clock) -> None:
    """What waits is not forgotten at the end, and what is for later is not waited for."""
    worker = Worker("upkeep", clock)
    done: list[str] = []
    worker(lambda: done.append("due"))
    worker(lambda: done.append("for later"), delay=60)
    worker(lambda: done.append("due too"))
    worker.start()
    worker.stop()
    assert done == ["due", "due too"]


def test_a_job_may_hand_over_another(worker: Worker) -> None:
    """From inside a job the call does not lock up."""
    over = threading.Event()
    worker(lambda: worker(over.set))
    assert over.wait(PATIENCE)


def test_stop_without_a_start(clock: Clock) -> None:
    """A server that fails to start may still stop its worker."""
    Worker("upkeep", clock).stop()


def test_so_many_jobs_may_wait(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it whoever hands one over is told, and does it itself."""
    monkeypatch.setattr(module, "WAITING_JOBS", 2)
    worker = Worker("upkeep", clock)
    worker(lambda: None)
    worker(lambda: None, delay=5)
    with pytest.raises(RuntimeError, match="too many"):
        worker(lambda: None)
    worker.stop()
