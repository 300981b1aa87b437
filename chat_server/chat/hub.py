"""Who is here: how people come, go, change rooms and names."""

import threading
from collections.abc import Mapping, Sequence

import structlog

from chat_protocol.codec import encode
from chat_protocol.errors import LimitReachedError, NoSuchUserError
from chat_protocol.messages import Dm, ErrorFrame, NameChanged, RegName, Welcome
from chat_server.chat import names
from chat_server.chat.directory import Directory, LocalDirectory
from chat_server.chat.inbox import Inbox, inbox_name
from chat_server.chat.leftovers import Leftovers
from chat_server.chat.registry import HubLimits, Registry
from chat_server.chat.resumption import Resumption
from chat_server.chat.room import Entrance, Room, RoomContext
from chat_server.chat.rooms import LOBBY, Rooms
from chat_server.chat.session import Session
from chat_server.faults import contained
from chat_server.stream.counters import Counters
from chat_server.stream.delivery import Delivery
from chat_server.stream.follower import Follower
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing, failed, push

log = structlog.get_logger()

#: Under this key a client names the last direct message that it has.
INBOX = "@"
#: How many rooms of a resume are looked at; those beyond the limit of rooms are left out, and told.
ROOMS_LOOKED_AT = 256


class Hub:
    """The users, their sessions and the rooms.

    1. WELCOME is the first line after the name; what can fail is done before it, and what fails after it
       ends the connection.
    2. A durable journal keeps what was said in a room that is gone, another keeps it for `session_ttl`.
    3. No call reads or writes the journal under a lock of the chat.
    4. The end of a connection keeps each of its promises, whatever an earlier one raised.
    """

    def __init__(self, shared: RoomContext, limits: HubLimits, directory: Directory | None = None) -> None:
        self.shared = shared
        self.limits = limits
        #: Set while stopping to suppress LEFT, since everybody leaves.
        self.stopping = False
        self.directory = directory or LocalDirectory(shared.stream.clock)
        self.registry = Registry(limits, shared.stream.clock, self.directory)
        self._resumption = Resumption(self.registry, shared, limits.session_ttl)
        self._leftovers = Leftovers(shared.commit, shared.stream.clock, limits.rooms)
        self._journal = shared.commit.journal
        self.rooms = Rooms(shared, limits.rooms, self._leftovers)
        #: Shows what other nodes have stored, if the journal is shared.
        self.follower = Follower(self._journal, self.room_delivery)

    # Users

    def register(self, request: RegName, outbox: Outgoing) -> Session:
        """Let somebody in, as new or as the one who left: WELCOME, then the rooms.

        Raises `NameInvalidError`, `NameTakenError`, `RoomInvalidError`, `UnavailableError`, `JournalError`;
        the same connection may then try again.
        """
        name = self._user_name(request.name)
        after = self._positions(request.after or {})
        session = self._resumption.claim(request)
        known = session is not None
        session = session or self._resumption.begin(name)
        self.registry.give_name(session, name)
        wanted = dict.fromkeys((*session.former_rooms, *after)) if known else {}
        rooms: list[Room] = []
        try:
            left_out = self._visit_all([room for room in wanted if room != INBOX] or [LOBBY], rooms)
            first = rooms[0].approach(outbox, after.get(rooms[0].name) if known else None) if rooms else None
            resumed = None if request.session is None else known
            names_ = [room.name for room in rooms]
            welcome = encode(
                Welcome(session.identity.name, session.token, names_, self._journal.epoch, resumed)
            )
        except BaseException:
            for room in rooms[:1]:
                room.turn_away(outbox)
            self.rooms.end_visits(rooms)
            self.registry.depart(session, final=not known)
            raise
        push(outbox, Frames(welcome))
        log.info("registered", user=session.identity.name, resumed=known)
        self._move_in(session, outbox, rooms, first, after if known else {})
        if left_out:
            outbox.push(Frames(encode(_left_out(left_out, self.limits.rooms_per_user))))
        return session

    def rename(self, session: Session, name: str, ref: str | None) -> None:
        """Change a name, after what was said under the old one; tell once each who shares a room.

        Raises as `register` does.
        """
        name = self._user_name(name)
        self.shared.commit.wait_for_space()
        old = session.identity.name
        self.registry.rename(session, name)
        log.info("renamed", user=name, old=old)
        answer, told = encode(NameChanged(old, name, ref)), encode(NameChanged(old, name))
        if not session.memberships:
            session.outbox.push(Frames(answer))
        informed: dict[Outgoing, None] = {}
        for room in [member.room for member in session.memberships.values()]:
            here = [each.session.outbox for each in room.members() if each.session is not session]
            room.rename(session, told, answer, [each for each in here if each in informed])
            answer = b""
            if len(here) < self.shared.presence_limit:
                informed.update(dict.fromkeys(here))

    def disconnect(self, session: Session, reason: str, *, final: bool) -> list[threading.Event]:
        """Let somebody go, who may resume unless it is `final`.

        The events are set when all that was published has been delivered, or when that may not come.
        """
        events: list[threading.Event] = []
        inbox = self.registry.pause(session)
        try:
            for room in [member.room for member in session.memberships.values()]:
                with contained("leave"):
                    events.append(room.leave(session, reason, quiet=self.stopping))
                    log.info("left", user=session.identity.name, room=room.name, reason=reason)
            session.former_rooms, session.memberships = tuple(session.memberships), {}
            if inbox is not None:
                inbox.close(session.outbox)
        finally:
            self.registry.depart(session, final=final)
        return events

    def release(self, session: Session, outbox: Outgoing) -> None:
        """Keep nothing of a connection that is over, and has sent all that it will."""
        self.registry.release(session, outbox)

    def tell(self, sender: Session, messages: Sequence[Dm], received: float) -> Sequence[Dm]:
        """Say something to one user alone. Raises `NoSuchUserError`, `UnavailableError`.

        Returns the messages that were refused, as `Room.publish` does.
        """
        self.shared.commit.wait_for_space()
        found = self.registry.receiver(messages[0].to, self._inbox)
        if found is None or found[0] is sender:
            raise NoSuchUserError("nobody else of that name is here; WHO lists who is")
        return found[1].publish(sender, messages, received)

    # Rooms

    def join(self, session: Session, name: str, after: int | None = None, ref: str | None = None) -> None:
        """Bring a user into a room, which comes to be.

        Raises `RoomInvalidError`, `LimitReachedError`, and `JournalError` if it cannot be read; nothing has
        been told then.
        """
        name = self._room_name(name)
        if name in session.memberships:
            session.memberships[name].room.greet(session, ref)
            return
        if len(session.memberships) >= self.limits.rooms_per_user:
            raise LimitReachedError(
                f"you are in {len(session.memberships)} rooms, the most there may be; LEAVE one first"
            )
        with self.rooms.visited(name) as room:
            room.enter(session, room.approach(session.outbox, after), ref)
        log.info("joined", user=session.identity.name, room=name)

    def leave(self, session: Session, room: Room) -> None:
        """Let a user leave a room."""
        del session.memberships[room.name]
        room.leave(session, "left")
        log.info("left", user=session.identity.name, room=room.name, reason="left")

    def room_delivery(self, room: str) -> Delivery | None:
        """Return what delivers a room's messages here; none if nobody here is in it."""
        if (found := self.rooms.get(room)) is not None:
            return found.delivery
        return self.registry.inbox_delivery(room.removeprefix("@")) if room.startswith("@") else None

    # Upkeep

    def sweep(self) -> None:
        """Forget the rooms that nobody is in and the sessions that have expired."""
        for name in self.rooms.forget_empty():
            if not self._journal.durable:
                self._leftovers.add(name, self.limits.session_ttl)
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

    def counts(self) -> tuple[int, int]:
        """Return how many users and rooms there are."""
        return self.registry.connected(), len(self.rooms)

    def counters(self) -> Counters:
        """Return what all deliveries counted so far."""
        total = self.registry.counters()
        total.add(self.rooms.counters())
        return total

    # Parts of the above

    def _positions(self, after: Mapping[str, int]) -> dict[str, int]:
        asked = list(after.items())[:ROOMS_LOOKED_AT]
        return {room if room == INBOX else self._room_name(room): id_ for room, id_ in asked}

    def _user_name(self, name: str) -> str:
        name = names.user_name(name, self.limits.name_length, ascii_only=self.limits.ascii_names)
        names.refuse_service_name(name)
        return name

    def _room_name(self, name: str) -> str:
        return names.room_name(name, self.limits.name_length, ascii_only=self.limits.ascii_names)

    def _inbox(self, owner: Session) -> Inbox:
        """Return the inbox of somebody to whom nobody has written yet."""
        return Inbox(owner, self.shared)

    def _visit_all(self, wanted: Sequence[str], rooms: list[Room]) -> list[str]:
        """Visit the rooms as far as the limits allow; return the names of the others."""
        left_out = list(wanted[self.limits.rooms_per_user :])
        for name in wanted[: self.limits.rooms_per_user]:
            try:
                rooms.append(self.rooms.visit(name))
            except LimitReachedError:
                left_out.append(name)
        return left_out

    def _move_in(
        self,
        session: Session,
        outbox: Outgoing,
        rooms: Sequence[Room],
        first: Entrance | None,
        after: Mapping[str, int],
    ) -> None:
        """Bring somebody who has been welcomed into the rooms and to the inbox; end who cannot come in."""
        try:
            inbox = self.registry.begin(session, outbox)
            for room in rooms:
                room.enter(session, first or room.approach(outbox, after.get(room.name)))
                first = None
                log.info("joined", user=session.identity.name, room=room.name)
            if inbox is not None:
                inbox.open(outbox, after.get(INBOX, 0))
        except Exception:  # noqa: BLE001  # it has been told that it is in
            failed(outbox)
        finally:
            self.rooms.end_visits(rooms)


def _left_out(rooms: Sequence[str], limit: int) -> ErrorFrame:
    listed = ", ".join(rooms)
    text = (
        f"you may be in {limit} rooms, and the server may be full; left out: {listed}; LEAVE one, then JOIN"
    )
    return ErrorFrame(LimitReachedError.code, text)
