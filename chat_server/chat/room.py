"""One room: its members, and the order of what is said in it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec import structs

from chat_protocol.base import Message
from chat_protocol.codec import encode
from chat_protocol.errors import NotAllowedError, NotAMemberError
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import Joined, Left, TopicFrame
from chat_server.chat.identity import Identity
from chat_server.chat.replay import Entrance, Replay, entrance
from chat_server.chat.session import Session
from chat_server.chat.speaking import cancel_refs, claim_refs, count_bytes, has_refs, spoken
from chat_server.chat.standing import Standing
from chat_server.journal.base import Bounds
from chat_server.store.rooms import RoomTopic
from chat_server.stream.commit import GroupCommit
from chat_server.stream.context import StreamContext
from chat_server.stream.delivery import Delivery
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing, failed, push
from chat_server.stream.publication import Publication


@dataclass(frozen=True, slots=True)
class RoomContext:
    """What the rooms of a hub share. `time` is UTC, in seconds."""

    commit: GroupCommit
    stream: StreamContext
    time: Callable[[], float]
    presence_limit: int
    join_history: int


@dataclass(slots=True, eq=False)
class Member:
    """Somebody in one room."""

    room: "Room"
    session: Session


class Room:
    """A room's members and the order of its messages; `delivery` brings them to the members.

    1. The journal gives ids and times, in the order in which messages and events were submitted.
    2. A message with a `ref` that its session has published before is not published again; its
       acknowledgement is sent again, once the first is stored.
    3. JOINED is told in the step that makes somebody a member; if what came before cannot be read, either
       nothing is told or the connection ends.
    4. Above `presence_limit` members the room stays quiet about who comes and goes.
    """

    kind = "msg"
    members_only = True

    def __init__(
        self, name: str, shared: RoomContext, bounds: Bounds, standing: Standing | None = None
    ) -> None:
        self.name = name
        #: Who may do what; none if nobody has rights, as in an open chat.
        self.standing = standing
        self.topic = RoomTopic() if standing is None else standing.topic
        #: How many are on their way in; guarded by the lock of all rooms.
        self.expected = 0
        self._shared = shared
        self._journal = shared.commit.journal
        self.delivery = Delivery(bounds.last, shared.stream)
        # Guards what follows; the delivery's and the commit's own locks are taken below it.
        self._lock = threading.Lock()
        self._members: dict[Session, Member] = {}
        # How many of them are further connections of somebody who is here already.
        self._doubles = 0

    def __len__(self) -> int:
        return len(self._members) - self._doubles

    def __contains__(self, session: Session) -> bool:
        return session in self._members

    def now(self) -> float:
        """Return the time for what is said now, in whole milliseconds."""
        return int(self._shared.time() * 1000) / 1000

    @property
    def title(self) -> str:
        """What clients call it."""
        return self.name

    @property
    def addressee(self) -> str:
        """Whom alone it is said to; nobody, in a room."""
        return ""

    @property
    def idle(self) -> bool:
        """Whether nobody is here and nothing is under way, so that the room may be forgotten."""
        with self._lock:
            return not self._members and self.delivery.idle

    def people(self) -> list[Identity]:
        """Return who is here, in the order of coming."""
        with self._lock:
            return list(dict.fromkeys([member.session.identity for member in self._members.values()]))

    def members(self) -> list[Member]:
        """Return the connections that are here, in the order of coming."""
        with self._lock:
            return list(self._members.values())

    def approach(self, outbox: Outgoing, after: int | None) -> Entrance:
        """Get somebody ready to enter who has everything up to the id `after`; nobody is told yet.

        Without `after` the last `join_history` messages come first. From now on what is handed out is held.
        Raises `JournalError`.
        """
        return entrance(self._journal, self.name, self.delivery, outbox, after, self._shared.join_history)

    def enter(self, session: Session, coming: Entrance, ref: str | None = None) -> None:
        """Bring somebody in: JOINED in the step that makes it true, what came before, then all that is live.

        Who is here already is told so. What cannot be read ends the newcomer's connection. Raises
        `NotAllowedError` if somebody was banned on the way: a ban comes before the look at who is here.
        """
        identity = session.identity
        with self._lock:
            if self.standing is not None and self.standing.is_banned(identity):
                raise NotAllowedError("you are banned from this room")
            is_double = self._is_elsewhere_here_locked(session)
            self._doubles += is_double
            member = self._members[session] = Member(self, session)
            session.memberships.pop(self.name, None)
            session.memberships[self.name] = member
            self._greet_locked(session, coming.mark, coming.gap, ref)
        self._announce(session, identity.joined(self.name), quiet=is_double)
        self._replay(coming, session)

    def turn_away(self, outbox: Outgoing) -> None:
        """Forget somebody who has approached and does not enter."""
        self.delivery.leave(outbox)

    def greet(self, session: Session, ref: str | None) -> bool:
        """Tell a member about the room once more, and make it the one joined last; false for no member."""
        with self._lock:
            if session not in self._members:
                return False
            session.memberships[self.name] = session.memberships.pop(self.name)
            self._greet_locked(session, self.delivery.taken, None, ref)
            return True

    def leave(self, session: Session, reason: str, text: str = "", *, quiet: bool = False) -> threading.Event:
        """Let somebody go, who says a `text`. The event is set when all that they published was delivered."""
        with self._lock:
            was_here = self._members.pop(session, None) is not None
            is_double = was_here and self._is_elsewhere_here_locked(session)
            self._doubles -= is_double
        self.delivery.leave(session.outbox)
        left = Left(room=self.name, name=session.identity.name, reason=reason, text=text)
        delivered = threading.Event()
        self._announce(session, left, quiet=quiet or is_double or not was_here, delivered=delivered)
        return delivered

    def expel(self, identity: Identity, left: Left, by: Outgoing) -> None:
        """Put somebody out, on all connections; they are told, and everybody but whoever did it."""
        with self._lock:
            gone = [each for each in self._members if each.identity is identity]
            for session in gone:
                del self._members[session]  # under the lock: from here on nothing of the room is pushed to it
            self._doubles -= max(0, len(gone) - 1)
        for session in gone:
            self.delivery.leave(session.outbox)
            push(session.outbox, Frames(encode(left)))
        if gone:
            self._announce(gone[0], left, passed_over=[by])

    def publish(self, sender: Session, messages: Sequence[Any], received: float) -> Sequence[Any]:
        """Say something to all the others. Raises `NotAMemberError`, `UnavailableError`.

        Returns the messages that were refused, since the session has too many refs. `received` is when the
        bytes were read, on the monotonic clock.
        """
        commit = self._shared.commit
        commit.wait_for_space()
        self.delivery.wait_for_space()
        if sender.floods:
            self.delivery.wait_for_slow_readers()
        if self.members_only and sender not in self._members:  # its own thread alone brings it in
            raise not_a_member()
        if self.standing is None:
            refused = self._submit(sender, messages, received)
        else:
            self.standing.may_speak(sender.identity, len(messages))
            with self._lock:
                self._check_member_locked(sender)
                refused = self._submit(sender, messages, received)
        commit.store_and_deliver(gather=self.delivery.several_spoke)
        return refused

    def change(self, sender: Session, said: Publication) -> Sequence[Any]:
        """Have an edit or a deletion stored and shown. Raises and returns as `publish` does."""
        self._shared.commit.wait_for_space()
        self.delivery.wait_for_space()
        refused = claim_refs(said, sender) if has_refs(said.messages) else ()
        if not said.count:
            said.change = None
        try:
            with self._lock:
                self._check_member_locked(sender)
                self._shared.commit.submit(said)
        except BaseException:
            cancel_refs(said, sender)
            raise
        self._shared.commit.store_and_deliver()
        return refused

    def set_topic(self, sender: Session, topic: RoomTopic, ref: str | None) -> None:
        """Set the topic, and tell everybody. Raises `NotAMemberError`, `UnavailableError`."""
        told = TopicFrame(room=self.name, topic=topic.text, by=topic.by, ts=topic.ts)
        self.tell(sender, told, structs.replace(told, ref=ref), topic)

    def tell(self, sender: Session, told: Message, answer: Message, topic: RoomTopic | None = None) -> None:
        """Tell everybody of a change, and answer whoever made it; with a topic, it is that from then on.

        Raises `NotAMemberError` for the topic alone, and `UnavailableError`.
        """
        self._shared.commit.wait_for_space()
        event = self._event(sender, encode(told), "topic")
        event.acks = encode(answer)
        with self._lock:
            if topic is not None:
                self._check_member_locked(sender)
            self._shared.commit.submit(event)
            if topic is not None:
                self.topic = topic
        self._shared.commit.store_and_deliver()

    def reintroduce(
        self, session: Session, told: bytes, answer: bytes, passed_over: Sequence[Outgoing]
    ) -> None:
        """Tell the others of somebody's new name or profile, behind what was said under the old one.

        The session itself gets the `answer`; those who are `passed_over` are told in another room. A room
        that is quiet about who comes and goes tells nobody else.
        """
        with self._lock:
            quiet = len(self._members) > self._shared.presence_limit or session not in self._members
            event = self._event(session, b"" if quiet else told, "name")
            event.acks = answer
            event.passed_over = passed_over
            self._shared.commit.submit(event)
        self._shared.commit.store_and_deliver()

    def _check_member_locked(self, session: Session) -> None:
        """Raise `NotAMemberError` for whoever was put out: nothing of theirs comes after their LEFT."""
        if session not in self._members:
            raise not_a_member()

    def _greet_locked(self, session: Session, last: int, gap: int | None, ref: str | None) -> None:
        joined = Joined(
            room=self.name,
            name=session.identity.name,
            account=session.identity.is_account,
            members=len(self),
            topic=self.topic.text,
            topic_by=self.topic.by or None,
            topic_ts=self.topic.ts or None,
            last=last,
            first=gap,
            ref=ref,
        )
        push(session.outbox, Frames(encode(joined)))

    def _replay(self, coming: Entrance, session: Session | None = None) -> None:
        """Send what came before, and go live; end the connection of whoever cannot get it all."""
        outbox = coming.outbox
        try:
            if not self._caught_up(coming, session):
                outbox.end(CloseReason.SLOW_CONSUMER)  # else it would stay, and hear nothing of the room
        except Exception:  # noqa: BLE001  # it has been told that it is in
            failed(outbox)

    def _caught_up(self, entrance: Entrance, session: Session | None) -> bool:
        """Return whether somebody has caught up, or was put out meanwhile and gets no more."""
        is_here = partial(self._is_here_locked, session)
        return Replay(self.name, self._journal, self.delivery, self._lock, is_here).run(entrance)

    def _is_here_locked(self, session: Session | None) -> bool:
        return session is None or session in self._members

    def _announce(
        self,
        session: Session,
        message: Message,
        *,
        quiet: bool = False,
        delivered: threading.Event | None = None,
        passed_over: Sequence[Outgoing] = (),
    ) -> None:
        """Tell the others who came or went, in order with what they said, if the room is small."""
        with self._lock:
            quiet = quiet or len(self._members) > self._shared.presence_limit
            event = self._event(session, b"" if quiet else encode(message), "presence")
            event.delivered = delivered
            event.passed_over = passed_over
            self._shared.commit.submit(event)
        self._shared.commit.store_and_deliver()

    def _event(self, sender: Session, frames: bytes, kind: str) -> Publication:
        """Return what is shown but not stored."""
        return Publication(
            self.name,
            0,
            0.0,
            frames=frames,
            delivery=self.delivery,
            sender=sender,
            size=len(frames),
            kind=kind,
        )

    def _submit(self, sender: Session, messages: Sequence[Any], received: float) -> Sequence[Any]:
        """Have the messages stored and shown; return those that are refused."""
        said = spoken(self, sender, messages, received, self.addressee)
        size = said.size
        refused = claim_refs(said, sender) if has_refs(messages) else ()
        try:
            self._shared.commit.submit(said)
        except BaseException:
            cancel_refs(said, sender)
            raise
        count_bytes(sender, size, received)
        return refused

    def _is_elsewhere_here_locked(self, session: Session) -> bool:
        """Tell whether whoever this is has another connection in the room."""
        here = session.identity.sessions
        return len(here) > 1 and any(each is not session and each in self._members for each in here)


def not_a_member() -> NotAMemberError:
    """Return the error of somebody who is not in a room."""
    return NotAMemberError("you are not in that room; JOIN it first")
