"""The thread of one relay: it reads rooms behind the chat, and posts what matches until it is taken."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
import structlog

from chat_server import faults
from chat_server.chat.matching import Matcher
from chat_server.journal.base import Journal
from chat_server.net.relays.letter import Heard, Letter, Verdict, letter, pause, verdict
from chat_server.net.relays.posting import Answer, PostError
from chat_server.store.hooks import HookTable, Position, Relay

log = structlog.get_logger()

#: Seconds between two looks at the rooms; at those that nobody is in; and after a fault.
LOOK_SECONDS = 0.25
EMPTY_ROOM_SECONDS = 2.0
FAULT_SECONDS = 5.0
#: How often a message is tried, over some two minutes; one that is `LATE_SECONDS` old is tried once.
TRIES = 8
LATE_SECONDS = 900.0
#: How many messages of a room a relay may be behind; those before are not passed on.
BEHIND_AT_MOST = 10_000
#: How many messages are read at once.
READ_MESSAGES = 200
#: After how many seconds of work the position is stored: after a crash so much may be posted again.
SAVE_SECONDS = 1.0
#: What became of messages and tries, as the metrics name it.
RESULTS = ("delivered", "failed", "dead", "skipped")

_lines = msgspec.json.Decoder(Heard).decode_lines


@dataclass(frozen=True, slots=True)
class Source:
    """What a relay stands on. `clock` is monotonic, `time` in seconds since 1970.

    `taken` returns the last id that a room of this server has handed out; none if nobody is in it. `post`
    posts headers and body to an address, or raises `PostError`.
    """

    journal: Journal
    table: HookTable
    taken: Callable[[str], int | None]
    post: Callable[[str, Mapping[str, str], bytes], Answer]
    clock: Callable[[], float]
    time: Callable[[], float]


class RelayThread:
    """Passes on what is said in a relay's rooms, in the order of each room.

    1. It reads the journal behind the rooms: nothing of it stands in a message's way, and nothing but
       positions is kept in memory.
    2. A message is posted until it is taken, or `TRIES` times; then it is logged as a dead letter, by room
       and id. What is refused for good is not tried again.
    3. The position is stored after what it tells was done, so after a crash a message may come again, with
       the same id. A relay without a position begins with what is said next.
    4. No fault ends the thread before `stop`.
    """

    def __init__(self, relay: Relay, source: Source) -> None:
        self.relay = relay
        #: What became of messages; the thread's own, so a look at it may be a moment old.
        self.results = Counter[str]()
        self._source = source
        self._matcher = Matcher(relay.match)
        self._stopping = threading.Event()
        self._positions: dict[str, Position] = {}
        self._is_saved = True
        self._next_save = self._next_search = 0.0
        self.thread = threading.Thread(target=self.run, name=f"relay-{relay.number}")

    def stop(self) -> None:
        """Have the thread end soon: what it is posting may take as long as a post may."""
        self._stopping.set()

    def run(self) -> None:
        """Pass on until told to stop; the thread's body."""
        while not self._stopping.is_set():
            wait = LOOK_SECONDS
            try:
                self.look()
            except Exception:  # noqa: BLE001  # it looks again, whatever it was
                faults.report("relay")
                wait = FAULT_SECONDS
            self._stopping.wait(wait)
        with faults.contained("relay"):
            self._save()

    def look(self) -> None:
        """Pass on what was said since the last look. Raises `StorageError`."""
        searches = self._source.clock() >= self._next_search
        if searches:
            self._next_search = self._source.clock() + EMPTY_ROOM_SECONDS
        for room in self.relay.rooms:
            last = self._source.taken(room)
            if last is None and searches:
                last = self._source.journal.bounds(room).last
            if last is not None:
                self._look_at(room, last)
        if self._source.clock() >= self._next_save:
            self._save()

    def _look_at(self, room: str, last: int) -> None:
        position = self._position(room, last)
        while position.id < last and not self._stopping.is_set():
            page = self._source.journal.read(room, position.id, last, READ_MESSAGES)
            if page.after > position.id:
                self._skip(room, position.id, page.after)
            for heard in _lines(page.frames):
                if not self._pass_on(room, heard):
                    return
                self._move(room, heard.id)
            self._move(room, page.last if page.frames else last)
            position = self._positions[room]

    def _position(self, room: str, last: int) -> Position:
        """Return up to where all is passed on: as it is stored, or from now on."""
        epoch = self._source.journal.epoch
        position = self._positions.get(room)
        if position is None:
            position = self._source.table.positions(self.relay.number).get(room)
        if position is None or position.epoch != epoch or position.id > last:
            position = Position(epoch, last)
            self._is_saved = False
        if last - position.id > BEHIND_AT_MOST:
            self._skip(room, position.id, last - BEHIND_AT_MOST)
            position = Position(epoch, last - BEHIND_AT_MOST)
        self._positions[room] = position
        return position

    def _move(self, room: str, id_: int) -> None:
        self._positions[room] = self._positions[room]._replace(id=id_)
        self._is_saved = False
        if self._source.clock() >= self._next_save:
            self._save()

    def _save(self) -> None:
        """Store the positions, if they have changed. Raises `StoreError`."""
        if not self._is_saved:
            self._next_save = self._source.clock() + SAVE_SECONDS
            self._source.table.set_positions(self.relay.number, self._positions)
            self._is_saved = True

    def _skip(self, room: str, after: int, upto: int) -> None:
        """Tell of messages that are not passed on: too far behind, or not kept any more."""
        self.results["skipped"] += upto - after
        log.error("relay_skipped", hook=self.relay.number, room=room, first=after + 1, last=upto)

    def _pass_on(self, room: str, heard: Heard) -> bool:
        """Post a message if it matches; false if the thread has to stop before it is done with."""
        if not (heard.is_said and self._matcher.matches(heard.text)):
            return True
        is_late = self._source.time() - heard.ts > LATE_SECONDS
        written = letter(self.relay.number, room, heard)
        tries = 0
        while not self._stopping.is_set():
            tries += 1
            decided, why, wish = self._try(written)
            if decided is Verdict.DONE:
                self.results["delivered"] += 1
                return True
            self.results["failed"] += 1
            if decided is Verdict.NEVER or is_late or tries >= TRIES:
                self._bury(written, tries, why)
                return True
            self._stopping.wait(pause(tries, wish))
        return False

    def _try(self, written: Letter) -> tuple[Verdict, str, float]:
        """Post once; return what that means, why, and for how many seconds to wait."""
        headers = written.headers(self.relay.key, self._source.time())
        try:
            answer = self._source.post(self.relay.url, headers, written.body)
        except PostError as error:
            return Verdict.AGAIN, str(error), 0.0
        return verdict(answer.status), f"answered {answer.status}", answer.wish

    def _bury(self, written: Letter, tries: int, why: str) -> None:
        self.results["dead"] += 1
        log.error(
            "relay_dead_letter",
            hook=self.relay.number,
            room=written.room,
            id=written.id,
            tries=tries,
            error=why,
        )
