"""Group commit: stored, then shown. Whoever publishes stores all that waits, then delivers it."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from chat_protocol.errors import UnavailableError
from chat_server.faults import contained
from chat_server.journal.base import Journal
from chat_server.stream.context import StreamContext
from chat_server.stream.follower import catch_up
from chat_server.stream.handover import handed_over
from chat_server.stream.publication import Destination, Publication

#: How many bytes may wait to be stored before publishers wait, each publication with its own size.
STORE_BACKLOG_BYTES = 4 * 1024 * 1024
OVERHEAD_BYTES = 512
#: For how long a publisher waits for room in the backlog before it is told to try later.
PATIENCE_SECONDS = 5.0


class GroupCommit:
    """Stores publications in the order in which they were submitted, then has their rooms deliver.

    1. `submit` never waits. The order of submitting is the order of a room, in which the journal gives the
       ids; events keep their place in it.
    2. `store_and_deliver` does so with everything pending. If another thread is at it, it returns at once:
       that thread looks again after letting go, under the lock under which `submit` adds.
    3. Nobody is shown what the journal has not stored.
    4. One thread stores at a time, and no other lock is held while it does.
    5. A publisher works for the others no longer than `turn_seconds`, counted over all rooms; then
       `hand_over` gets the rest.
    6. If it is told to `gather`, or commits are costly, it lets the threads run first that are ready to: what
       they submit goes along, in the same commit and the same deliveries.
    7. If storing fails, for whatever reason, everything stays in order and waits. `wait_for_space` refuses
       publishers until `retry`, which alone tries again, succeeds. Nobody waits for a `delivered` that
       may not come; somebody who comes and goes meanwhile leaves nothing behind.
    8. The backlog counts all that waits, stored or not, with what each publication takes by itself.
    """

    def __init__(
        self, journal: Journal, context: StreamContext, on_failure: Callable[[Exception | None], None]
    ) -> None:
        self.journal = journal
        self.context = context
        self._clock = context.clock
        self._hand_over = context.hand_over
        self._pacing = context.pacing
        self._on_failure = on_failure
        # Guards _waiting, _unsettled, _size, which is the bytes of _waiting, and _patient, which is how
        # many publishers wait for `_space`: that the backlog shrank.
        self._lock = threading.Lock()
        self._space = threading.Condition(self._lock)
        self._waiting: list[Publication] = []
        # While storing fails: who came or went since, by room and user; what cancels out is not in it.
        self._unsettled: dict[object, Publication] = {}
        self._size = 0
        self._patient = 0
        # Held by the thread that stores; only ever tried. Guards what follows, up to _owed.
        self._storing = threading.Lock()
        # What was taken from _waiting and is not stored; what is stored and not yet with its room.
        self._taken: list[Publication] = []
        self._stored: list[Publication] = []
        # The bytes of both.
        self._held = 0
        # Rooms that got something before a fault, and have yet to deliver it.
        self._owed: Sequence[Destination] = ()
        self.failure: Exception | None = None
        self.commits = 0
        self.stored = 0

    @property
    def backlog(self) -> int:
        """How many bytes wait to be stored or placed."""
        return self._size + self._held + len(self._unsettled) * OVERHEAD_BYTES

    def wait_for_space(self) -> None:
        """Wait for room in the backlog. Raises `UnavailableError` if nothing can be stored now."""
        if self.failure is not None:
            raise UnavailableError("messages cannot be stored at the moment; send it again later")
        if self._size + self._held <= STORE_BACKLOG_BYTES:
            return
        with self._space:
            self._patient += 1
            space = self._space.wait_for(
                lambda: self._size + self._held <= STORE_BACKLOG_BYTES, PATIENCE_SECONDS
            )
            self._patient -= 1
        if not space:
            raise UnavailableError("the server is behind with storing; send it again later")

    def submit(self, publication: Publication) -> None:
        """Add a publication to what waits; `store_and_deliver` must follow, under no room's lock."""
        with self._lock:
            if self.failure is not None and self._settled_locked(publication):
                return
            if not publication.count:
                publication.delivery.submitted += 1
            self._waiting.append(publication)
            self._size += publication.size + OVERHEAD_BYTES

    def submit_together(self, publications: Sequence[Publication]) -> None:
        """Add messages that are stored in one commit, or none of them; else as `submit`."""
        with self._lock:
            for each in publications:
                self._waiting.append(each)
                self._size += each.size + OVERHEAD_BYTES

    def store_and_deliver(self, *, gather: bool = False, again: bool = False) -> None:
        """Store and deliver what waits, for at most `turn_seconds` on behalf of others. Raises nothing.

        After a failure it does so only `again`, as `retry` asks for.
        """
        if self.failure is not None and not again:
            return
        deadline = 0.0
        while self._storing.acquire(blocking=False):
            try:
                if (gather or self.journal.costly) and self._pacing.yields:
                    with contained("yield_cpu"):
                        self.context.yield_cpu()
                deliveries = self._store_waiting()
            except Exception as error:  # noqa: BLE001  # whatever it is, all of it is in its order and waits
                deliveries = ()
                self._note(error)
            finally:
                self._storing.release()
            if len(deliveries) == 1:
                deliveries[0].deliver()
            else:
                deadline = self._deliver(deliveries, deadline)
            with self._lock:
                if not self._waiting or self.failure is not None:
                    return
            now = self._clock()
            deadline = deadline or now + self._pacing.turn_seconds
            if now > deadline and handed_over(self._hand_over, self.store_and_deliver):
                return

    def retry(self) -> None:
        """Try again to store what a failure left behind, and all that waits behind it."""
        if self.failure is not None or self._taken or self._stored:
            self.store_and_deliver(again=True)

    def maintain(self, job: Callable[[], None]) -> bool:
        """Do a short job that must not run beside a commit; return false if others store without a pause."""
        for _ in range(self._pacing.upkeep_tries):
            if self._storing.acquire(blocking=False):
                break
            with self._space:
                self._space.wait(self._pacing.upkeep_pause_seconds)
        else:
            return False
        try:
            job()
        finally:
            self._storing.release()
            self.store_and_deliver()
        return True

    def _deliver(self, deliveries: Sequence[Destination], deadline: float = 0.0) -> float:
        """Have these rooms deliver until the deadline, and hand over the rest; return the deadline."""
        deadline = deadline or self._clock() + self._pacing.turn_seconds
        for done, delivery in enumerate(deliveries, 1):
            delivery.deliver()
            if done < len(deliveries) and self._clock() > deadline:
                rest = partial(self._deliver, deliveries[done:])
                if handed_over(self._hand_over, rest):
                    break
        return deadline

    def _store_waiting(self) -> Sequence[Destination]:
        """Store what waits and give it to its rooms, in order; called with `_storing` held.

        Each step either happens or leaves things as they were, also if there is no memory for it.
        """
        if self._stored:
            self._owed = self._hand_to_rooms()
        with self._lock:
            if self._taken:
                self._taken += self._waiting
                self._waiting.clear()
            else:
                self._taken, self._waiting = self._waiting, self._taken
            self._held += self._size
            self._size = 0
        if records := [each for each in self._taken if each.count]:
            self.journal.commit(records)
            self.commits += 1
            self.stored += len(records)
        self._stored, self._taken = self._taken, self._stored
        deliveries = self._hand_to_rooms()
        self._owed = ()
        self._held = 0
        if self._patient:
            with self._space:
                self._space.notify_all()
        if self.failure is not None:
            self._recover()
        return deliveries

    def _hand_to_rooms(self) -> Sequence[Destination]:
        """Give what is stored to its rooms; return those that have something to deliver."""
        stored = self._stored
        if len(stored) == 1 and not self._owed:
            delivery = stored[0].delivery
            deliveries: Sequence[Destination] = (delivery,)
            self._owed = deliveries
            publication = stored[0]
            if publication.answers or not publication.frames:
                publication.settle()
            if not delivery.sequence(publication):
                self._fill(publication)
            stored.clear()
            return deliveries
        deliveries = tuple(dict.fromkeys([*self._owed, *[each.delivery for each in stored]]))
        placed = 0
        try:
            for each in stored:
                each.settle()
                if not each.delivery.sequence(each):
                    self._fill(each)
                placed += 1
        except Exception:
            self._owed = deliveries
            raise
        finally:
            del stored[:placed]
        return deliveries

    def _fill(self, publication: Publication) -> None:
        """Have what is missing before this read by another thread."""
        job = partial(catch_up, self.journal, publication.room, publication.delivery, publication.last)
        if not handed_over(self._hand_over, job):
            job()

    def _note(self, error: Exception) -> None:
        """Tell of the first failure in a row; let go whoever waits for a delivery."""
        first = self.failure is None
        with self._lock:
            self.failure = error
            for each in chain(self._taken, self._waiting):
                if each.delivered is not None:
                    each.delivered.set()
        if first:
            with contained("on_failure"):
                self._on_failure(error)

    def _recover(self) -> None:
        """Tell of the end of a failure; who came and went meanwhile is announced next."""
        with self._lock:
            self._waiting += self._unsettled.values()
            self._size += len(self._unsettled) * OVERHEAD_BYTES
            self._unsettled.clear()
            self.failure = None
        with contained("on_failure"):
            self._on_failure(None)

    def _settled_locked(self, publication: Publication) -> bool:
        """Keep who came or went while nothing can be stored, until the opposite cancels it."""
        if publication.delivered is not None:
            publication.delivered.set()
        if publication.kind != "presence":
            return False
        key = publication.delivery, publication.sender
        if self._unsettled.pop(key, None) is None:
            self._unsettled[key] = publication
            publication.delivery.submitted += 1
        else:
            publication.delivery.submitted -= 1
        return True
