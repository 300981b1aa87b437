"""Waking a thread that waits for input or for a time."""

import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chat_client.waker import Waker
from tests.support.fake_server import DEADLINE


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the ends of a pipe, to read and to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


def test_wakes_from_another_thread() -> None:
    """Whoever waits without an end is woken."""
    waker = Waker()
    waiting = threading.Thread(target=waker.wait)
    waiting.start()
    waker.wake()
    waiting.join(DEADLINE)
    assert not waiting.is_alive()


def test_a_wake_is_kept_until_it_is_waited_for() -> None:
    """There is no moment in which it is missed; and however many there are, they wake once."""
    waker = Waker()
    for _ in range(100_000):
        waker.wake()
    assert not waker.wait()
    assert not waker.wait(0.0)


def test_a_signal_that_another_thread_gets_wakes() -> None:
    """Which thread the kernel chooses is chance; the handler runs in the main one."""
    waker = Waker()
    handled, awake, in_time = threading.Event(), threading.Event(), threading.Event()
    previous = signal.signal(signal.SIGUSR1, lambda *_: handled.set())

    def interrupt() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        if awake.wait(DEADLINE):
            in_time.set()

    interrupting = threading.Thread(target=interrupt)
    try:
        with waker.woken_by_signals():
            interrupting.start()
            waker.wait(2 * DEADLINE)
            awake.set()
            interrupting.join()
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert handled.is_set()
    assert in_time.is_set()
    assert signal.set_wakeup_fd(-1) == -1


def test_tells_input_from_a_wake(pipe: tuple[int, int]) -> None:
    """True is for input only, and both at once are input."""
    waker = Waker()
    assert not waker.wait(0.0, pipe[0])
    os.write(pipe[1], b"x")
    waker.wake()
    assert waker.wait(DEADLINE, pipe[0])


def test_waits_until_something_can_be_written(pipe: tuple[int, int]) -> None:
    """A pipe that is full is not ready, one that was read is."""
    waker = Waker()
    os.set_blocking(pipe[1], False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe[1], bytes(65536))
    assert not waker.wait(0.0, pipe[1], writing=True)
    os.read(pipe[0], 65536)
    assert waker.wait(DEADLINE, pipe[1], writing=True)


@pytest.mark.parametrize("seconds", [1e7, 1e18, math.inf])
def test_no_time_is_too_long(seconds: float) -> None:
    """The system counts milliseconds in 31 bits; what is longer is waited for in parts."""
    waker = Waker()
    waker.wake()
    assert not waker.wait(seconds)


def test_a_pipe_is_let_go_of_once() -> None:
    """Its numbers may be somebody else's by then."""
    waker = Waker()
    waker.close()
    ends = os.pipe()
    waker.close()
    for end in ends:
        os.close(end)
