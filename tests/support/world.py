"""A chat without sockets, threads, clocks: outboxes that record, a clock that is set, jobs that are run."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chat_protocol.base import Message
from chat_protocol.codec import encode, server_decoder
from chat_protocol.messages import ClientMessage, Join, Msg, RegName
from chat_protocol.server_messages import Ack, ErrorFrame, MsgFrame, Welcome
from chat_server.chat import leftovers, registry, room, rooms
from chat_server.chat.access import Access, AccessRules
from chat_server.chat.conversation import Conversation
from chat_server.chat.hub import Hub
from chat_server.chat.passwords import Passwords
from chat_server.chat.registry import HubLimits
from chat_server.chat.room import Room, RoomContext
from chat_server.chat.session import Session
from chat_server.errors import JournalError
from chat_server.journal.base import FormerKey, Journal, Placed, Placement, Record
from chat_server.journal.heads import head_bytes
from chat_server.journal.memory import MemoryJournal
from chat_server.store.sqlite import SqliteStore
from chat_server.stream import arrival, commit, delivery
from chat_server.stream.commit import GroupCommit
from chat_server.stream.context import StreamContext
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import CONGESTED, TAKEN
from chat_server.stream.pacing import MEASURED, Pacing
from chat_server.stream.publication import Publication

M = TypeVar("M", bound=Message)
#: The modules of the chat that make locks.
LOCKING = (arrival, commit, delivery, leftovers, registry, room, rooms)


class Clock:
    """A clock that stands still until it is told otherwise; it may also go on by itself, at each look."""

    def __init__(self, now: float = 1000.0, step: float = 0.0) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> float:
        """Return the time, and go on by `step`."""
        self.now += self.step
        return self.now


class Jobs:
    """Keeps what is handed over until the test has it done."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], object], float]] = []

    def __call__(self, job: Callable[[], object], delay: float = 0.0) -> None:
        """Take a job."""
        self.waiting.append((job, delay))

    def work(self) -> int:
        """Do what waits now; return how many jobs that were."""
        jobs, self.waiting = self.waiting, []
        for job, _ in jobs:
            job()
        return len(jobs)


class RecordingOutbox:
    """Keeps the frames it is handed, and answers each push as the test says."""

    def __init__(self) -> None:
        self.pushed: list[bytes] = []
        self.droppable: list[bool] = []
        self.state = TAKEN
        self.readable = True
        self.ended: list[str] = []
        self.on_push: Callable[[bytes], None] | None = None
        self.on_wait: Callable[[], None] | None = None
        self.on_end: Callable[[str], None] | None = None

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Keep the frames, after the test's `on_push`."""
        if self.on_push is not None:
            self.on_push(frames.lines)
        self.pushed.append(frames.lines)
        self.droppable.append(droppable)
        return self.state

    def congested(self) -> bool:
        """Say whether it is far behind, as the last push did."""
        return self.state == CONGESTED

    def wait_below(self, size: int, timeout: float) -> bool:
        """Say whether the client reads, after the test's `on_wait`."""
        del size, timeout
        if self.on_wait is not None:
            self.on_wait()
        return self.readable

    def end(self, reason: str) -> None:
        """Keep the reason."""
        self.ended.append(reason)
        if self.on_end is not None:
            self.on_end(reason)

    @property
    def messages(self) -> Sequence[Any]:
        """All that came, decoded."""
        return server_decoder().decode(b"".join(self.pushed))

    def of(self, kind: type[M]) -> list[M]:
        """Return what came of one kind."""
        return [each for each in self.messages if isinstance(each, kind)]

    def ids(self, room: str = "lobby") -> list[int]:
        """Return the ids of the room's messages, in the order in which they came."""
        return [each.id for each in self.of(MsgFrame) if each.room == room]

    def acked(self) -> list[int]:
        """Return the ids that were acknowledged, in the order in which they came."""
        return [each.id for each in self.of(Ack)]

    def errors(self) -> list[str]:
        """Return the codes of the errors that came."""
        return [each.code for each in self.of(ErrorFrame)]

    def clear(self) -> None:
        """Forget what came."""
        self.pushed.clear()
        self.droppable.clear()


class FragileJournal(MemoryJournal):
    """A journal in memory whose disk fails when the test says so, and which keeps count."""

    def __init__(self, keep: int = 1000) -> None:
        super().__init__(keep)
        self.broken = False
        #: What comes instead, or as well once it is stored.
        self.fault: Exception | None = None
        self.fault_comes = "before"
        self.batches: list[list[Record]] = []
        self.on_commit: Callable[[], None] | None = None
        self.known_refs: dict[str, dict[str, tuple[str, int, float]]] = {}

    def commit(self, records: Sequence[Record]) -> Sequence[Placement]:
        """Store the records. Raises `JournalError` while broken."""
        if self.on_commit is not None:
            self.on_commit()
        if self.broken:
            raise JournalError("no space left on device")
        if self.fault is not None and self.fault_comes == "before":
            raise self.fault
        placed = super().commit(records)
        if self.fault is not None:
            raise self.fault
        self.batches.append(list(records))
        for record, place in zip(records, placed, strict=True):
            known = self.known_refs.setdefault(record.session, {})
            known.update({ref: (record.room, place.first + index, place.ts) for ref, index in record.refs})
        return placed

    def known(self, session: str) -> Mapping[str, Placed]:
        """Return what the session published with a ref, as a journal on a disk does."""
        return dict(self.known_refs.get(session, {}))


class Client:
    """One client: its conversation, and what it was sent."""

    def __init__(self, hub: Hub) -> None:
        self.outbox = RecordingOutbox()
        self.conversation = Conversation(hub, self.outbox)
        self.conversation.address = "192.0.2.1"

    @property
    def session(self) -> Session:
        """The client's session."""
        return self.conversation.session

    def send(self, *messages: ClientMessage) -> None:
        """Say all of it at once, as one read of a socket would bring it."""
        self.conversation.handle(messages, 0.0)

    def say(self, *texts: str, room: str | None = None) -> None:
        """Say texts in a room, without a ref."""
        self.send(*(Msg(text, room) for text in texts))

    def register(self, name: str, **fields: Any) -> Welcome | None:  # noqa: ANN401  # as REG_NAME's fields
        """Give a name; return the last WELCOME, or none where there was none."""
        self.send(RegName(name, **fields))
        welcomes = self.outbox.of(Welcome)
        return welcomes[-1] if welcomes else None

    def hang_up(self, reason: str = "peer_closed", *, final: bool = False) -> None:
        """End the connection as its thread would."""
        self.conversation.hub.disconnect(self.session, reason, final=final)


@dataclass
class World:
    """A hub and what it stands on."""

    journal: Journal = field(default_factory=MemoryJournal)
    limits: HubLimits = field(default_factory=HubLimits)
    presence_limit: int = 200
    join_history: int = 100
    clock: Clock = field(default_factory=Clock)
    time: Clock = field(default_factory=lambda: Clock(1_790_000_000.0))
    jobs: Jobs = field(default_factory=Jobs)
    failures: list[Exception | None] = field(default_factory=list)
    #: What other threads do while a publisher lets them run.
    others: Callable[[], None] = lambda: None
    pacing: Pacing = MEASURED
    rules: AccessRules = field(default_factory=AccessRules)
    store: SqliteStore = field(default_factory=lambda: SqliteStore(None))
    passwords: Passwords | None = None

    def __post_init__(self) -> None:
        stream = StreamContext(self.clock, self.jobs, self.yield_cpu, self.pacing)
        self.commit = GroupCommit(self.journal, stream, self.failures.append)
        self.shared = RoomContext(self.commit, stream, self.time, self.presence_limit, self.join_history)
        self.access = Access(self.rules, self.store, self.clock, self.passwords)
        self.hub = Hub(self.shared, self.limits, self.access)

    def yield_cpu(self) -> None:
        """Let the others do what they do."""
        self.others()

    def restarted(self) -> "World":
        """Return what a server finds that is started later on the same journal, which has a new key."""
        time = Clock(self.time.now + 1.0)
        former = [FormerKey(self.journal.secret, time.now), *self.journal.former]
        self.journal.former = former
        self.journal.secret = secrets.token_bytes(32)
        return World(
            *(self.journal, self.limits, self.presence_limit, self.join_history, Clock(), time),
            rules=self.rules,
            store=self.store,
            passwords=self.passwords,
        )

    def client(self, name: str, *rooms: str) -> Client:
        """Return a client who has that name and is in the lobby and those rooms; all is still."""
        client = Client(self.hub)
        welcome = client.register(name)
        assert welcome is not None, client.outbox.messages
        for name_ in rooms:
            self.hub.join(client.session, Join(name_))
        client.outbox.clear()
        return client

    def clients(self, *names: str, rooms: Sequence[str] = ()) -> list[Client]:
        """Return clients of those names who are in the lobby and those rooms; all is still."""
        clients = [self.client(name, *rooms) for name in names]
        for client in clients:
            client.outbox.clear()
        return clients

    def room(self, name: str = "lobby") -> Room:
        """Return a room on its own, beside those of the hub."""
        return Room(name, self.shared, self.journal.bounds(name))


def enter(room: Room, client: Client, after: int | None = None) -> None:
    """Bring a client into a room that is on its own."""
    room.enter(client.session, room.approach(client.outbox, after))


class Told(Record):
    """A record that a test makes: it holds the journal to the ids that the test expects."""

    first: int = 1
    text: str = "m"

    def lines(self, first: int, ts: float) -> bytes:
        """Return the lines, whose texts say their ids."""
        assert first == self.first, f"{self.room}: {first}, not {self.first}"
        assert ts >= self.ts
        return frames(self.room, first, first + self.count - 1, ts, self.text)

    def bodies(self) -> bytes:
        """Return the lines without their heads."""
        skip = head_bytes("MSG", self.room, 0, 0.0)
        each = [
            encode(MsgFrame(self.room, 0, 0.0, "ann", f"{self.text} {self.first + at}"))
            for at in range(self.count)
        ]
        return b"".join([b"{" + line[skip:] for line in each])


def record(room: str, first: int, last: int, ts: float = 1.0, text: str = "m") -> Told:
    """Return a record of messages whose texts say their ids."""
    return Told(room, last - first + 1, ts, first=first, text=text)


def publication(room: Room, first: int, last: int, text: str = "m") -> Publication:
    """Return a publication of messages whose texts say their ids; it is to be stored."""
    said = [Msg(f"{text} {id_}") for id_ in range(first, last + 1)]
    return Publication(room.name, len(said), 1.0, delivery=room.delivery, messages=said, author="ann")


def event(room: Room, lines: bytes, kind: str = "presence") -> Publication:
    """Return a publication of what is shown and not stored."""
    return Publication(room.name, 0, 1.0, frames=lines, delivery=room.delivery, size=len(lines), kind=kind)


def frames(room: str, first: int, last: int, ts: float = 1.0, text: str = "m") -> bytes:
    """Return the frames of messages whose texts say their ids."""
    return b"".join(encode(MsgFrame(room, id_, ts, "ann", f"{text} {id_}")) for id_ in range(first, last + 1))
