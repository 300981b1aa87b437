"""Whose session is whose: names, sessions, who is away, and how many of them are kept."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from chat_protocol.errors import NameTakenError, UnavailableError
from chat_protocol.reasons import CloseReason
from chat_server.chat import names
from chat_server.chat.inbox import Inbox
from chat_server.chat.session import Session
from chat_server.stream.counters import Counters
from chat_server.stream.delivery import Delivery
from chat_server.stream.outgoing import NOWHERE, Outgoing

#: For how long, in seconds, a resume waits for the connection that it replaces to have ended.
REPLACE_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Bounds of a hub: characters, rooms, seconds, sessions, bytes.

    `session_ttl` is for how long a session outlives its connection, `name_hold` for how long it keeps its
    name; of those who are away at most `absent_sessions` are kept, which take at most `absent_bytes`.
    """

    name_length: int = 32
    rooms: int = 10_000
    rooms_per_user: int = 50
    session_ttl: float = 600.0
    name_hold: float = 60.0
    absent_sessions: int = 10_000
    absent_bytes: int = 64 * 1024 * 1024


class Registry:
    """The names and the sessions.

    1. A name belongs to one session, from when it is given until `name_hold` after its connection broke.
    2. A session outlives its connection by `session_ttl`, unless so many others are away that the one who
       left first is forgotten.
    3. One connection has a session at a time: whoever resumes it gets it when the other has wholly ended.
    4. A session that is away keeps nothing of its connection.
    """

    def __init__(self, limits: HubLimits, clock: Callable[[], float]) -> None:
        self.names: dict[str, Session] = {}
        self.sessions: dict[str, Session] = {}
        self._limits = limits
        self._clock = clock
        # Guards all of this, the sessions' `inbox`, `live` and `left_at`; `_gone` tells that one has left.
        self._lock = threading.Lock()
        self._gone = threading.Condition(self._lock)
        # Who is away, by id, in the order of leaving: how many bytes each takes.
        self._absent: dict[str, int] = {}
        self._absent_bytes = 0
        # Those whose inbox is to be forgotten, since nobody can come back for it.
        self._orphans: list[str] = []
        self._forgotten = Counters()
        #: How many sessions were forgotten early, since too many others were away.
        self.evicted = 0

    # Coming

    def claim(self, session_id: str) -> Session | None:
        """Return a session to be resumed, its other connection ended; none if it is gone.

        `admit` must follow, or `depart`. Raises `UnavailableError`.
        """
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

    def admit(self, session: Session, name: str) -> None:
        """Give a session its name. Raises `NameTakenError`; a session that was claimed is away again then."""
        with self._gone:
            try:
                self._hold_locked(session, name)
            except NameTakenError:
                if session.id in self.sessions:
                    self._leave_locked(session)
                raise
            self.sessions[session.id] = session

    def begin(self, session: Session, outbox: Outgoing) -> Inbox | None:
        """Have others reach the session's connection from now on; return its inbox, to be opened."""
        with self._lock:
            session.begin(outbox)
            return session.inbox

    def rename(self, session: Session, name: str) -> None:
        """Change a name. Raises `NameTakenError`."""
        with self._lock:
            self._hold_locked(session, name)

    def receiver(self, name: str, make_inbox: Callable[[Session], Inbox]) -> tuple[Session, Inbox] | None:
        """Return who has that name, here or away for a moment, and the inbox; none if nobody does."""
        with self._lock:
            session = self.names.get(names.user_key(name))
            if session is None or self._is_over_locked(session):
                return None
            if session.inbox is None:
                session.inbox = make_inbox(session)
                if session.live:
                    session.inbox.go_live(session.outbox)
            return session, session.inbox

    def inbox_delivery(self, session_id: str) -> Delivery | None:
        """Return what delivers to a session's inbox; none if that is not open here."""
        with self._lock:
            session = self.sessions.get(session_id)
            return session.inbox.delivery if session is not None and session.inbox is not None else None

    # Going

    def pause(self, session: Session) -> Inbox | None:
        """Have nobody open the session's inbox any more; return it, to be closed."""
        with self._lock:
            session.live = False
            return session.inbox

    def depart(self, session: Session, *, final: bool) -> None:
        """Note that a session's connection has left all rooms; forget the session if it is `final`."""
        with self._gone:
            if final:
                self._forget_locked(session)
                session.left_at = self._clock()
                self._gone.notify_all()
            else:
                self._leave_locked(session)

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
                    return
                self._forget_locked(oldest)

    def orphans(self) -> list[str]:
        """Return the ids of the sessions that were forgotten since the last call and had an inbox."""
        with self._lock:
            orphans, self._orphans = self._orphans, []
            return orphans

    # Looking

    def connected(self) -> int:
        """Return how many sessions have a connection."""
        return len(self.sessions) - len(self._absent)

    def absent(self) -> tuple[int, int]:
        """Return how many sessions are away, and how many bytes they take."""
        return len(self._absent), self._absent_bytes

    def counters(self) -> Counters:
        """Return what the deliveries to all inboxes counted."""
        total = Counters()
        with self._lock:
            total.add(self._forgotten)
            for session in self.sessions.values():
                if session.inbox is not None:
                    total.add(session.inbox.delivery.counters)
        return total

    # Parts of the above

    def _replace_locked(self, session: Session) -> None:
        """Have the session's connection end, and wait for it. Raises `UnavailableError`."""
        session.outbox.end(CloseReason.SESSION_REPLACED)
        if not self._gone.wait_for(lambda: session.left_at is not None, REPLACE_WAIT):
            raise UnavailableError("the session's other connection has not ended yet; try again")

    def _hold_locked(self, session: Session, name: str) -> None:
        key, old = names.key(name), names.key(session.name)
        holder = self.names.get(key)
        if holder is not None and holder is not session and not self._is_over_locked(holder):
            raise NameTakenError(self._taken_locked(holder, name))
        self.names[key] = session
        if old != key and self.names.get(old) is session:
            del self.names[old]
        session.name = name

    def _taken_locked(self, holder: Session, name: str) -> str:
        if holder.left_at is None:
            return f"the name {name} is taken; choose another"
        left = holder.left_at + self._limits.name_hold - self._clock()
        return (
            f"the name {name} is kept for {left:.0f} s for who lost the connection; choose another, or wait"
        )

    def _is_over_locked(self, session: Session) -> bool:
        """Tell whether a session holds its name no more."""
        return session.left_at is not None and self._clock() - session.left_at > self._limits.name_hold

    def _leave_locked(self, session: Session) -> None:
        session.left_at = self._clock()
        self._absent[session.id] = weight = session.weight
        self._absent_bytes += weight
        limits = self._limits
        while len(self._absent) > limits.absent_sessions or self._absent_bytes > limits.absent_bytes:
            if (oldest := self._oldest_locked()) is not None:
                self._forget_locked(oldest)
                self.evicted += 1
        self._gone.notify_all()

    def _return_locked(self, session: Session) -> None:
        session.left_at = None
        self._absent_bytes -= self._absent.pop(session.id, 0)

    def _oldest_locked(self) -> Session | None:
        return next((self.sessions[each] for each in self._absent), None)

    def _forget_locked(self, session: Session) -> None:
        self._absent_bytes -= self._absent.pop(session.id, 0)
        self.sessions.pop(session.id, None)
        key = names.key(session.name)
        if self.names.get(key) is session:
            del self.names[key]
        if session.inbox is not None:
            self._forgotten.add(session.inbox.delivery.counters)
            self._orphans.append(session.id)
