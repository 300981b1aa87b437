"""The explorer of interleavings finds the races that it is there to find."""

import pytest

from tests.support.interleave import Body, Condition, Deadlock, Lock, explore


def test_it_finds_a_lost_update() -> None:
    """Two threads read, then write, with the lock let go in between."""

    def scenario() -> tuple[list[Body], Body]:
        lock, numbers = Lock(), [0]

        def add() -> None:
            with lock:
                seen = numbers[0]
            with lock:
                numbers[0] = seen + 1

        def check() -> None:
            assert numbers[0] == 2

        return [add, add], check

    with pytest.raises(AssertionError):
        explore(scenario, preemptions=1)
    assert explore(lambda: (scenario()[0], lambda: None), preemptions=1) > 2


def test_it_finds_a_lost_wake_up() -> None:
    """Who lets go of a try-only lock without looking again forgets what came meanwhile."""

    def scenario() -> tuple[list[Body], Body]:
        queue, guard, working = [0, 1], Lock(), Lock()
        done: list[int] = []

        def work(number: int) -> None:
            with guard:
                queue.append(number)
            if working.acquire(blocking=False):
                with guard:
                    taken = queue[:]
                    queue.clear()
                done.extend(taken)
                working.release()

        def check() -> None:
            assert sorted(done) == [0, 1, 2, 3]

        return [lambda: work(2), lambda: work(3)], check

    with pytest.raises(AssertionError):
        explore(scenario, preemptions=1)


def test_it_finds_a_dead_lock() -> None:
    """Two locks taken in two orders."""

    def scenario() -> tuple[list[Body], Body]:
        one, other = Lock(), Lock()

        def both(first: Lock, second: Lock) -> None:
            with first, second:
                pass

        return [lambda: both(one, other), lambda: both(other, one)], lambda: None

    with pytest.raises(Deadlock):
        explore(scenario, preemptions=1)


def test_it_finds_a_missing_notification() -> None:
    """A wait that nobody ends is a dead-lock, one that somebody ends is none."""

    def scenario(*, notify: bool) -> tuple[list[Body], Body]:
        lock = Lock()
        there: list[int] = []
        condition = Condition(lock)

        def wait() -> None:
            with condition:
                assert condition.wait_for(lambda: bool(there))

        def bring() -> None:
            with condition:
                there.append(1)
                if notify:
                    condition.notify_all()

        return [wait, bring], lambda: None

    assert explore(lambda: scenario(notify=True)) >= 2
    with pytest.raises(Deadlock):
        explore(lambda: scenario(notify=False))


def test_it_passes_on_what_a_thread_raises() -> None:
    """A fault in a thread fails the test."""

    def fail() -> None:
        raise KeyError("told to")

    with pytest.raises(KeyError, match="told to"):
        explore(lambda: ([fail, lambda: None], lambda: None))
