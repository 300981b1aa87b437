"""One room: its members, and the order of what is said in it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chat_protocol.codec import encode, encode_lines
from chat_protocol.errors import NotAMemberError
from chat_protocol.messages import Joined, Left, Message, MsgFrame, TopicFrame
from chat_protocol.reasons import CloseReason
from chat_server.chat.session import PACE_BYTES, Place, Session
from chat_server.journal.base import PAGE_BYTES, Bounds, Page
from chat_server.stream.commit import GroupCommit
from chat_server.stream.context import StreamContext
from chat_server.stream.delivery import Delivery
from chat_server.stream.outgoing import Outgoing, failed, push
from chat_server.stream.publication import Publication

#: How long, in seconds, a replay waits for its reader before it gives up.
REPLAY_WAIT = 10.0
#: How many messages a replay reads at once, at most; `PAGE_BYTES` bounds it too.
REPLAY = 5_000
#: How many times a newcomer may fall behind what is said meanwhile, by 256 KiB each, before it is given up.
CHASES = 100


class Entrance(NamedTuple):
    """What somebody who has approached a room needs to enter it.

    `page` is what comes after the id `position`, the rest up to `mark` is read later. `gap` is the first id
    that is kept if some after the one asked for are not.
    """

    outbox: Outgoing
    position: int
    mark: int
    page: Page | None
    gap: int | None


@dataclass(frozen=True, slots=True)
class RoomContext:
    """What the rooms of a hub share. `time` is UTC, in seconds."""

    commit: GroupCommit
    stream: StreamContext
    time: Callable[[], float]
    presence_limit: int
    join_history: int


class Room:
    """A room's members and the order of its messages; `delivery` brings them to the members.

    1. Ids are contiguous from 1, and times never go back, whatever the clock does.
    2. A message with a `ref` that its session has published before is not published again; its
       acknowledgement is sent again, once the first is stored.
    3. JOINED is told in the step that makes somebody a member; if what came before cannot be read, either
       nothing is told or the connection ends.
    4. Above `presence_limit` members the room stays quiet about who comes and goes.
    """

    kind = "msg"

    def __init__(self, name: str, shared: RoomContext, bounds: Bounds) -> None:
        self.name = name
        self.topic = ""
        #: How many are on their way in; guarded by the hub's lock.
        self.visitors = 0
        self._shared = shared
        self._journal = shared.commit.journal
        self.delivery = Delivery(bounds.last, shared.stream)
        # Guards what follows; the delivery's and the commit's own locks are taken below it.
        self._lock = threading.Lock()
        self._members: dict[Session, None] = {}
        self._last, self._ts = bounds.last, bounds.ts

    def __len__(self) -> int:
        return len(self._members)

    @property
    def idle(self) -> bool:
        """Whether nobody is here and nothing is under way, so that the room may be forgotten."""
        with self._lock:
            return not self._members and self._last == self.delivery.taken and self.delivery.idle

    def names(self) -> list[str]:
        """Return who is here, in the order of coming."""
        with self._lock:
            return [member.name for member in self._members]

    def members(self) -> list[Session]:
        """Return who is here, in the order of coming."""
        with self._lock:
            return list(self._members)

    def approach(self, outbox: Outgoing, after: int | None) -> "Entrance":
        """Get somebody ready to enter who has everything up to the id `after`; nobody is told yet.

        Without `after` the last `join_history` messages come first. From now on what is handed out is held.
        Raises `JournalError`.
        """
        mark = self.delivery.begin(outbox)
        try:
            first = self._journal.bounds(self.name).first
            wanted = mark - self._shared.join_history if after is None else after
            position = min(mark, max(first - 1, wanted))
            page = self._journal.read(self.name, position, mark, REPLAY) if position < mark else None
        except BaseException:
            self.delivery.leave(outbox)
            raise
        gap = position + 1 if after is not None and position > after else None
        return Entrance(outbox, position, mark, page, gap)

    def enter(self, session: Session, entrance: "Entrance", ref: str | None = None) -> None:
        """Bring somebody in: JOINED in the step that makes it true, what came before, then all that is live.

        Who is here already is told so. What cannot be read ends the newcomer's connection.
        """
        with self._lock:
            self._members[session] = None
            session.rooms.pop(self.name, None)
            session.rooms[self.name] = self
            self._greet_locked(session, entrance.mark, entrance.gap, ref)
        self._announce(session, Joined(room=self.name, name=session.name))
        self._replay(entrance)

    def turn_away(self, outbox: Outgoing) -> None:
        """Forget somebody who has approached and does not enter."""
        self.delivery.leave(outbox)

    def greet(self, session: Session, ref: str | None) -> None:
        """Tell a member about the room once more, and make it the one joined last."""
        with self._lock:
            session.rooms[self.name] = session.rooms.pop(self.name)
            self._greet_locked(session, self.delivery.taken, None, ref)

    def leave(self, session: Session, reason: str, *, quiet: bool = False) -> threading.Event:
        """Let somebody go. The event is set when all that they published here was delivered."""
        with self._lock:
            self._members.pop(session, None)
        self.delivery.leave(session.outbox)
        left = Left(room=self.name, name=session.name, reason=reason)
        delivered = threading.Event()
        self._announce(session, left, quiet=quiet, delivered=delivered)
        return delivered

    def publish(self, sender: Session, messages: Sequence[Any], received: float) -> Sequence[Any]:
        """Say something to all the others. Raises `NotAMemberError`, `UnavailableError`.

        Returns the messages that were refused, since the session has too many refs. `received` is when the
        bytes were read, on the monotonic clock.
        """
        commit = self._shared.commit
        commit.admit()
        self.delivery.admit()
        if sender.fast:
            self.delivery.pace()
        with self._lock:
            self._check_locked(sender)
            refused = self._submit_locked(sender, messages, received)
        commit.drive(gather=self.delivery.several_spoke)
        return refused

    def set_topic(self, sender: Session, topic: str, ref: str | None) -> None:
        """Set the topic, and tell everybody. Raises `NotAMemberError`, `UnavailableError`."""
        self._shared.commit.admit()
        with self._lock:
            self._check_locked(sender)
            told = TopicFrame(room=self.name, topic=topic, by=sender.name)
            publication = self._event_locked(sender, encode(told), "topic")
            publication.acks = encode(TopicFrame(room=self.name, topic=topic, by=sender.name, ref=ref))
            self._shared.commit.submit(publication)
            self.topic = topic
        self._shared.commit.drive()

    def settle(self, session: Session) -> threading.Event:
        """Return an event that is set when all that the session published here was delivered."""
        delivered = threading.Event()
        with self._lock:
            publication = self._event_locked(session, b"", self.kind)
            publication.delivered = delivered
            self._shared.commit.submit(publication)
        self._shared.commit.drive()
        return delivered

    def _greet_locked(self, session: Session, last: int, gap: int | None, ref: str | None) -> None:
        joined = Joined(
            room=self.name,
            name=session.name,
            members=len(self._members),
            topic=self.topic,
            last=last,
            first=gap,
            ref=ref,
        )
        push(session.outbox, encode(joined))

    def _replay(self, entrance: "Entrance") -> None:
        """Send what came before, and go live; end the connection of whoever cannot get it all."""
        outbox = entrance.outbox
        try:
            if not self._caught_up(entrance):
                outbox.end(CloseReason.SLOW_CONSUMER)  # else it would stay, and hear nothing of the room
        except Exception:  # noqa: BLE001  # it has been told that it is in
            failed(outbox)

    def _caught_up(self, entrance: "Entrance") -> bool:
        outbox, position, mark, page, _ = entrance
        for _ in range(CHASES):
            while position < mark:
                page = page or self._journal.read(self.name, position, mark, REPLAY)
                position = page.last if page.frames else mark  # retention may have taken the rest
                outbox.push(page.frames)
                page = None
                if not outbox.wait_below(PAGE_BYTES, REPLAY_WAIT):
                    return False
            if self.delivery.enter(outbox, position):
                return True
            mark = self.delivery.begin(outbox)
        return False

    def _announce(
        self,
        session: Session,
        message: Message,
        *,
        quiet: bool = False,
        delivered: threading.Event | None = None,
    ) -> None:
        """Tell the others who came or went, in order with what they said, if the room is small."""
        with self._lock:
            quiet = quiet or len(self._members) > self._shared.presence_limit
            publication = self._event_locked(session, b"" if quiet else encode(message), "presence")
            publication.delivered = delivered
            self._shared.commit.submit(publication)
        self._shared.commit.drive()

    def _event_locked(self, sender: Session, frames: bytes, kind: str) -> Publication:
        """Return what is shown but not stored."""
        return Publication(
            self.name,
            self._last + 1,
            self._last,
            self._ts,
            frames,
            delivery=self.delivery,
            sender=sender,
            kind=kind,
        )

    def _check_locked(self, sender: Session) -> None:
        if sender not in self._members:
            raise NotAMemberError("you are not in that room; JOIN it first")

    def _submit_locked(self, sender: Session, messages: Sequence[Any], received: float) -> Sequence[Any]:
        """Give the messages their ids and time, and submit them; return those that are refused.

        If any of it fails, the ids are not used and the refs are not known.
        """
        referred = (
            messages[0].ref is not None
            if len(messages) == 1
            else any(message.ref is not None for message in messages)
        )
        fresh, refused = sender.sort(messages) if referred else (messages, ())
        first, last = self._last + 1, self._last + len(fresh)
        ts = max(self._ts, int(self._shared.time() * 1000) / 1000)
        publication = Publication(
            self.name,
            first,
            last,
            ts,
            encode_lines(self._frames(sender, fresh, first, ts)),
            sender.id,
            delivery=self.delivery,
            sender=sender,
            received=received,
            kind=self.kind,
        )
        if not referred:
            self._shared.commit.submit(publication)
        else:
            places = {
                each.ref: (self.name, id_, ts)
                for id_, each in enumerate(fresh, first)
                if each.ref is not None
            }
            publication.refs = [(ref, id_) for ref, (_, id_, _) in places.items()]
            acks = sender.acknowledgements(messages, places)
            publication.acks = encode_lines([*acks, *sender.question(self.name, last)])
            self._submit_referred(publication, sender, places)
        self._last, self._ts = last, ts
        sender.said += len(publication.frames)
        if sender.said > PACE_BYTES:
            sender.said_much(received)
        return refused

    def _submit_referred(self, publication: Publication, sender: Session, places: dict[str, Place]) -> None:
        try:
            sender.refs.update(places)
            self._shared.commit.submit(publication)
        except BaseException:
            for ref in places:
                sender.refs.pop(ref, None)
            raise

    def _frames(self, sender: Session, messages: Sequence[Any], first: int, ts: float) -> Sequence[Message]:
        room, name = self.name, sender.name
        return [
            MsgFrame(room, id_, ts, name, each.text, each.action) for id_, each in enumerate(messages, first)
        ]
