"""Who may come back to which session, in this run of the server or from one before."""

from chat_protocol.errors import UnavailableError
from chat_protocol.messages import REFS_AT_MOST, RegName
from chat_server.chat.inbox import Inbox, inbox_name
from chat_server.chat.registry import Registry
from chat_server.chat.room import RoomContext
from chat_server.chat.session import Session, guest
from chat_server.chat.tokens import is_signed, new_token, reissued, session_id
from chat_server.journal.ledger import Ledger


class Resumption:
    """Makes and checks the sessions' tokens.

    After a restart a session can be resumed with a token of the run before, or of one that was over less
    than `ttl` seconds ago, and gets a new one. What the journal knows of it is read under no lock.
    """

    def __init__(self, registry: Registry, shared: RoomContext, ttl: float) -> None:
        self._registry = registry
        self._shared = shared
        self._journal = shared.commit.journal
        self._secret = self._journal.secret
        self._ends = shared.stream.clock() + ttl
        # The keys of earlier runs whose sessions may still come back.
        self._former = [key.secret for key in self._journal.former if shared.time() - key.retired <= ttl]
        # The ids of sessions of earlier runs that have come back; none is revived a second time.
        self._revived: set[str] = set()

    @property
    def epoch(self) -> str:
        """The epoch of the ids that clients have."""
        return self._journal.epoch

    def begin(self, name: str) -> Session:
        """Return a new session, of a guest until an account is given to it."""
        return guest(new_token(self._secret), name)

    def find(self, request: RegName) -> Session | None:
        """Return the session that `claim` would, if this run of the server knows it; nothing is claimed."""
        if (token := self._token(request)) is None:
            return None
        return self._registry.sessions.get(session_id(token))

    def claim(self, request: RegName) -> Session | None:
        """Return the session that a client resumes; none if it is gone.

        Raises `UnavailableError`, and `JournalError` if what an earlier run knew cannot be read.
        """
        if (token := self._token(request)) is None:
            return None
        if (session := self._registry.claim(session_id(token))) is not None:
            return session
        return None if is_signed(self._secret, token) else self._revive(token)

    def expire(self) -> None:
        """Forget who came back from earlier runs, once nobody can any more."""
        if self._revived and self._shared.stream.clock() > self._ends:
            self._revived.clear()

    def _token(self, request: RegName) -> str | None:
        """Return the token that a client shows, if it is of this run or of one before, and of this epoch."""
        token = request.session
        if token is None or request.epoch not in (None, self._journal.epoch):
            return None
        return token if any(is_signed(key, token) for key in (self._secret, *self._former)) else None

    def _revive(self, token: str) -> Session | None:
        """Return a session of an earlier run, with a token of this one; none if it is over."""
        session = guest(reissued(self._secret, token), "")
        if session.id in self._revived or self._shared.stream.clock() > self._ends:
            return None
        if known := self._journal.known(session.id):
            session.ledger = Ledger(REFS_AT_MOST, known)
        bounds = self._journal.open(inbox_name(session.id))
        if bounds.last:
            session.identity.inbox = Inbox(session.identity, self._shared, bounds)
        if not self._registry.adopt(session):
            raise UnavailableError("another connection has just resumed this session; try again")
        self._revived.add(session.id)
        return session
