"""Group commit: stored, then shown. Whoever publishes stores all that waits, then delivers it."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chat_server.chat.delivery import TURN, Delivery, HandOver
from chat_server.errors import JournalError, UnavailableError
from chat_server.journal import Journal, Record

if TYPE_CHECKING:
    from chat_server.chat.session import Session

#: How many bytes may wait to be stored before publishers wait.
BACKLOG = 4 * 1024 * 1024
#: For how long, in seconds, a publisher waits for room in the backlog before it is told to try later.
PATIENCE = 5.0


class Publication(Record, kw_only=True, eq=False):
    """A record on its way: what is stored, and what its delivery needs.

    Where `last < first` there is nothing to store: presence, a topic. `acks` go to the sender in place
    of `frames`. `received` is when its bytes were read, on the monotonic clock.
    """

    delivery: Delivery
    sender: "Session | None" = None
    acks: bytes = b""
    received: float = 0.0
    kind: str = "msg"
    delivered: threading.Event | None = None

    @property
    def droppable(self) -> bool:
        """Whether a member who is behind can do without it."""
        return self.kind == "presence"


class GroupCommit:
    """Stores publications in the order in which they were submitted, then has their rooms deliver.

    1. `submit` never waits: it is called under a room's lock, so ids and order agree.
    2. `drive` stores and delivers all that waits, unless another thread is at it, which then does it:
       it looks again after letting go, under the lock under which `submit` adds, so nothing is forgotten.
    3. Nobody is shown what the journal has not stored.
    4. One thread stores at a time, and no other lock is held while it does.
    5. A publisher works for the others no longer than `TURN`; then `hand_over` gets the rest.
    6. Where it is told to `gather`, or commits are costly, it steps aside for the threads that are ready to
       run before it stores: what they submit goes along, in the same commit and the same deliveries.
    7. Where the journal fails, everything stays in order and waits: `retry` tries again. Publishers
       are refused by `admit` until then.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], float],
        hand_over: HandOver,
        on_failure: Callable[[JournalError | None], None],
        step_aside: Callable[[], None],
    ) -> None:
        self.journal = journal
        self._clock = clock
        self._hand_over = hand_over
        self._on_failure = on_failure
        self._step_aside = step_aside
        # Guards _waiting and _size; `_space` tells that _size shrank.
        self._lock = threading.Lock()
        self._space = threading.Condition(self._lock)
        self._waiting: list[Publication] = []
        self._size = 0
        # Held by who stores; only ever tried. Guards _stuck.
        self._storing = threading.Lock()
        self._stuck: list[Publication] = []
        self.failure: JournalError | None = None
        self.commits = 0
        self.stored = 0

    def admit(self) -> None:
        """Wait for room in the backlog. Raises `UnavailableError` where nothing can be stored now."""
        if self.failure is not None:
            raise UnavailableError("messages cannot be stored at the moment; send it again later")
        if self._size <= BACKLOG:
            return
        with self._space:
            if not self._space.wait_for(lambda: self._size <= BACKLOG, PATIENCE):
                raise UnavailableError("the server is behind with storing; send it again later")

    def submit(self, publication: Publication) -> None:
        """Add a publication to what waits; `drive` must follow, once the room's lock is let go."""
        with self._lock:
            self._waiting.append(publication)
            self._size += len(publication.frames)

    def drive(self, *, gather: bool = False) -> None:
        """Store and deliver what waits, for at most `TURN` on behalf of others."""
        deadline = 0.0
        while self._storing.acquire(blocking=False):
            try:
                if gather or self.journal.costly:
                    self._step_aside()
                done = self._store_waiting()
            finally:
                self._storing.release()
            if len(done) == 1:
                done[0].delivery.run()
            else:
                for delivery in dict.fromkeys([each.delivery for each in done]):
                    delivery.run()
            with self._lock:
                if not self._waiting or self.failure is not None:
                    return
            now = self._clock()
            deadline = deadline or now + TURN
            if now > deadline:
                self._hand_over(self.drive)
                return

    def retry(self) -> None:
        """Try again to store what a failure of the journal left behind."""
        if self.failure is not None:
            self.drive()

    def maintain(self, job: Callable[[], None]) -> None:
        """Do a short job that must not run beside a commit; not now, where somebody stores."""
        if not self._storing.acquire(blocking=False):
            return
        try:
            job()
        finally:
            self._storing.release()
            self.drive()

    def _store_waiting(self) -> Sequence[Publication]:
        """Store what waits and give it to its rooms, in order; called with `_storing` held."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            if self._size > BACKLOG:
                self._space.notify_all()
            self._size = 0
        if self._stuck:
            taken, self._stuck = self._stuck + taken, []
        if records := [each for each in taken if each.last >= each.first]:
            try:
                self.journal.commit(records)
            except JournalError as error:
                self._stuck = taken
                self._note(error)
                return ()
            self.commits += 1
            self.stored += len(records)
            self._note(None)
        for each in taken:
            each.delivery.add(each)
        return taken

    def _note(self, failure: JournalError | None) -> None:
        """Tell of the first failure in a row, and of the end of it."""
        if (failure is None) is not (self.failure is None):
            self.failure = failure
            self._on_failure(failure)
