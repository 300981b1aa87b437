"""Whose session is whose: names, sessions, who is away, and how many of them are kept."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from chat_protocol.errors import LimitReachedError, NameTakenError, UnavailableError
from chat_protocol.reasons import CloseReason
from chat_server.chat.directory import Directory
from chat_server.chat.identity import Identity
from chat_server.chat.inbox import Inbox
from chat_server.chat.session import Session, weight
from chat_server.stream.counters import Counters
from chat_server.stream.delivery import Delivery
from chat_server.stream.outgoing import NOWHERE, Outgoing

#: How many connections one account may have: each is looked at whenever it comes, goes or is written to.
CONNECTIONS_OF_ONE = 100
#: For how long a resume waits for the connection that it replaces to have ended.
REPLACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Bounds of a hub: characters, rooms, seconds, sessions, bytes.

    `session_ttl` is for how long a session outlives its connection, `name_hold` for how long it keeps its
    name; of those who are away at most `absent_sessions` are kept, which take at most `absent_bytes`. A
    message can be changed for `edit_seconds`.
    """

    name_length: int = 32
    ascii_names: bool = False
    rooms: int = 10_000
    rooms_per_user: int = 50
    session_ttl: float = 600.0
    name_hold: float = 60.0
    absent_sessions: int = 10_000
    absent_bytes: int = 64 * 1024 * 1024
    edit_seconds: float = 3600.0


class Registry:
    """The sessions of this server, and the names that the directory keeps for them.

    1. A guest's name belongs to one session, from when it is given until `name_hold` after its connection
       broke. An account's is reserved for it, however many sessions it has.
    2. A session outlives its connection by `session_ttl`, unless so many others are away that the one who
       left first is forgotten.
    3. One connection has a session at a time: whoever resumes it gets it when the other has wholly ended.
    4. A session that is away keeps nothing of its connection.
    5. The directory is asked under no lock. A name is held before others can see that its session has left,
       and freed before the session is forgotten for good.
    """

    def __init__(self, limits: HubLimits, clock: Callable[[], float], directory: Directory) -> None:
        self.sessions: dict[str, Session] = {}
        self._limits = limits
        self._clock = clock
        self._directory = directory
        # Guards all of this, inboxes of guests, sessions of identities, and `live` and `left_at` of sessions;
        # `_gone` tells that one has left.
        self._lock = threading.Lock()
        self._gone = threading.Condition(self._lock)
        # Who is away, by id, in the order of leaving: how many bytes each takes.
        self._absent: dict[str, int] = {}
        self._absent_bytes = 0
        # Those whose name is to be freed, and those whose inbox is to be forgotten: nobody can come back.
        self._nameless: list[str] = []
        self._orphans: list[str] = []
        self._forgotten = Counters()
        #: How many sessions were forgotten early, since too many others were away.
        self.evicted = 0

    # Coming

    def claim(self, session_id: str) -> Session | None:
        """Return a session to be resumed, its other connection ended; none if it is gone.

        `give_name` must follow, or `depart`. Raises `UnavailableError`.
        """
        self._directory.claim(session_id)
        with self._gone:
            session = self.sessions.get(session_id)
            if session is not None and session.left_at is None:
                self._replace_locked(session)
                session = self.sessions.get(session_id)  # none if the other connection ended with EXIT
            if session is not None:
                self._return_locked(session)
            return session

    def adopt(self, session: Session) -> bool:
        """Take in a session of an earlier run; false if another connection did so first."""
        with self._lock:
            return self.sessions.setdefault(session.id, session) is session

    def give_name(self, session: Session, name: str) -> None:
        """Give a session its name. Raises `NameTakenError`, `LimitReachedError`.

        A session that was claimed is away again then.

        An account's name is the account's: a guest who has one that is the same to a reader must go.
        """
        identity = session.identity
        if identity.is_account:
            self._check_connections(session)
            self.clear(name)
        else:
            self._take(session, name)
        with self._lock:
            identity.name = name
            self.sessions[session.id] = session
            identity.sessions = (*identity.others(session), session)

    def refuse_taken(self, name: str, known: Session | None) -> None:
        """Raise `NameTakenError` if a guest has this name, or one that looks like it, in another session."""
        if any(owner != (known.id if known is not None else "") for owner in self._directory.alike(name)):
            raise NameTakenError(f"the name {name} is taken; choose another")

    def begin(self, session: Session, outbox: Outgoing) -> Inbox | None:
        """Have others reach the session's connection from now on; return its inbox, to be opened."""
        if session.ledger is not None:
            session.ledger.ask_anew()
        with self._lock:
            session.outbox = outbox
            session.live = True
            return session.identity.inbox

    def rename(self, session: Session, name: str) -> None:
        """Change a name. Raises `NameTakenError`."""
        self._directory.take(session.id, name)
        with self._lock:
            session.identity.name = name

    def guest(self, name: str, make_inbox: Callable[[Identity], Inbox]) -> Identity | None:
        """Return the guest of that name, here or away for a moment, with an inbox; none if there is none."""
        found = self._directory.find(name)
        with self._lock:
            session = self.sessions.get(found or "")
            if session is None:
                return None
            identity = session.identity
            if identity.inbox is None:
                identity.inbox = make_inbox(identity)
                if session.live:
                    identity.inbox.go_live(session.outbox)
            return identity

    def find(self, name: str) -> Identity | None:
        """Return the guest of that name, here or away for a moment; none if there is none."""
        found = self._directory.find(name)
        session = self.sessions.get(found or "")
        return session.identity if session is not None else None

    def inbox_delivery(self, session_id: str) -> Delivery | None:
        """Return what delivers to a guest's inbox; none if that is not open here."""
        with self._lock:
            session = self.sessions.get(session_id)
            inbox = session.identity.inbox if session is not None else None
            return inbox.delivery if inbox is not None else None

    # Going

    def pause(self, session: Session) -> Inbox | None:
        """Have nobody open the session's inbox any more; return it, to be closed."""
        with self._lock:
            session.live = False
            return session.identity.inbox

    def depart(self, session: Session, *, final: bool) -> None:
        """Note that a session's connection has left all rooms; forget the session if it is `final`."""
        if final:
            self._directory.release(session.id)
        else:
            self._directory.hold(session.id, self._limits.name_hold)
        with self._gone:
            session.identity.sessions = tuple(session.identity.others(session))
            if final:
                self._forget_locked(session)
                session.left_at = self._clock()
            else:
                self._leave_locked(session)
            self._gone.notify_all()
        self._free_names()

    def release(self, session: Session, outbox: Outgoing) -> None:
        """Keep nothing of a connection that is over."""
        with self._lock:
            if session.outbox is outbox:
                session.outbox = NOWHERE

    def expire(self) -> None:
        """Forget the sessions whose time is over."""
        now = self._clock()
        with self._lock:
            while (oldest := self._oldest_locked()) is not None:
                if now - (oldest.left_at or 0.0) <= self._limits.session_ttl:
                    break
                self._forget_locked(oldest)
        self._free_names()

    def orphans(self) -> list[str]:
        """Return the ids of the sessions that were forgotten since the last call and had an inbox."""
        with self._lock:
            orphans, self._orphans = self._orphans, []
            return orphans

    def clear(self, name: str) -> None:
        """Have every guest go who has this name, or one that looks like it."""
        for owner in self._directory.alike(name):
            if (session := self.sessions.get(owner)) is not None:
                session.outbox.end(CloseReason.NAME_RESERVED)
            self._directory.release(owner)

    # Looking

    def here(self) -> list[Session]:
        """Return the sessions that have a connection."""
        with self._lock:
            return [each for each in self.sessions.values() if each.left_at is None]

    def connected(self) -> int:
        """Return how many sessions have a connection."""
        return len(self.sessions) - len(self._absent)

    def absent(self) -> tuple[int, int]:
        """Return how many sessions are away, and how many bytes they take."""
        return len(self._absent), self._absent_bytes

    def counters(self) -> Counters:
        """Return what the deliveries to the inboxes of guests counted."""
        total = Counters()
        with self._lock:
            total.add(self._forgotten)
            for session in self.sessions.values():
                if (inbox := session.identity.inbox) is not None and not session.identity.is_account:
                    total.add(inbox.delivery.counters)
        return total

    # Parts of the above

    def _take(self, session: Session, name: str) -> None:
        try:
            self._directory.take(session.id, name)
        except NameTakenError:
            if session.id in self.sessions:
                self.depart(session, final=False)
            raise

    def _check_connections(self, session: Session) -> None:
        if len(session.identity.others(session)) >= CONNECTIONS_OF_ONE:
            if session.id in self.sessions:
                self.depart(session, final=False)
            name = session.identity.name
            raise LimitReachedError(f"{name} has {CONNECTIONS_OF_ONE} connections, the most there may be")

    def _replace_locked(self, session: Session) -> None:
        """Have the session's connection end, and wait for it. Raises `UnavailableError`."""
        session.outbox.end(CloseReason.SESSION_REPLACED)
        if not self._gone.wait_for(lambda: session.left_at is not None, REPLACE_SECONDS):
            raise UnavailableError("the session's other connection has not ended yet; try again")

    def _leave_locked(self, session: Session) -> None:
        session.left_at = self._clock()
        self._absent[session.id] = taken = weight(session)
        self._absent_bytes += taken
        limits = self._limits
        while len(self._absent) > limits.absent_sessions or self._absent_bytes > limits.absent_bytes:
            if (oldest := self._oldest_locked()) is not None:
                self._forget_locked(oldest)
                self.evicted += 1

    def _return_locked(self, session: Session) -> None:
        session.left_at = None
        self._absent_bytes -= self._absent.pop(session.id, 0)

    def _oldest_locked(self) -> Session | None:
        return next((self.sessions[each] for each in self._absent), None)

    def _forget_locked(self, session: Session) -> None:
        self._absent_bytes -= self._absent.pop(session.id, 0)
        if self.sessions.pop(session.id, None) is not None:
            self._nameless.append(session.id)
        if session.identity.inbox is not None and not session.identity.is_account:
            self._forgotten.add(session.identity.inbox.delivery.counters)
            self._orphans.append(session.id)

    def _free_names(self) -> None:
        """Tell the directory of those who were forgotten."""
        with self._lock:
            nameless, self._nameless = self._nameless, []
        for session in nameless:
            self._directory.release(session)
