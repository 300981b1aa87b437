"""The flusher: one-shot, never after `forget`, never out of step with descriptors."""

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from chat_server.net.flusher import Flusher
from tests.chat_server.net.support import PATIENCE, Clock, available, tiny_pair


class Flushed:
    """Counts its flushes; `again` says what each answers."""

    def __init__(self, sock: socket.socket, again: Callable[[], bool] = lambda: False) -> None:
        self.sock = sock
        self.again = again
        self.count = 0
        self.since = 0.0
        self.failed = threading.Event()
        self.ages: list[float] = []
        self.size = 7
        self.done = threading.Event()

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self.sock.fileno()

    def flush(self) -> bool:
        """Count."""
        self.count += 1
        again = self.again()
        if not again:
            self.done.set()
        return again

    def check_age(self, now: float, since: float) -> None:
        """Note when it was asked."""
        self.ages.append(now)
        self.since = since

    def fail(self) -> None:
        """Note that it was given up."""
        self.failed.set()


@pytest.fixture
def flusher(clock: Clock) -> Iterator[Flusher]:
    """Return a flusher that runs."""
    flusher = Flusher(clock)
    flusher.start()
    yield flusher
    flusher.stop()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return a socket that has room, and its peer."""
    near, far = tiny_pair()
    with near, far:
        yield near, far


def pass_by(flusher: Flusher) -> None:
    """Wait until the flusher has dealt with all that was ready before."""
    for _ in range(2):  # the first round may have begun before
        near, far = socket.socketpair()
        with near, far:
            fence = Flushed(near)
            flusher.watch(fence)
            assert fence.done.wait(PATIENCE)
            flusher.forget(fence)


def clog(sock: socket.socket) -> None:
    """Fill a socket."""
    sock.settimeout(None)
    try:
        while True:
            sock.send(b"x" * 4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return


def test_one_watch_is_one_flush(flusher: Flusher, pair: tuple[socket.socket, socket.socket]) -> None:
    """A socket with room is flushed once, not for as long as it has room."""
    outbox = Flushed(pair[0])
    flusher.watch(outbox)
    assert outbox.done.wait(PATIENCE)
    pass_by(flusher)
    assert outbox.count == 1


def test_what_still_waits_is_flushed_again(
    flusher: Flusher, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A flush that says so is repeated until nothing waits."""
    answers = iter((True, True, True, False))
    outbox = Flushed(pair[0], lambda: next(answers))
    flusher.watch(outbox)
    assert outbox.done.wait(PATIENCE)
    assert outbox.count == 4


def test_it_may_be_watched_again(flusher: Flusher, pair: tuple[socket.socket, socket.socket]) -> None:
    """One-shot means that every watch counts."""
    outbox = Flushed(pair[0])
    for number in range(1, 4):
        outbox.done.clear()
        flusher.watch(outbox)
        assert outbox.done.wait(PATIENCE)
        assert outbox.count == number


def test_a_full_socket_is_flushed_when_it_has_room(
    flusher: Flusher, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Nothing happens while it is full; the peer's reading wakes it."""
    near, far = pair
    clog(near)
    outbox = Flushed(near)
    flusher.watch(outbox)
    pass_by(flusher)
    assert outbox.count == 0
    available(far)
    assert outbox.done.wait(PATIENCE)


def test_the_forgotten_is_not_flushed(flusher: Flusher, pair: tuple[socket.socket, socket.socket]) -> None:
    """After `forget` room in the socket interests nobody."""
    near, far = pair
    clog(near)
    outbox = Flushed(near)
    flusher.watch(outbox)
    flusher.forget(outbox)
    available(far)
    pass_by(flusher)
    assert outbox.count == 0
    assert flusher.sizes() == []


def test_to_forget_twice_or_for_nothing_does_no_harm(
    flusher: Flusher, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A connection that never was behind forgets as well."""
    outbox = Flushed(pair[0])
    flusher.forget(outbox)
    flusher.watch(outbox)
    flusher.forget(outbox)
    flusher.forget(outbox)


def test_a_closed_one_is_not_watched(flusher: Flusher) -> None:
    """A socket without a descriptor cannot be waited for."""
    near, far = socket.socketpair()
    near.close()
    far.close()
    flusher.watch(Flushed(near))
    assert flusher.sizes() == []


def test_a_connection_that_ends_during_its_flush(flusher: Flusher) -> None:
    """Step by step: a flush says that something waits; before it is watched again the connection has ended.

    The flusher must neither fail nor watch what has the same descriptor next.
    """
    near, far = socket.socketpair()
    heir, heir_far = socket.socketpair()

    def end_meanwhile() -> bool:
        flusher.forget(outbox)
        descriptor = near.detach()
        os.close(descriptor)
        outbox.done.set()
        outbox.sock = Stale(descriptor)
        return True

    outbox = Flushed(near, end_meanwhile)
    flusher.watch(outbox)
    assert outbox.done.wait(PATIENCE)
    pass_by(flusher)
    assert outbox.count == 1
    assert flusher.sizes() == []
    for sock in (far, heir, heir_far):
        sock.close()


class Stale(socket.socket):
    """A socket that still tells the descriptor it had: its owner closes it at this very moment."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._stale = descriptor
        self.close()

    def fileno(self) -> int:
        """Return the descriptor that is no longer its own."""
        return self._stale


def test_a_descriptor_that_is_used_again(flusher: Flusher) -> None:
    """The successor with the same number is flushed; forgetting the predecessor does not touch it."""
    old_near, old_far = tiny_pair()
    clog(old_near)
    old = Flushed(old_near)
    number = old_near.fileno()
    flusher.watch(old)
    new_near, new_far = tiny_pair()
    clog(new_near)
    os.dup2(new_near.fileno(), number)  # closes the old and takes its number
    new = Flushed(old_near)
    flusher.watch(new)
    flusher.forget(old)
    assert flusher.sizes() == [7]
    available(new_far)
    assert new.done.wait(PATIENCE)
    assert old.count == 0
    flusher.forget(new)
    for sock in (old_near, old_far, new_near, new_far):
        sock.close()


def test_many_at_once(flusher: Flusher) -> None:
    """A hundred sockets that get room at the same time are all flushed."""
    pairs = [socket.socketpair() for _ in range(100)]
    outboxes = [Flushed(near) for near, _ in pairs]
    for outbox in outboxes:
        flusher.watch(outbox)
    for outbox in outboxes:
        assert outbox.done.wait(PATIENCE)
        flusher.forget(outbox)
    for near, far in pairs:
        near.close()
        far.close()


def test_the_beat_shows_that_it_lives(
    clock: Clock, flusher: Flusher, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Each round notes the time."""
    clock.now += 42
    outbox = Flushed(pair[0])
    flusher.watch(outbox)
    assert flusher.heartbeat.fault() is None or outbox.done.wait(PATIENCE)
    assert outbox.done.wait(PATIENCE)
    assert flusher.heartbeat.fault() is None


def test_ages_are_checked_on_the_same_clock(
    clock: Clock, flusher: Flusher, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Every watched outbox is asked once, with the time of now."""
    near, far = pair
    clog(near)
    outboxes = [Flushed(near), Flushed(far)]
    clog(far)
    for outbox in outboxes:
        flusher.watch(outbox)
    clock.now += 5
    flusher.check_ages()
    assert [outbox.ages for outbox in outboxes] == [[clock.now], [clock.now]]
    assert flusher.sizes() == [7, 7]


def test_stop_ends_the_thread() -> None:
    """Also one that has nothing to do, and one that never started."""
    started, idle = Flusher(Clock()), Flusher(Clock())
    started.start()
    started.stop()
    idle.stop()
    assert "flusher" not in [thread.name for thread in threading.enumerate()]


class BrittleEpoll:
    """An epoll that fails where it is told to."""

    def __init__(self, epoll: select.epoll, fails: set[str]) -> None:
        self._epoll = epoll
        self._fails = fails

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever an epoll has
        if name in self._fails:
            self._fails.discard(name)
            raise OSError(12, "Cannot allocate memory")
        return getattr(self._epoll, name)


def test_what_cannot_be_watched_is_not_taken_for_watched(
    flusher: Flusher, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Contract 4: the fault is the caller's; the next time it is registered anew."""
    fails: set[str] = set()
    flusher._epoll = BrittleEpoll(flusher._epoll, fails)  # type: ignore[assignment]  # noqa: SLF001  # a stand-in
    outbox = Flushed(pair[0])
    fails.add("register")
    with pytest.raises(OSError, match="memory"):
        flusher.watch(outbox)
    assert flusher.sizes() == []
    flusher.watch(outbox)
    assert outbox.done.wait(PATIENCE)


@pytest.mark.parametrize("what", ["poll", "modify"])
def test_a_fault_of_the_system_ends_one_outbox_at_the_most(
    flusher: Flusher, pair: tuple[socket.socket, socket.socket], what: str
) -> None:
    """Contract 4: one that cannot be watched again is given up, the thread goes on."""
    fails: set[str] = set()
    flusher._epoll = BrittleEpoll(flusher._epoll, fails)  # type: ignore[assignment]  # noqa: SLF001  # a stand-in
    pass_by(flusher)
    unlucky = Flushed(pair[0], lambda: True)
    fails.add(what)
    with capture_logs() as logs:
        flusher.watch(unlucky)
        if what == "modify":
            assert unlucky.failed.wait(PATIENCE)
        else:
            pass_by(flusher)
    assert [each["what"] for each in logs] == ["watch" if what == "modify" else "epoll"]
    pass_by(flusher)
    assert flusher.heartbeat.fault() is None
    flusher.forget(unlucky)


def test_an_outbox_that_raises_ends_no_other(
    flusher: Flusher, clock: Clock, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Contract 4: neither while it is flushed nor while its age is looked at."""

    def fail() -> NoReturn:
        raise MemoryError("told to")

    bad = Flushed(pair[0], fail)
    flusher.watch(bad)
    pass_by(flusher)
    bad.check_age = fail  # type: ignore[assignment,method-assign]  # as one that is broken through and through
    near, far = tiny_pair()
    with near, far:
        good = Flushed(near)
        flusher.watch(good)
        assert good.done.wait(PATIENCE)
        clock.now += 2
        flusher.check_ages()
        assert good.ages == [clock.now]
        before = good.since
        clock.now += 600
        flusher.check_ages()
        assert (before, good.since) == (clock.now - 602, clock.now), "the process was suspended"
        flusher.forget(good)
    flusher.forget(bad)
