"""Threads that do jobs for others: what publishers hand over, and what follows behind the journal."""

import heapq
import itertools
import threading
from collections.abc import Callable

import structlog

from chat_server.faults import contained
from chat_server.net.heartbeat import BEAT_SECONDS, STUCK_SECONDS, Heartbeat

log = structlog.get_logger()

#: So many jobs may wait: a few for each busy room. Whoever cannot hand one over does it itself.
WAITING_JOBS = 100_000


class Worker:
    """Does jobs one after another, each at its time.

    1. `__call__` never waits, and raises `RuntimeError` past `WAITING_JOBS`. Jobs of the same time are done
       in the order in which they came.
    2. A job that fails is logged and ends nothing else.
    3. `stop` does what is due, leaves what is not, and ends the thread.
    """

    def __init__(self, name: str, clock: Callable[[], float], patience: float = STUCK_SECONDS) -> None:
        self._clock = clock
        # Guards _jobs and _stopping.
        self._changed = threading.Condition(threading.Lock())
        self._jobs: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name)
        #: `patience` is for how many seconds a job may take.
        self.heartbeat = Heartbeat(self._thread, clock, patience)

    def __call__(self, job: Callable[[], object], delay: float = 0.0) -> None:
        """Have the job done after `delay` seconds."""
        with self._changed:
            if len(self._jobs) >= WAITING_JOBS:
                raise RuntimeError("too many jobs wait")
            heapq.heappush(self._jobs, (self._clock() + delay, next(self._order), job))
            self._changed.notify()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Do what is due and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:  # a job's fault must not end all the others
                with contained("log"):
                    log.exception("job_failed")

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            while True:
                self.heartbeat.beat()
                delay = self._jobs[0][0] - self._clock() if self._jobs else None
                if delay is not None and delay <= 0:
                    return heapq.heappop(self._jobs)[2]
                if self._stopping:
                    return None
                self._changed.wait(BEAT_SECONDS if delay is None else min(delay, BEAT_SECONDS))
