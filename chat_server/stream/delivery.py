"""Delivery: what a room has stored goes to all its members."""

import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

from chat_protocol.errors import UnavailableError
from chat_server import faults
from chat_server.stream.arrival import Arrival
from chat_server.stream.context import StreamContext
from chat_server.stream.counters import Counters
from chat_server.stream.frames import Frames
from chat_server.stream.handover import handed_over
from chat_server.stream.order import Order
from chat_server.stream.outgoing import CONGESTED, DROPPED, REFUSED, Outgoing, congested, failed, push
from chat_server.stream.publication import Publication
from chat_server.stream.shares import own_acks, own_shares

#: How many bytes may wait for delivery before publishers wait.
DELIVERY_BACKLOG_BYTES = 512 * 1024
#: For how long a publisher waits for that before it is told to try later.
PATIENCE_SECONDS = 5.0


class Delivery:
    """Hands a room's publications to its members, in their order.

    1. Whoever calls `deliver` hands out all that was added, unless another thread is at it, which then
       does it: it lets go only when nothing is left, under the lock under which `sequence` adds.
    2. Every member who sent nothing of a pass is handed the same bytes object; who did gets the
       acknowledgements in place of the own messages.
    3. Nobody waits for a member: `push` never blocks, and cuts off a member that falls too far behind.
    4. Publications go out in the order of their ids, each id once and without a hole (`Order`).
    5. A member that `enter`s at an id gets everything after it, once, and in order: from `begin` on it is
       held. No journal is read here.
    6. One thread works for the others no longer than `turn_seconds`; then it lets the threads run that are
       ready to, so that what they add goes into the next pass, and `hand_over` gets the rest.
    7. If more than half of all members read on but are far behind, the room rests; then what is
       to be delivered piles up to `DELIVERY_BACKLOG_BYTES`, and `wait_for_space` makes publishers wait. One
       slow or frozen member never does that. But a sender who floods waits for slow members, `rests` rests
       at most for each publication, so that nobody who reads on is cut for a flood.
    8. A fault of one member ends that member's connection alone. If a pass cannot be put together, its
       publications are handed out one by one; if even that fails, its members are ended, who would
       otherwise miss it unseen.
    """

    def __init__(self, last: int, context: StreamContext) -> None:
        self.context = context
        self._clock = context.clock
        self._hand_over = context.hand_over
        self._pacing = context.pacing
        # Guards what follows, up to _changed, which tells that _size shrank or a pass ended.
        self._lock = threading.Lock()
        self._added: deque[Publication] = deque()
        self._size = 0
        self._resting = False
        self._members: dict[Outgoing, None] = {}
        self._recipients: tuple[Outgoing, ...] | None = ()
        self._arrivals: dict[Outgoing, Arrival] = {}
        self._order = Order(last)
        #: How many events were submitted here (the commit's lock guards it), and how many came: the last
        #: thing of a room is that somebody leaves.
        self.submitted = self.arrived = 0
        #: The last id that a pass has taken.
        self.taken = last
        self._passing = False
        self._passes = 0
        self._leaving = 0
        self._changed = threading.Condition(self._lock)
        # Held by the thread that delivers; only ever tried. Guards what follows.
        self._delivering = threading.Lock()
        self.counters = Counters()
        self._must_rest = False
        # Who is on the way in during this pass.
        self._arriving: Sequence[tuple[Outgoing, Arrival]] = ()
        # The members who were far behind after the last pass.
        self._slow: Sequence[Outgoing] = ()
        #: Whether several spoke in the last pass: then others are likely to be about to speak as well.
        self.several_spoke = False

    def wait_for_space(self) -> None:
        """Wait until the backlog has room. Raises `UnavailableError` if it has none for too long."""
        if self._size <= DELIVERY_BACKLOG_BYTES:
            return
        with self._changed:
            if not self._changed.wait_for(lambda: self._size <= DELIVERY_BACKLOG_BYTES, PATIENCE_SECONDS):
                raise UnavailableError("the room is behind with its deliveries; send it again later")

    def wait_for_slow_readers(self) -> None:
        """Wait for slow readers, `rests` rests at most: called for somebody who says much."""
        if not self._slow:
            return
        with self._changed:
            for _ in range(self._pacing.rests):
                if not any(map(congested, self._slow)):
                    return
                self._changed.wait(self._pacing.rest_seconds)

    @property
    def sequenced(self) -> int:
        """The last id that was added."""
        return self._order.last

    def sequence(self, publication: Publication) -> bool:
        """Add what was stored, or an event; `deliver` must follow. Returns false if it has to wait."""
        with self._lock:
            order = self._order
            if publication.first == order.last + 1 and not order.ahead:
                order.last = publication.last
                self._added.append(publication)
                self._size += len(publication.frames)
                return True
            added = order.take(publication)
            self._add_locked(added)
            self.arrived += not publication.count
            return bool(added)

    def missing(self) -> tuple[int, int] | None:
        """Return the first and last id that must come before what is held; none if nothing is held."""
        with self._lock:
            return self._order.hole

    def skip(self, last: int) -> None:
        """Wait no more for what is missing up to an id: it is not kept any longer."""
        with self._lock:
            self._add_locked(self._order.skip(last))

    def _add_locked(self, publications: Sequence[Publication]) -> None:
        self._added += publications
        self._size += sum([len(each.frames) for each in publications])

    def begin(self, outbox: Outgoing) -> int:
        """Hold for a newcomer what is handed out from now on; return the last id before that.

        Everything up to it is stored: the newcomer is sent that first, then may `enter`.
        """
        with self._lock:
            self._arrivals[outbox] = Arrival(outbox, self.taken)
            return self.taken

    def enter(self, outbox: Outgoing, position: int) -> bool:
        """Go live for a newcomer who has everything up to the id `position`.

        Returns false if that is not all up to what is held, or too much came: `begin` again then.
        """
        with self._lock:
            arrival = self._arrivals.get(outbox)
            mark = self.taken if arrival is None else arrival.mark
            if position < mark or (arrival is not None and not arrival.go_live()):
                return False
            self._arrivals.pop(outbox, None)
            self._members[outbox] = None
            self._recipients = None
            return True

    def leave(self, outbox: Outgoing) -> None:
        """Deliver no more to this member: a pass under way ends first, so that an `enter` repeats nothing."""
        with self._changed:
            self._members.pop(outbox, None)
            self._arrivals.pop(outbox, None)
            self._recipients = None
            self._leaving += 1
            under_way = self._passes
            self._changed.wait_for(lambda: not self._passing or self._passes != under_way)
            self._leaving -= 1

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, stored or not, and nobody is there to get it."""
        with self._lock:
            under_way = self.arrived < self.submitted or self._added
            return not (under_way or self._members or self._arrivals)

    def deliver(self) -> None:
        """Deliver what was added, for at most `turn_seconds` on behalf of others. Raises nothing."""
        if not self._delivering.acquire(blocking=False):
            return
        deadline = 0.0
        over = False
        try:
            while begun := self._next(over=over):
                taken, recipients = begun
                now = self._hand_out(taken, recipients)
                deadline = deadline or now + self._pacing.turn_seconds
                over = now > deadline
                if over and self._pacing.yields:
                    with faults.contained("yield_cpu"):
                        self.context.yield_cpu()
        except Exception:  # noqa: BLE001  # whatever it is, the room must not stay as it is for ever
            faults.report("delivery")
            self._let_go()

    def _let_go(self) -> None:
        """Rest after a fault in the middle of a turn, then go on."""
        with self._lock:
            self._passes += 1
            self._passing = self._must_rest = False
            self._changed.notify_all()
            self._resting = True
            self._delivering.release()
        if not handed_over(self._hand_over, self._wake, self._pacing.rest_seconds):
            self._resting = False  # whoever publishes next goes on

    def _wake(self) -> None:
        """Go on if the readers have caught up, else rest on."""
        with self._lock:
            members = tuple(self._members)
        behind = sum(map(congested, members)) * 2 >= len(members) > 1
        if behind and handed_over(self._hand_over, self._wake, self._pacing.rest_seconds):
            return
        with self._lock:
            self._resting = False
        self.deliver()

    def _next(self, *, over: bool) -> tuple[Sequence[Publication], Sequence[Outgoing]] | None:
        """End the pass before, if any, and begin the next; or let go, and hand over the rest.

        Letting go happens under the lock under which `sequence` adds: who adds later finds it free.
        """
        with self._lock:
            self._passes += 1
            if self._leaving:
                self._changed.notify_all()
            rest, self._must_rest = self._must_rest, False
            self._resting = self._resting or rest
            if self._added and not (over or self._resting):
                if self._recipients is None:
                    self._recipients = tuple(self._members)
                self._arriving = tuple(self._arrivals.items()) if self._arrivals else ()
                taken = self._take_locked()
                self._passing = True
                return taken, self._recipients
            more = self._added and not self._resting
            self._passing = False
            self._delivering.release()
        if rest:
            if not handed_over(self._hand_over, self._wake, self._pacing.rest_seconds):
                self._wake()
        elif more and not handed_over(self._hand_over, self.deliver):
            self.deliver()
        return None

    def _take_locked(self) -> Sequence[Publication]:
        """Take the next publications, up to `pass_bytes`, all of them droppable or none."""
        first = self._added[0]
        taken = [first]
        size = len(first.frames)
        last = first.last
        for following in islice(self._added, 1, None) if len(self._added) > 1 else ():
            if (
                size + len(following.frames) > self._pacing.pass_bytes
                or following.droppable != first.droppable
            ):
                break
            size += len(following.frames)
            last = max(last, following.last)
            taken.append(following)
        for _ in taken:  # not before: what is taken out is handed out, whatever fails above
            self._added.popleft()
        # What is not stored has the last id before it, or an older one if it waited for the journal.
        self.taken = max(self.taken, last)
        if self._size > DELIVERY_BACKLOG_BYTES:
            self._changed.notify_all()
        self._size -= size
        return taken

    def _hand_out(self, taken: Sequence[Publication], recipients: Sequence[Outgoing]) -> float:
        """Push to everybody; return the time after it."""
        try:
            frames = taken[0].frames if len(taken) == 1 else b"".join([each.frames for each in taken])
            own = own_shares(taken, frames)
        except Exception:  # noqa: BLE001  # too little memory to join it, most likely
            faults.report("pass")
            return self._hand_out_singly(taken, recipients)
        if not frames:  # a quiet room, in which nobody is told who comes; or a repetition
            recipients = ()
        self.several_spoke = len(own) > 1
        try:
            states = self._push_all(recipients, own, frames, droppable=taken[0].droppable)
            if own:  # who has left since is told no more than what became of the own messages
                for outbox, acks in own_acks(taken, own.keys()).items():
                    push(outbox, Frames(acks))
        except Exception:  # noqa: BLE001  # likewise; nobody knows who has got it
            faults.report("pass")
            return self._end_all(recipients)
        now = self._clock()
        number = len(recipients) + len(self._arriving)
        self.counters.handed_out(taken, now, number, own, states[REFUSED], states[DROPPED])
        return now

    def _push_all(
        self, recipients: Sequence[Outgoing], own: dict[Outgoing, bytes], lines: bytes, *, droppable: bool
    ) -> Sequence[int]:
        """Push to each its share, taken out of `own`; return how many answered with which state."""
        states = [0] * 4  # none is counted under TAKEN, which nearly all answer
        slow: list[Outgoing] = []
        frames = Frames(lines)
        for outbox in recipients:
            share = frames
            if own and (mine := own.pop(outbox, None)) is not None:
                if not mine:
                    continue
                share = Frames(mine)
            try:
                state = outbox.push(share, droppable=True) if droppable else outbox.push(share)
            except Exception:  # noqa: BLE001  # one member's fault is that member's alone
                state = failed(outbox)
            if state:
                states[state] += 1
                if state == CONGESTED:
                    slow.append(outbox)
        for outbox, arrival in self._arriving:
            if mine := own.pop(outbox, lines):
                push(arrival, Frames(mine), droppable=droppable)
        self._slow = slow
        self._must_rest = len(slow) * 2 > len(recipients)
        return states

    def _hand_out_singly(self, taken: Sequence[Publication], recipients: Sequence[Outgoing]) -> float:
        """Hand out one publication after another, which joins nothing."""
        if len(taken) > 1:
            return max([self._hand_out([each], recipients) for each in taken])
        return self._end_all(recipients)

    def _end_all(self, recipients: Sequence[Outgoing]) -> float:
        """End all members: they would miss something unseen."""
        for outbox in (*recipients, *[outbox for outbox, _ in self._arriving]):
            failed(outbox)
        return self._clock()
