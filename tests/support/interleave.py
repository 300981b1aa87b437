"""Runs threads in every order that matters, one at a time: no race is left to luck, and none needs a sleep.

The code under test is given locks and conditions from here in place of those of `threading`. A thread
stops before each lock that it takes, and before it lets go of one that others only try; who goes on is
decided here, first as if nothing interrupted anybody, then with every choice of up to `preemptions`
interruptions. Few races need more than two of them (Musuvathi and Qadeer, "Iterative context bounding for
systematic testing", 2007). A thread that waits for what never comes is found at once, as a dead-lock.
"""

import os
import threading
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace, TracebackType
from typing import NamedTuple

import pytest

Body = Callable[[], object]


class Deadlock(AssertionError):  # noqa: N818  # the field's own word
    """Everybody who has not ended waits."""


class _Aborted(BaseException):
    """Ends a thread whose run has failed."""


class _Actor(threading.Thread):
    """A thread that goes on only when it is told to."""

    def __init__(self, index: int, body: Body, turn_over: threading.Semaphore) -> None:
        super().__init__(name=f"actor-{index}")
        self.index = index
        self.error: BaseException | None = None
        self.over = False
        self._body = body
        self._go = threading.Semaphore(0)
        self._turn_over = turn_over
        self._until: Callable[[], bool] | None = None
        self._aborted = False

    def run(self) -> None:
        try:
            self._await_turn()
            self._body()
        except _Aborted:
            pass
        except BaseException as error:  # noqa: BLE001  # raised again in the test's own thread
            self.error = error
        self.over = True
        self._turn_over.release()

    def ready(self) -> bool:
        """Tell whether it could go on now."""
        return not self.over and (self._until is None or self._until())

    def take_turn(self) -> None:
        """Let it go on up to where it next stops."""
        self._go.release()
        self._turn_over.acquire()

    def abort(self) -> None:
        """End it."""
        self._aborted = True
        self.take_turn()
        self.join()

    def pause(self, until: Callable[[], bool] | None) -> None:
        """Stop until it is told to go on; called by the thread itself."""
        if self._aborted:  # in what it does on its way out
            raise _Aborted
        self._until = until
        self._turn_over.release()
        self._await_turn()

    def _await_turn(self) -> None:
        self._go.acquire()
        if self._aborted:
            raise _Aborted


def step(until: Callable[[], bool] | None = None) -> None:
    """Let others go on here, and wait until the condition holds; nothing where the test itself calls it."""
    actor = threading.current_thread()
    if isinstance(actor, _Actor):
        actor.pause(until)
    else:
        assert until is None or until(), "the test's own thread must never wait"


class Lock:
    """A lock at which threads take turns."""

    def __init__(self) -> None:
        self.owner: threading.Thread | None = None
        self._tried = False

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock."""
        step()
        if self.owner is not None:
            if not blocking:
                return False
            step(until=lambda: self.owner is None)
        self.owner = threading.current_thread()
        self._tried = not blocking
        return True

    def release(self) -> None:
        """Let go of the lock; of one that was tried, others see before that it was held."""
        if self._tried:
            step()
        assert self.owner is threading.current_thread(), "let go by who does not hold it"
        self.owner = None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Condition:
    """A condition whose waits end only when somebody notifies: no time passes here."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.waiting: list[threading.Event] = []

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until the predicate holds."""
        del timeout
        while not predicate():
            notified = threading.Event()
            self.waiting.append(notified)
            self._lock.release()
            step(until=lambda notified=notified: notified.is_set() and self._lock.owner is None)  # type: ignore[misc]  # bound here, once a turn
            self._lock.owner = threading.current_thread()
        return True

    def notify_all(self) -> None:
        """Wake who waits."""
        assert self._lock.owner is threading.current_thread(), "notified without the lock"
        for notified in self.waiting:
            notified.set()
        self.waiting.clear()


def patch(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Have these modules make their locks and conditions here."""
    for module in modules:
        monkeypatch.setattr(
            module, "threading", SimpleNamespace(Lock=Lock, Condition=Condition, Event=threading.Event)
        )


class _Choice(NamedTuple):
    ready: Sequence[int]
    chosen: int
    running: int | None

    def interrupts(self, other: int) -> bool:
        """Tell whether to let that one go on would interrupt the one that runs."""
        return self.running in self.ready and other != self.running


def _run(bodies: Sequence[Body], chosen: Sequence[int]) -> list[_Choice]:
    """Run the bodies, at first as chosen, then without an interruption; return the choices there were."""
    turn_over = threading.Semaphore(0)
    actors = [_Actor(index, body, turn_over) for index, body in enumerate(bodies)]
    for actor in actors:
        actor.start()
    choices: list[_Choice] = []
    running: int | None = None
    try:
        while ready := [actor.index for actor in actors if actor.ready()]:
            default = running if running in ready else ready[0]
            running = chosen[len(choices)] if len(choices) < len(chosen) else default
            choices.append(_Choice(ready, running, choices[-1].chosen if choices else None))
            actors[running].take_turn()
            if (error := actors[running].error) is not None:
                raise error
        if not all(actor.over for actor in actors):
            raise Deadlock(f"nobody can go on: {[actor.name for actor in actors if not actor.over]}")
    finally:
        for actor in actors:
            if not actor.over:
                actor.abort()
            actor.join()
    return choices


def explore(scenario: Callable[[], tuple[Sequence[Body], Body]], preemptions: int = 2) -> int:
    """Run a scenario in every order; return how many there were.

    The scenario is set up anew for each: it returns what the threads do, and what is checked afterwards.
    """
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})  # one thread runs at a time, and turns change faster on one CPU
    try:
        return _explore(scenario, preemptions)
    finally:
        os.sched_setaffinity(0, cpus)


def _explore(scenario: Callable[[], tuple[Sequence[Body], Body]], preemptions: int) -> int:
    runs = 0
    pending: list[tuple[int, ...]] = [()]
    while pending:
        prefix = pending.pop()
        bodies, check = scenario()
        try:
            choices = _run(bodies, prefix)
            check()
        except AssertionError as error:
            error.add_note(f"in the order {prefix}, then without an interruption (run {runs + 1})")
            raise
        runs += 1
        spent = sum(each.interrupts(each.chosen) for each in choices[: len(prefix)])
        for at in range(len(prefix), len(choices)):
            choice = choices[at]
            before = tuple(each.chosen for each in choices[:at])
            pending += [
                (*before, other)
                for other in choice.ready
                if other != choice.chosen and spent + choice.interrupts(other) <= preemptions
            ]
    return runs
