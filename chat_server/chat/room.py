"""One room: its members, and the order of what is said in it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chat_server.chat.commit import GroupCommit, Publication
from chat_server.chat.delivery import Delivery, HandOver
from chat_server.chat.session import Place, Session
from chat_server.errors import NotAMemberError
from chat_server.journal import PAGE_BYTES
from chat_server.wire.codec import encode, encode_lines
from chat_server.wire.messages import PAGE, DmFrame, Joined, Left, Message, MsgFrame, TopicFrame

#: How long, in seconds, a replay waits for its reader before it gives up.
REPLAY_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rooms of a hub share. `clock` is monotonic, `time` is UTC; both in seconds."""

    commit: GroupCommit
    clock: Callable[[], float]
    time: Callable[[], float]
    hand_over: HandOver
    presence_limit: int
    join_history: int


class Room:
    """A room's members and the order of its messages; `delivery` brings them to the members.

    1. Ids are contiguous from 1, and times never go back, whatever the clock does.
    2. A message with a `ref` that its session has published before is not published again; its
       acknowledgement is sent again, once the first is stored.
    3. Above `presence_limit` members the room stays quiet about who comes and goes.
    """

    kind = "msg"

    def __init__(self, name: str, shared: Surroundings) -> None:
        self.name = name
        self.topic = ""
        #: How many are on their way in; guarded by the hub's lock.
        self.visitors = 0
        self._shared = shared
        self._journal = shared.commit.journal
        self.delivery = Delivery(name, self._journal, shared.clock, shared.hand_over)
        # Guards what follows; the delivery's and the commit's own locks are taken below it.
        self._lock = threading.Lock()
        self._members: dict[Session, None] = {}
        _, self._last, self._ts = self._journal.bounds(name)

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

    def join(self, session: Session, after: int | None, ref: str | None = None) -> None:
        """Bring somebody in: JOINED, what came after the id `after`, then all that is live.

        Without `after` the last `join_history` messages come first. Who is here already is told so.
        """
        topic = self.topic
        position = self._welcome(session, after, ref)
        if session in self._members or not self._replay(session, position):
            return
        if self.topic != topic:  # set while the replay went on, and told only to who was in
            session.send(TopicFrame(room=self.name, topic=self.topic))
        self._announce(session, Joined(room=self.name, name=session.name))

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
        self.delivery.admit(fast=sender.fast)
        with self._lock:
            self._check_locked(sender)
            refused = self._submit_locked(sender, messages, received)
        commit.drive(gather=self.delivery.crowded)
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

    def _welcome(self, session: Session, after: int | None, ref: str | None) -> int:
        """Tell somebody about the room; return the id after which the replay begins."""
        first, _, _ = self._journal.bounds(self.name)
        taken = self.delivery.taken
        position = max(first - 1, taken - self._shared.join_history if after is None else min(after, taken))
        session.send(
            Joined(
                room=self.name,
                name=session.name,
                members=len(self._members) + (session not in self._members),
                topic=self.topic,
                last=taken,
                first=position + 1 if after is not None and position > after else None,
                ref=ref,
            )
        )
        return position

    def _replay(self, session: Session, position: int) -> bool:
        """Send what came after `position`, and go live; false where the client left or stopped reading."""
        while not self._enter(session, position):
            page = self._journal.read(self.name, position, self.delivery.taken, PAGE)
            position = page.last
            session.outbox.push(page.frames)
            if not session.outbox.wait_below(PAGE_BYTES, REPLAY_WAIT):
                session.outbox.end("slow_consumer")  # else it would stay, and hear nothing of the room
                return False
        return True

    def _enter(self, session: Session, position: int) -> bool:
        with self._lock:
            if not self.delivery.enter(session.outbox, position):
                return False
            self._members[session] = None
            return True

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
        referred = any(message.ref is not None for message in messages)
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
        sender.spoke(len(publication.frames), received)
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


class Inbox(Room):
    """What is said to one person alone: a room with one member, in which everybody may speak."""

    kind = "dm"

    def __init__(self, owner: Session, shared: Surroundings) -> None:
        super().__init__(f"@{owner.id}", shared)
        self._owner = owner

    def open(self, after: int) -> bool:
        """Bring the owner what came after the id `after`, then all that is live; nothing, where it is so."""
        with self._lock:
            live = self._owner in self._members
        return live or self._replay(self._owner, after)

    def close(self) -> None:
        """Deliver no more to the owner's connection."""
        with self._lock:
            self._members.pop(self._owner, None)
        self.delivery.leave(self._owner.outbox)

    def _check_locked(self, sender: Session) -> None:
        del sender

    def _frames(self, sender: Session, messages: Sequence[Any], first: int, ts: float) -> Sequence[Message]:
        name, to = sender.name, self._owner.name
        return [DmFrame(name, to, each.text, id_, ts) for id_, each in enumerate(messages, first)]
