"""Delivery: what a room has stored goes to all its members."""

import threading
from collections import deque
from collections.abc import Callable, Container, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from chat_protocol.errors import UnavailableError
from chat_server.chat import faults
from chat_server.chat.arrival import Arrival
from chat_server.chat.outgoing import congested, failed, push
from chat_server.chat.session import CONGESTED, DROPPED, REFUSED, Outgoing
from chat_server.chat.shares import own_acks, own_shares
from chat_server.chat.tally import Tally

if TYPE_CHECKING:
    from chat_server.chat.commit import Publication

#: For how long, in seconds, one publisher works on for the others before it hands over.
TURN = 0.005
#: How many bytes one pass hands to each member; what is more waits for the next pass.
PASS_BYTES = 128 * 1024
#: How many bytes may wait for delivery before publishers wait.
BACKLOG = 512 * 1024
#: For how long, in seconds, a publisher waits for that before it is told to try later.
PATIENCE = 5.0
#: For how long, in seconds, a room that outruns its readers rests.
REST = 0.005
#: After so many rests at most, a second in all, somebody who says much is let through to slow readers.
PACES = 200
#: From so many members on, a room where several speak waits between two passes for what they say next, for
#: so many seconds a member. A pass takes ten times that; 400 to 5,000 members got 1.5 to 1.8 times as many
#: messages so, 100 got 0.9 (measured).
LARGE = 250
GATHER = 1e-6


class HandOver(Protocol):
    """Has a job done by another thread, after a delay in seconds."""

    def __call__(self, job: Callable[[], object], delay: float = 0.0) -> None:
        """Take the job; never waits."""


class Delivery:
    """Hands a room's publications to its members, in their order.

    1. Whoever calls `run` hands out all that was added, unless another thread is at it, which then
       does it: it lets go only where nothing is left, under the lock under which `add` adds.
    2. Every member who sent nothing of a pass is handed the same bytes object; who did gets the
       acknowledgements in place of the own messages.
    3. Nobody waits for a member: `push` never blocks, and cuts off a member that falls too far behind.
    4. A member that `enter`s at an id gets everything after it, once, and in order: from `begin` on it is
       held. No journal is read here.
    5. One thread works for the others no longer than `TURN`; then `hand_over` gets the rest.
    6. If more than half of all members read on but are far behind, the room rests; then what is
       to be delivered piles up to `BACKLOG`, and `admit` makes publishers wait. One slow or frozen
       member never does that; but it makes those wait, `PACES` rests at most, who say more than a
       person does, so that nobody who reads on is cut for a flood.
    7. In a room of `LARGE` or more where several spoke in the last pass, the next waits `GATHER` for each
       member, unless a full pass waits already; alone, nobody waits.
    8. A fault of one member ends that member's connection alone. If a pass cannot be put together, its
       publications are handed out one by one; if even that fails, its members are ended, who would
       otherwise miss it unseen.
    """

    def __init__(self, last: int, clock: Callable[[], float], hand_over: HandOver) -> None:
        self._clock = clock
        self._hand_over = hand_over
        # Guards what follows, up to _changed, which tells that _size shrank or a pass ended.
        self._lock = threading.Lock()
        self._added: deque[Publication] = deque()
        self._size = 0
        self._resting = False
        self._members: dict[Outgoing, None] = {}
        self._recipients: tuple[Outgoing, ...] | None = ()
        self._arrivals: dict[Outgoing, Arrival] = {}
        #: The last id that a pass has taken.
        self.taken = last
        self._passing = False
        self._passes = 0
        self._leaving = 0
        self._changed = threading.Condition(self._lock)
        # Held by the thread that delivers; only ever tried. Guards what follows.
        self._delivering = threading.Lock()
        self.tally = Tally()
        self._outrun = False
        # Who is on the way in during this pass.
        self._arriving: Sequence[tuple[Outgoing, Arrival]] = ()
        # The members who were far behind after the last pass.
        self._slow: Sequence[Outgoing] = ()
        #: Whether several spoke in the last pass: then others are likely to be about to speak as well.
        self.crowded = False

    def admit(self) -> None:
        """Wait until the backlog has room. Raises `UnavailableError` if it has none for too long."""
        if self._size <= BACKLOG:
            return
        with self._changed:
            if not self._changed.wait_for(lambda: self._size <= BACKLOG, PATIENCE):
                raise UnavailableError("the room is behind with its deliveries; send it again later")

    def pace(self) -> None:
        """Wait for slow readers, `PACES` rests at most: called for somebody who says much."""
        if not self._slow:
            return
        with self._changed:
            for _ in range(PACES):
                if not any(map(congested, self._slow)):
                    return
                self._changed.wait(REST)

    def add(self, publication: "Publication") -> None:
        """Add what was stored; `run` must follow."""
        with self._lock:
            self._added.append(publication)
            self._size += len(publication.frames)

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
        """Whether nothing is left to deliver and nobody is there to get it."""
        with self._lock:
            return not self._added and not self._members and not self._arrivals

    def run(self) -> None:
        """Deliver what was added, for at most `TURN` on behalf of others. Raises nothing."""
        if not self._delivering.acquire(blocking=False):
            return
        deadline = 0.0
        over = False
        try:
            while begun := self._next(over=over):
                taken, recipients = begun
                now = self._hand_out(taken, recipients)
                deadline = deadline or now + TURN
                over = now > deadline
        except Exception:  # noqa: BLE001  # whatever it is, the room must not stay as it is for ever
            faults.report("delivery")
            self._let_go()

    def _let_go(self) -> None:
        """Rest after a fault in the middle of a turn, then go on."""
        with self._lock:
            self._passes += 1
            self._passing = self._outrun = False
            self._changed.notify_all()
            self._resting = True
            self._delivering.release()
        if not faults.handed_over(self._hand_over, self._wake, REST):
            self._resting = False  # whoever publishes next goes on

    def _wake(self) -> None:
        """Go on if the readers have caught up, else rest on."""
        with self._lock:
            members = tuple(self._members)
        behind = sum(map(congested, members)) * 2 >= len(members) > 1
        if behind and faults.handed_over(self._hand_over, self._wake, REST):
            return
        with self._lock:
            self._resting = False
        self.run()

    def _next(self, *, over: bool) -> "tuple[Sequence[Publication], Sequence[Outgoing]] | None":
        """End the pass before, if any, and begin the next; or let go, and hand over the rest.

        Letting go happens under the lock under which `add` adds: who adds later finds it free.
        """
        with self._lock:
            self._passes += 1
            if self._leaving:
                self._changed.notify_all()
            outrun, self._outrun = self._outrun, False
            rest = REST if outrun else self._gathering_locked() if self.crowded else 0.0
            if self._added and not (over or rest or self._resting):
                if self._recipients is None:
                    self._recipients = tuple(self._members)
                self._arriving = tuple(self._arrivals.items()) if self._arrivals else ()
                taken = self._take_locked()
                self._passing = True
                return taken, self._recipients
            more = self._added and not self._resting
            self._passing = False
            self._resting = self._resting or rest > 0
            self._delivering.release()
        if rest:
            if not faults.handed_over(self._hand_over, self._wake, rest):
                self._wake()
        elif more and not faults.handed_over(self._hand_over, self.run):
            self.run()
        return None

    def _gathering_locked(self) -> float:
        """For how long, in seconds, to wait after a pass for what goes into the next."""
        if self._passing and self._size < PASS_BYTES and len(self._members) >= LARGE:
            return len(self._members) * GATHER
        return 0.0

    def _take_locked(self) -> "Sequence[Publication]":
        """Take the next publications, up to `PASS_BYTES`, all of them droppable or none."""
        first = self._added[0]
        taken = [first]
        size = len(first.frames)
        last = first.last
        for following in islice(self._added, 1, None) if len(self._added) > 1 else ():
            if size + len(following.frames) > PASS_BYTES or following.droppable != first.droppable:
                break
            size += len(following.frames)
            last = max(last, following.last)
            taken.append(following)
        for _ in taken:  # not before: what is taken out is handed out, whatever fails above
            self._added.popleft()
        # What is not stored has the last id before it, or an older one if it waited for the journal.
        self.taken = max(self.taken, last)
        if self._size > BACKLOG:
            self._changed.notify_all()
        self._size -= size
        return taken

    def _hand_out(self, taken: "Sequence[Publication]", recipients: Sequence[Outgoing]) -> float:
        """Push to everybody; return the time after it."""
        try:
            frames = taken[0].frames if len(taken) == 1 else b"".join([each.frames for each in taken])
            own = own_shares(taken, frames)
        except Exception:  # noqa: BLE001  # too little memory to join it, most likely
            faults.report("pass")
            return self._hand_out_singly(taken, recipients)
        if not frames:  # a quiet room, where nobody is told who comes; or a repetition
            recipients = ()
        self.crowded = len(own) > 1
        states = self._push_all(recipients, own, frames, droppable=taken[0].droppable)
        if own:  # who has left since is told no more than what became of the own messages
            for outbox, acks in own_acks(taken, own.keys()).items():
                push(outbox, acks)
        return self._count(taken, len(recipients) + len(self._arriving), own, states)

    def _push_all(
        self, recipients: Sequence[Outgoing], own: dict[Outgoing, bytes], frames: bytes, *, droppable: bool
    ) -> Sequence[int]:
        """Push to each its share, taken out of `own`; return how many answered with which state."""
        states = [0] * 4  # none is counted under TAKEN, which nearly all answer
        slow: list[Outgoing] = []
        for outbox in recipients:
            share = own.pop(outbox, frames) if own else frames
            if not share:
                continue
            try:
                state = outbox.push(share, droppable=True) if droppable else outbox.push(share)
            except Exception:  # noqa: BLE001  # one member's fault is that member's alone
                state = failed(outbox)
            if state:
                states[state] += 1
                if state == CONGESTED:
                    slow.append(outbox)
        for outbox, arrival in self._arriving:
            if share := own.pop(outbox, frames):
                push(arrival, share, droppable=droppable)
        self._slow = slow
        self._outrun = len(slow) * 2 > len(recipients)
        return states

    def _hand_out_singly(self, taken: "Sequence[Publication]", recipients: Sequence[Outgoing]) -> float:
        """Hand out one publication after another, which joins nothing."""
        if len(taken) > 1:
            return max([self._hand_out([each], recipients) for each in taken])
        for outbox in (*recipients, *[outbox for outbox, _ in self._arriving]):
            failed(outbox)
        return self._clock()

    def _count(
        self,
        taken: "Sequence[Publication]",
        recipients: int,
        absent: Container[Outgoing],
        states: Sequence[int],
    ) -> float:
        tally = self.tally
        refused, dropped = states[REFUSED], states[DROPPED]
        others = recipients - refused - dropped
        now = self._clock()
        for each in taken:
            number = each.last - each.first + 1
            if number:
                tally.observe(now - each.received, number)
            elif each.frames:
                number = 1
            own = each.sender is not None and each.sender.outbox not in absent
            if others > own:
                tally.delivered[each.kind] += number * (others - own)
            if refused or dropped:
                tally.refused += number * refused
                tally.dropped += number * dropped
            if each.delivered is not None:
                each.delivered.set()
        return now
