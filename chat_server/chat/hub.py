"""Who is here, and which rooms exist."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from chat_server.chat import names
from chat_server.chat.room import Inbox, Room, Surroundings
from chat_server.chat.session import Outgoing, Session, is_signed, new_token, reissued, session_id
from chat_server.chat.tally import Tally
from chat_server.errors import LimitReachedError, NameTakenError, NoSuchUserError, UnavailableError
from chat_server.wire.codec import encode
from chat_server.wire.messages import Dm, ErrorFrame, NameChanged, RegName, RoomInfo, Welcome

log = structlog.get_logger()

LOBBY = "lobby"
#: Under this key a client names the last direct message that it has.
INBOX = "@"
#: For how long, in seconds, a resume waits for the connection that it replaces to have ended.
REPLACE_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Bounds of a hub: characters in names; rooms in all, and of one user; seconds for a session."""

    name_length: int = 32
    rooms: int = 10_000
    rooms_per_user: int = 50
    session_ttl: float = 600.0


class Hub:
    """The users, their sessions and the rooms.

    1. A name is held by one connected session at a time; who is gone holds none.
    2. A session outlives its connection by `session_ttl`. Who resumes it gets it only when the old
       connection, if it still hangs there, has wholly ended. After a restart it can be resumed with a
       token of the run before, or of one that was over less than `session_ttl` ago, and gets a new one.
    3. A room lives as long as somebody is in it, the lobby always; the journal keeps what was said.
    """

    def __init__(self, shared: Surroundings, limits: HubLimits) -> None:
        self.shared = shared
        self.limits = limits
        #: Where the server is stopping nobody is told who leaves: everybody does.
        self.stopping = False
        self._journal = shared.commit.journal
        self._started = shared.clock()
        self._secret = self._journal.secret
        # The keys of earlier runs whose sessions may still come back.
        self._former: list[bytes] = [
            key.secret for key in self._journal.former if shared.time() - key.retired <= limits.session_ttl
        ]
        # The outermost lock of the chat: guards what follows; `_gone` tells that a connection ended.
        self._lock = threading.Lock()
        self._gone = threading.Condition(self._lock)
        self._rooms: dict[str, Room] = {LOBBY: Room(LOBBY, shared)}
        self._names: dict[str, Session] = {}
        self._sessions: dict[str, Session] = {}
        # The ids of sessions of earlier runs that have come back; none is revived a second time.
        self._revived: set[str] = set()
        self._forgotten = Tally()

    # Users

    def register(self, request: RegName, outbox: Outgoing) -> Session:
        """Let somebody in, as new or as the one who left: WELCOME, then the rooms.

        Raises `NameInvalidError`, `NameTakenError`, `RoomInvalidError`, `LimitReachedError`,
        `UnavailableError`; the same connection may then try again.
        """
        name = names.user_name(request.name, self.limits.name_length)
        after = self._positions(request.after or {})
        session = self._claim(request)
        known = session is not None
        session = session or Session(new_token(self._secret), name)
        self._admit(session, name, outbox)
        wanted = dict.fromkeys((*session.parted, *after)) if known else {}
        rooms = [room for room in wanted if room != INBOX] or [LOBBY]
        resumed = None if request.session is None else known
        session.send(Welcome(session.name, session.token, rooms, self._journal.epoch, resumed))
        log.info("registered", user=session.name, resumed=known)
        try:
            self._enter(session, rooms, after if known else {})
        except BaseException:
            self.disconnect(session, "internal_error", final=not known)
            raise
        return session

    def rename(self, session: Session, name: str, ref: str | None) -> None:
        """Change a name, and tell once each who shares a room. Raises as `register` does."""
        name = names.user_name(name, self.limits.name_length)
        old = session.name
        with self._lock:
            self._hold_name_locked(session, name)
            if names.key(old) != names.key(name):
                del self._names[names.key(old)]
            session.name = name
        session.send(NameChanged(old, name, ref))
        frame = encode(NameChanged(old, name))
        limit = self.shared.presence_limit
        audience = {
            each: None for room in session.rooms.values() if len(room) <= limit for each in room.members()
        }
        for each in audience:
            if each is not session:
                each.outbox.push(frame, droppable=True)

    def disconnect(self, session: Session, reason: str, *, final: bool) -> list[threading.Event]:
        """Let somebody go, who may resume unless it is `final`.

        The events are set when all that was published has been delivered.
        """
        events = [room.leave(session, reason, quiet=self.stopping) for room in session.rooms.values()]
        for name in session.rooms:
            log.info("left", user=session.name, room=name, reason=reason)
        session.parted = tuple(session.rooms)
        session.rooms.clear()
        with self._lock:  # before the inbox is closed, so that nobody opens it again
            del self._names[names.key(session.name)]
        if session.inbox is not None:
            session.inbox.close()
        with self._gone:
            if final:
                self._forget_locked(session)
            session.left_at = self.shared.clock()
            self._gone.notify_all()
        return events

    def tell(self, sender: Session, messages: Sequence[Dm], received: float) -> Sequence[Dm]:
        """Say something to one user alone. Raises `NoSuchUserError`, `UnavailableError`.

        Returns the messages that were refused, as `Room.publish` does.
        """
        with self._lock:
            receiver = self._names.get(names.key(messages[0].to))
            if receiver is None or receiver is sender:
                raise NoSuchUserError("nobody else of that name is here; WHO lists who is")
            if receiver.inbox is None:
                receiver.inbox = Inbox(receiver, self.shared)
                receiver.inbox.open(receiver.inbox.delivery.taken)
            inbox = receiver.inbox
        return inbox.publish(sender, messages, received)

    # Rooms

    def join(self, session: Session, name: str, after: int | None = None, ref: str | None = None) -> None:
        """Bring a user into a room, which comes to be. Raises `RoomInvalidError`, `LimitReachedError`."""
        name = names.room_name(name, self.limits.name_length)
        if name not in session.rooms and len(session.rooms) >= self.limits.rooms_per_user:
            raise LimitReachedError(
                f"you are in {len(session.rooms)} rooms, the most there may be; LEAVE one first"
            )
        with self._lock:
            room = self._room_locked(name)
            room.visitors += 1
        try:
            room.join(session, after, ref)
        finally:
            with self._lock:
                room.visitors -= 1
        if session.rooms.pop(name, None) is None:
            log.info("joined", user=session.name, room=name)
        session.rooms[name] = room

    def leave(self, session: Session, room: Room) -> None:
        """Let a user leave a room."""
        del session.rooms[room.name]
        room.leave(session, "left")
        log.info("left", user=session.name, room=room.name, reason="left")

    def listing(self) -> list[RoomInfo]:
        """Return the rooms, the largest first."""
        with self._lock:
            rooms = list(self._rooms.values())
        return sorted((RoomInfo(room.name, len(room), room.topic) for room in rooms), key=_by_size)

    # Upkeep

    def sweep(self) -> None:
        """Forget the rooms that nobody is in and the sessions that have expired."""
        now = self.shared.clock()
        with self._lock:
            for room in [each for each in self._rooms.values() if not each.visitors and each.idle]:
                if room.name != LOBBY:
                    self._forgotten.add(room.delivery.tally)
                    del self._rooms[room.name]
            for session in list(self._sessions.values()):
                if session.left_at is not None and now - session.left_at > self.limits.session_ttl:
                    self._forget_locked(session)

    def counts(self) -> tuple[int, int]:
        """Return how many users and rooms there are."""
        return len(self._names), len(self._rooms)

    def tally(self) -> Tally:
        """Return what all deliveries counted so far."""
        total = Tally()
        with self._lock:
            total.add(self._forgotten)
            for room in self._rooms.values():
                total.add(room.delivery.tally)
            for session in self._sessions.values():
                if session.inbox is not None:
                    total.add(session.inbox.delivery.tally)
        return total

    # Parts of the above

    def _positions(self, after: Mapping[str, int]) -> dict[str, int]:
        if len(after) > self.limits.rooms_per_user + 1:
            raise LimitReachedError(f"more than {self.limits.rooms_per_user} rooms; leave some out")
        length = self.limits.name_length
        return {room if room == INBOX else names.room_name(room, length): id_ for room, id_ in after.items()}

    def _claim(self, request: RegName) -> Session | None:
        """Return the session that a client resumes, with its old connection ended; none where it is gone."""
        token = request.session
        if token is None or request.epoch not in (None, self._journal.epoch):
            return None
        if not any(is_signed(key, token) for key in (self._secret, *self._former)):
            return None
        with self._gone:
            session = self._sessions.get(session_id(token))
            if session is None:
                session = self._revive_locked(token)
            elif session.left_at is None:
                self._replace_locked(session)
                session = self._sessions.get(session.id)  # none where the other connection ended with EXIT
            if session is not None:
                self._sessions[session.id] = session
                session.left_at = None
            return session

    def _replace_locked(self, session: Session) -> None:
        """Have the session's other connection end, and wait for it. Raises `UnavailableError`."""
        session.outbox.end("session_replaced")
        if not self._gone.wait_for(lambda: session.left_at is not None, REPLACE_WAIT):
            raise UnavailableError("the session's other connection has not ended yet; try again")

    def _revive_locked(self, token: str) -> Session | None:
        """Return a session of an earlier run, with a token of this one; none where it is over."""
        since_start = self.shared.clock() - self._started
        known = is_signed(self._secret, token) or session_id(token) in self._revived
        if known or since_start > self.limits.session_ttl:
            return None
        session = Session(reissued(self._secret, token), "")
        session.refs.update(self._journal.refs(session.id))
        inbox = Inbox(session, self.shared)
        session.inbox = inbox if inbox.delivery.taken else None
        self._revived.add(session.id)  # last: what the journal cannot tell now may be asked again
        return session

    def _admit(self, session: Session, name: str, outbox: Outgoing) -> None:
        with self._gone:
            try:
                self._hold_name_locked(session, name)
            except NameTakenError:
                if session.id in self._sessions:
                    session.left_at = self.shared.clock()
                    self._gone.notify_all()
                raise
            session.name = name
            session.outbox = outbox
            session.left_at = None
            self._sessions[session.id] = session

    def _hold_name_locked(self, session: Session, name: str) -> None:
        if self._names.setdefault(names.key(name), session) is not session:
            raise NameTakenError(f"the name {name} is taken; choose another")

    def _enter(self, session: Session, rooms: Sequence[str], after: Mapping[str, int]) -> None:
        """Bring somebody who has just come into the rooms, as far as the limits allow, and to the inbox."""
        for room in rooms:
            try:
                self.join(session, room, after.get(room))
            except LimitReachedError as error:
                session.send(ErrorFrame(error.code, error.text))
        with self._lock:  # `tell` opens a new one under it
            inbox = session.inbox
        if inbox is not None:
            inbox.open(after.get(INBOX, 0))

    def _room_locked(self, name: str) -> Room:
        room = self._rooms.get(name)
        if room is None:
            if len(self._rooms) >= self.limits.rooms:
                raise LimitReachedError(
                    f"there are {len(self._rooms)} rooms, the most there may be; JOIN one of those"
                )
            room = self._rooms[name] = Room(name, self.shared)
        return room

    def _forget_locked(self, session: Session) -> None:
        del self._sessions[session.id]
        if session.inbox is not None:
            self._forgotten.add(session.inbox.delivery.tally)


def _by_size(info: RoomInfo) -> tuple[int, str]:
    return -info.members, info.room
