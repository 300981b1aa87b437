"""Who is here: how people come, go, change rooms and names."""

import threading
from collections.abc import Callable, Sequence

import structlog

from chat_protocol.codec import encode
from chat_protocol.errors import LimitReachedError, NoSuchUserError, NotAllowedError
from chat_protocol.messages import Dm, Join, RegName
from chat_protocol.people_messages import Away
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import NameChanged
from chat_server.chat import names
from chat_server.chat.access import Access
from chat_server.chat.audit import Audit
from chat_server.chat.changing import Changing
from chat_server.chat.directory import Directory, LocalDirectory
from chat_server.chat.governance import Governance
from chat_server.chat.hooks import Hooks
from chat_server.chat.identity import Identity
from chat_server.chat.inbox import INBOX, Inbox, inbox_name
from chat_server.chat.leftovers import Leftovers
from chat_server.chat.people import EVERYBODY, People
from chat_server.chat.policy import may_part
from chat_server.chat.presence import Presence, tell_once
from chat_server.chat.reception import Reception
from chat_server.chat.registry import HubLimits, Registry
from chat_server.chat.removal import REMOVED, end_banned, end_if_banned
from chat_server.chat.resumption import Resumption
from chat_server.chat.room import Room, RoomContext
from chat_server.chat.rooms import Rooms
from chat_server.chat.session import Session, joined_rooms
from chat_server.faults import contained
from chat_server.stream.counters import Counters
from chat_server.stream.delivery import Delivery
from chat_server.stream.follower import Follower
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing

log = structlog.get_logger()


class Hub:
    """The users, their sessions and the rooms.

    1. A durable journal keeps what was said in a room that is gone, another keeps it for `session_ttl`.
    2. No call reads or writes the journal under a lock of the chat.
    3. The end of a connection keeps each of its promises, whatever an earlier one raised.
    """

    def __init__(
        self, shared: RoomContext, limits: HubLimits, access: Access, directory: Directory | None = None
    ) -> None:
        self.shared = shared
        self.limits = limits
        #: Set while stopping to suppress LEFT, since everybody leaves.
        self.stopping = False
        self.directory = directory or LocalDirectory(shared.stream.clock)
        self.registry = Registry(limits, shared.stream.clock, self.directory)
        self.access = access
        self.audit = Audit(access.store.moderation)
        access.bans.follow(lambda: end_banned(self.registry, access.bans))
        self.people = People(shared, access)
        self.presence = Presence(self.registry, self.people, shared, limits.name_length)
        self._resumption = Resumption(self.registry, shared, limits.session_ttl)
        self._leftovers = Leftovers(shared.commit, shared.stream.clock, limits.rooms)
        self._followers: list[Callable[[], None]] = []
        # Whether the store was changed from outside, and what follows from that is not done yet.
        self._is_outdated = False
        self._journal = shared.commit.journal
        self.governance = Governance(access, self.people, self._guest_or_hook, shared.time, self.audit)
        self.rooms = Rooms(shared, limits.rooms, self._leftovers, self.governance.standing)
        #: Programs that post without being here.
        self.hooks = Hooks(access, self.rooms, shared)
        self._reception = Reception(
            *(limits, access, self.people, self.registry, self._resumption, self.rooms, self.governance),
            presence=self.presence,
        )
        self.changing = Changing(self._journal, self.audit, shared.time, limits.edit_seconds)
        #: Shows what other nodes have stored, if the journal is shared.
        self.follower = Follower(self._journal, self.room_delivery)

    # Users

    def register(self, request: RegName, outbox: Outgoing, address: str = "") -> Session:
        """Let somebody in, as `Reception.register` says."""
        return self._reception.register(request, outbox, address)

    def rename(self, session: Session, name: str, ref: str | None) -> None:
        """Change a name, after what was said under the old one; tell once each who shares a room.

        Raises as `register` does, and `NotAllowedError`: an account keeps its name.
        """
        if session.identity.is_account:
            raise NotAllowedError("an account keeps its name")
        name = names.user_name(name, self.limits.name_length, ascii_only=self.limits.ascii_names)
        self.access.refuse_reserved(name)
        self.shared.commit.wait_for_space()
        old = session.identity.name
        self.registry.rename(session, name)
        end_if_banned(session, self.access.bans)
        log.info("renamed", user=name, old=old)
        answer, told = encode(NameChanged(old, name, ref)), encode(NameChanged(old, name))
        tell_once([session], told, answer, self.shared.presence_limit)
        self.presence.renamed(session, old)

    def disconnect(self, session: Session, reason: str, *, final: bool) -> list[threading.Event]:
        """Let somebody go, who may resume unless it is `final`.

        The events are set when all that was published has been delivered, or when that may not come.
        """
        events: list[threading.Event] = []
        name = session.identity.name
        inbox = self.registry.pause(session)
        if final and reason not in REMOVED and not session.says_read:
            with contained("positions"):
                self._note_all_read(session)
        try:
            for room in joined_rooms(session):
                with contained("leave"):
                    parting = self._may_say(session, room, session.parting)
                    events.append(room.leave(session, reason, parting, quiet=self.stopping))
                    log.info("left", user=session.identity.name, room=room.name, reason=reason)
            session.former_rooms, session.memberships = tuple(session.memberships), {}
            if inbox is not None:
                inbox.close(session.outbox)
        finally:
            try:
                self.registry.depart(session, final=final)
            finally:
                self.presence.went(session, name)
        return events

    def release(self, session: Session, outbox: Outgoing) -> None:
        """Keep nothing of a connection that is over, and has sent all that it will."""
        self.registry.release(session, outbox)

    def tell(self, sender: Session, messages: Sequence[Dm], received: float) -> Sequence[Dm]:
        """Say something to one user alone. Raises `NoSuchUserError`, `NotAllowedError`, `UnavailableError`.

        Returns the messages that were refused, as `Room.publish` does.
        """
        self.shared.commit.wait_for_space()
        name = messages[0].to
        found = self.people.find(name) or self.guest(name)
        if found is None or found.inbox is None:
            raise NoSuchUserError("nobody of that name is here; WHO lists who is")
        is_other = found is not sender.identity
        if (
            is_other
            and found.ignored
            and not {EVERYBODY, names.key(sender.identity.name)}.isdisjoint(found.ignored)
        ):
            raise NotAllowedError(f"{found.name} takes no direct messages from you")
        refused = found.inbox.publish(sender, messages, received)
        if is_other and found.profile.away:
            sender.outbox.push(Frames(encode(Away(found.name, found.profile.away))))
        return refused

    def guest(self, name: str) -> Identity | None:
        """Return the guest of that name, with an inbox; none if there is none."""
        return self.registry.guest(name, self._inbox)

    # Rooms

    def join(self, session: Session, asked: Join, address: str = "") -> None:
        """Bring a user into a room, which comes to be.

        Raises `RoomInvalidError`, `LimitReachedError`, `NotAllowedError`, and `JournalError` if it cannot be
        read; nothing has been told then.
        """
        name = self._room_name(asked.room)
        member = session.memberships.get(name)
        if member is not None and member.room.greet(session, asked.ref):
            return
        if len(joined_rooms(session)) >= self.limits.rooms_per_user:
            raise LimitReachedError(
                f"you are in {len(session.memberships)} rooms, the most there may be; LEAVE one first"
            )
        with self.rooms.visited(name) as room:
            self.governance.may_enter(room, session.identity, asked.password, address)
            entrance = room.approach(session.outbox, asked.after)
            self.people.note_entered(session.identity, name, entrance.position, entrance.mark)
            try:
                room.enter(session, entrance, asked.ref)
            except NotAllowedError:
                self._not_entered(session, room)
                raise
        log.info("joined", user=session.identity.name, room=name)

    def _not_entered(self, session: Session, room: Room) -> None:
        room.turn_away(session.outbox)
        self.people.note_left(session.identity, room.name)

    def leave(self, session: Session, room: Room, text: str = "") -> None:
        """Let a user leave a room, with a last word to those who stay."""
        del session.memberships[room.name]
        if not any(room.name in each.memberships for each in session.identity.others(session)):
            self.people.note_left(session.identity, room.name)
        room.leave(session, "left", self._may_say(session, room, text))
        log.info("left", user=session.identity.name, room=room.name, reason="left")

    def room_delivery(self, room: str) -> Delivery | None:
        """Return what delivers a room's messages here; none if nobody here is in it."""
        if (found := self.rooms.get(room)) is not None:
            return found.delivery
        if not room.startswith("@"):
            return None
        owner = room.removeprefix("@")
        return self.people.delivery(owner) or self.registry.inbox_delivery(owner)

    # Upkeep

    def sweep(self) -> None:
        """Forget the rooms that nobody is in and the sessions that have expired."""
        for name in self.rooms.forget_empty():
            if not self._journal.durable:
                self._leftovers.add(name, self.limits.session_ttl)
        self.access.tries.sweep()
        self.registry.expire()
        self._resumption.expire()
        if not self._journal.durable:  # nothing of it can block
            while self.forget_gone():
                pass

    def forget_gone(self) -> bool:
        """Have the journal forget some of what nobody can come back for; tell whether more is left.

        Raises `JournalError`. Slow: never called by the thread that keeps time, unless nothing can block.
        """
        for session in self.registry.orphans():
            self._leftovers.add(inbox_name(session))
        return self._leftovers.forget(self.rooms.__contains__)

    def follow_accounts(self) -> None:
        """Store what accounts have read, and do what follows from what was changed from outside.

        Raises `StoreError`. Slow, as `forget_gone` is.
        """
        self.people.save()
        self._is_outdated = self.access.store.changed() or self._is_outdated
        if self._is_outdated:
            self.access.bans.refresh()
            for name in self.hooks.refresh():
                self.registry.clear(name)
            for session in self.people.outdated():
                session.outbox.end(CloseReason.LOGGED_OUT)
            for follower in self._followers:
                follower()
            self._is_outdated = False  # only now: what raised before is done at the next look

    def follow_store(self, follower: Callable[[], None]) -> None:
        """Have somebody called, who may raise `StoreError`, once the store was changed from outside."""
        self._followers.append(follower)

    def counts(self) -> tuple[int, int]:
        """Return how many users and rooms there are."""
        return self.registry.connected(), len(self.rooms)

    def counters(self) -> Counters:
        """Return what all deliveries counted so far."""
        total = self.registry.counters()
        total.add(self.people.counters())
        total.add(self.rooms.counters())
        return total

    # Parts of the above

    def _may_say(self, session: Session, room: Room, text: str) -> str:
        """Return the last words of somebody who leaves; none of one who may not speak."""
        return text if text and may_part(self.access.bans, session, room) else ""

    def _room_name(self, name: str) -> str:
        return names.room_name(name, self.limits.name_length, ascii_only=self.limits.ascii_names)

    def _guest_or_hook(self, name: str) -> Identity | None:
        """Return whom moderators may mean who has no account."""
        return self.guest(name) or self.hooks.identity(name)

    def _inbox(self, owner: Identity) -> Inbox:
        """Return the inbox of somebody to whom nobody has written yet."""
        return Inbox(owner, self.shared)

    def _note_all_read(self, session: Session) -> None:
        """Take what was sent to an account for read: its client says goodbye, and never says what it read."""
        for room in joined_rooms(session):
            self.people.note_read(session.identity, room.name, room.delivery.taken)
        if session.identity.inbox is not None and not session.scope.rooms:
            self.people.note_read(session.identity, INBOX, session.identity.inbox.delivery.taken)
