"""A client that talks as fast as it may, comes back when it is cut off, and writes down what it saw."""

import contextlib
import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.records import (
    Acknowledged,
    Closed,
    Departed,
    Entered,
    Event,
    Heard,
    History,
    Refused,
    Registered,
    Sent,
    Unexpected,
)
from tests.support.peer import Address, Frame, Peer

#: How long, in seconds, a read lasts at most before the client looks at what else there is to do.
LOOK = 0.05
#: Pauses before a new connection are drawn from 0 to this many seconds, where the server named none.
BACKOFF = 0.1
#: A client rests for so long, in seconds, after it was told to send again later.
LATER = 0.2
#: Silence makes a client more patient, up to so many seconds: a slow machine is no fault.
PATIENCE = 15.0
#: Seconds between two bursts: faults meet the load as well, and the checker has less to read.
PACE = 0.01
#: One frame in so many is followed by leaving a room and coming back.
STROLL = 200


@dataclass(frozen=True)
class Habits:
    """How a client behaves: rooms, messages in flight, and seconds of silence after which it hangs up."""

    rooms: tuple[str, ...]
    window: int = 16
    patience: float = 2.0
    strolls: bool = True


class Progress:
    """What all clients have seen so far, to be waited for."""

    def __init__(self) -> None:
        # Guards counts.
        self._changed = threading.Condition()
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, what: str, number: int = 1) -> None:
        """Count."""
        with self._changed:
            self.counts[what] += number
            self._changed.notify_all()

    def wait(self, what: str, number: int, seconds: float, since: int | None = None) -> bool:
        """Wait until `number` more were counted than now, or than `since`; false after `seconds`."""
        with self._changed:
            goal = (self.counts[what] if since is None else since) + number
            return self._changed.wait_for(lambda: self.counts[what] >= goal, seconds)

    def wait_for(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, looked at with each count; false after `seconds`."""
        with self._changed:
            return self._changed.wait_for(reached, seconds)


class LoadClient:
    """One client, in a thread.

    1. It keeps at most `window` messages unacknowledged, and sends those again, in their order and with
       their refs, on each new connection.
    2. It resumes after the last id up to which it has everything.
    3. After `enough` it only finishes: `quiet` is set when everything is acknowledged; once it was given
       its `goals` (the last id of each room) it ends when it has come so far.
    """

    def __init__(
        self, name: str, address: Callable[[], Address], habits: Habits, seed: int, progress: Progress
    ) -> None:
        self.history = History(name, settled=False)
        self.enough = threading.Event()
        self.quiet = threading.Event()
        self.connections = 0
        self.drained = 0
        self.welcomes = 0
        self._name = name
        self._address = address
        self._habits = habits
        self._random = random.Random(seed)
        self._progress = progress
        self._abandoned = threading.Event()
        self._goals: Mapping[str, int] | None = None
        self._patience = habits.patience
        self._numbers = 0
        self._session: str | None = None
        self._epoch = ""
        self._pending: dict[str, Sent] = {}
        #: Of each room the id up to which it has everything, and what JOINED said is the last.
        self._positions: dict[str, int] = {}
        self._lasts: dict[str, int] = {}
        self._ahead: dict[str, set[int]] = defaultdict(set)
        self._thread = threading.Thread(target=self._run, name=f"load-{name}")
        self._peer: Peer | None = None
        self._begin()

    def start(self) -> None:
        """Start talking."""
        self._thread.start()

    def finish(self, goals: Mapping[str, int], seconds: float) -> None:
        """Have it end when it has everything up to the goals, or give it up after so long."""
        self._goals = goals
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._abandoned.set()
            self._thread.join()
            text = f"gave up: {len(self._pending)} unacknowledged, at {self._positions} of {goals}"
            self._record(Unexpected(text))

    # The thread

    def _run(self) -> None:
        while not self._abandoned.is_set() and not self._arrived():
            self._begin()
            try:
                self._visit()
            except TimeoutError:
                self._patience = min(self._patience * 1.5, PATIENCE)
            except OSError:
                pass
            except ValueError as error:
                self._record(Unexpected(f"a line that is no JSON: {error}"))
            finally:
                if self._peer is not None:
                    self._read_the_rest(self._peer)
                    self._peer.close()
                self._record(Closed())
            pause = self._random.uniform(0, BACKOFF) if self._advised is None else self._advised
            self._abandoned.wait(0 if self._arrived() else pause)
        self.history.settled = True

    def _begin(self) -> None:
        """Forget what belongs to one connection."""
        self._peer = None
        self._untaken: deque[Frame] = deque()
        self.welcomed = False
        self._inside: set[str] = set()
        self._leaving: set[str] = set()
        self._asked: dict[str, int | None] = {}
        self._advised: float | None = None
        self._unsent: list[str] = []
        self._rests_until = 0.0
        self._bursts_at = 0.0
        self._heard_at = time.monotonic()
        self._pinged = False

    def _visit(self) -> None:
        self._peer = Peer(self._address(), self._patience)
        self.connections += 1
        self._peer.until("REG_NAME", self._patience)
        self._register()
        while not self._abandoned.is_set() and not self._arrived():
            frames = self._peer.receive(LOOK)
            self._watch(bool(frames))
            self._take_all(frames)
            if self.welcomed:
                self._speak()
        self._say({"type": "EXIT"})

    def _read_the_rest(self, peer: Peer) -> None:
        """Take what lies there still: where sending failed, why the server closed is not read yet."""
        with contextlib.suppress(OSError, ValueError):
            self._take_all(())
            while frames := peer.receive(0):
                self._take_all(frames)

    def _say(self, *frames: Frame) -> None:
        assert self._peer is not None
        self._peer.send_frames(*frames)

    def _record(self, event: Event) -> None:
        self.history.events.append(event)

    def _register(self) -> None:
        request: Frame = {"type": "REG_NAME", "name": self._name}
        if self._session is not None:
            after = self._lasts | self._positions
            request |= {"session": self._session, "epoch": self._epoch, "after": after}
            self._asked.update(after)
        self._say(request)

    def _watch(self, heard: bool) -> None:  # noqa: FBT001  # the one fact that it depends on
        """Ask after half of its patience in silence, and hang up after all of it. Raises `TimeoutError`."""
        now = time.monotonic()
        if heard:
            self._heard_at, self._pinged = now, False
        elif now - self._heard_at > self._patience:
            raise TimeoutError("the server is silent")
        elif now - self._heard_at > self._patience / 2 and self.welcomed and not self._pinged:
            self._pinged = True
            self._say({"type": "PING"})

    def _arrived(self) -> bool:
        """Tell whether nothing is left to do."""
        goals = self._goals
        if goals is None or self._pending:
            return False
        reached = self._lasts | self._positions
        return all(reached.get(room, -1) >= goals.get(room, 0) for room in self._habits.rooms)

    # What it hears

    def _take_all(self, frames: Sequence[Frame]) -> None:
        """Take these, behind those that were left when an answer could not be sent."""
        self._untaken += frames
        while self._untaken:
            self._take(self._untaken.popleft())

    def _take(self, frame: Frame) -> None:
        kind = frame["type"]
        if not self.welcomed and kind not in ("WELCOME", "ERROR", "NOTICE", "BYE", "PING"):
            self._record(Unexpected(f"{kind} before the WELCOME"))
        handler = getattr(self, f"_on_{kind.lower()}", None)
        if handler is not None:
            handler(frame)

    def _on_welcome(self, frame: Frame) -> None:
        self._record(Registered(frame["name"], frame["epoch"], frame.get("resumed")))
        self.welcomed = True
        self._session, self._epoch = frame["session"], frame["epoch"]
        if not frame.get("resumed"):
            self._asked.clear()
        self._asked.update({room: None for room in frame["rooms"] if room not in self._asked})
        for room in self._habits.rooms:
            if room not in frame["rooms"]:
                self._enter(room)
        self._unsent = list(self._pending)
        self.welcomes += 1
        self._progress.add("welcome")

    def _enter(self, room: str) -> None:
        self._asked[room] = after = (self._lasts | self._positions).get(room, 0)
        self._say({"type": "JOIN", "room": room, "after": after})

    def _on_joined(self, frame: Frame) -> None:
        if frame.get("last") is None:
            return
        room = frame["room"]
        after = self._asked.pop(room, None)
        self._record(Entered(room, after, frame["last"], frame.get("first")))
        self._inside.add(room)
        self._ahead[room].clear()
        if frame.get("first") is not None:
            self._positions[room] = frame["first"] - 1
        elif after is None:
            self._positions.pop(room, None)
        else:
            self._positions.setdefault(room, after)
        self._lasts[room] = frame["last"]

    def _on_left(self, frame: Frame) -> None:
        if frame.get("ref") is not None:
            self._record(Departed(frame["room"]))
            self._leaving.discard(frame["room"])
            self._inside.discard(frame["room"])
            self._enter(frame["room"])

    def _on_msg(self, frame: Frame) -> None:
        self._record(Heard(frame["room"], frame["id"], frame["from"], frame["text"]))
        self._positions.setdefault(frame["room"], frame["id"] - 1)
        self._reach(frame["room"], frame["id"])
        self._progress.add("heard")

    def _on_ack(self, frame: Frame) -> None:
        self._record(Acknowledged(frame["ref"], frame["room"], frame["id"]))
        room, number = frame["room"], frame["id"]
        if room in self._inside and number > self._lasts[room]:
            self._positions.setdefault(room, number - 1)
        if room in self._inside and room in self._positions:
            self._reach(room, number)
        self._pending.pop(frame["ref"], None)
        self._patience = self._habits.patience
        self._progress.add("acknowledged")

    def _reach(self, room: str, number: int) -> None:
        """Move the position of a room up to where something is missing."""
        ahead, position = self._ahead[room], self._positions[room]
        if number > position:
            ahead.add(number)
        while position + 1 in ahead:
            position += 1
            ahead.remove(position)
        self._positions[room] = position

    def _on_ping(self, frame: Frame) -> None:
        self._say({"type": "PONG"} | ({"ref": frame["ref"]} if "ref" in frame else {}))

    def _on_notice(self, frame: Frame) -> None:
        if "reconnect_after" in frame:
            self._advised = frame["reconnect_after"]
            self.drained += 1
        else:
            self._progress.add("notice")

    def _on_error(self, frame: Frame) -> None:
        ref = frame.get("ref")
        if ref in self._pending and frame["code"] == "unavailable":
            self._record(Refused(ref))
            self._rests_until = time.monotonic() + LATER
            self._unsent = [each for each in self._pending if each in {ref, *self._unsent}]
            self._progress.add("refused")
        elif self.welcomed:
            self._record(Unexpected(str(frame)))
        else:
            self._on_turned_away(frame)

    def _on_turned_away(self, frame: Frame) -> None:
        """Try again; under another name where a connection that never said WELCOME may hold this one."""
        if frame["code"] == "name_taken" and self._session is None:
            self._name = f"{self.history.client}-{self.connections}"
        raise ConnectionError(frame)

    # What it says

    def _speak(self) -> None:
        """Send again what has to be, then new messages as far as the window goes."""
        there = self._inside - self._leaving
        if not there.issuperset(self._habits.rooms) or time.monotonic() < self._rests_until:
            return
        if self._unsent:
            again, self._unsent = self._unsent, []
            self._say(*[_frame(self._pending[ref]) for ref in again if ref in self._pending])
        if self.enough.is_set():
            if not self._pending:
                self.quiet.set()
            return
        free = self._habits.window - len(self._pending)
        if free > 0 and time.monotonic() >= self._bursts_at:
            self._bursts_at = time.monotonic() + PACE
            fresh = [self._compose() for _ in range(self._random.randint(1, free))]
            self._say(*map(_frame, fresh))
        if self._habits.strolls and self._random.randrange(STROLL) == 0:
            self._stroll()

    def _compose(self) -> Sent:
        self._numbers += 1
        padding = "x" * self._random.choice((0, 8, 64, 700))
        room = self._random.choice(self._habits.rooms)
        sent = Sent(str(self._numbers), room, f"{self.history.client} {self._numbers} {padding}")
        self._pending[sent.ref] = sent
        self._record(sent)
        return sent

    def _stroll(self) -> None:
        """Leave a room, to come back at once."""
        room = self._random.choice(self._habits.rooms)
        self._leaving.add(room)
        self._say({"type": "LEAVE", "room": room, "ref": "stroll"})


def _frame(sent: Sent) -> Frame:
    return {"type": "MSG", "room": sent.room, "text": sent.text, "ref": sent.ref}
