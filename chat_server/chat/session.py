"""One stay of somebody in the chat, from the first WELCOME until it can be resumed no more."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat_server.chat.identity import Identity
from chat_server.chat.tokens import session_id
from chat_server.store.base import EVERYTHING, Scope
from chat_server.stream.outgoing import NOWHERE, Outgoing

if TYPE_CHECKING:
    from chat_server.chat.room import Member, Room
    from chat_server.journal.ledger import Ledger

#: What a session takes, in bytes, without what it published with refs (measured).
SESSION_BYTES = 2048
#: Anyone who says more bytes than this in a second says more than a person does.
FLOOD_BYTES = 128 * 1024


@dataclass(slots=True, eq=False)
class Session:
    """What is known of a stay. Only its connection's thread changes it, but for what the registry guards.

    `token` is what the client resumes with: a secret, so it is neither stored nor logged. `id` is what others
    may know the session by: the journal, the name of the inbox.
    """

    token: str
    identity: Identity
    #: What it may do; everything, unless it came with a token.
    scope: Scope = EVERYTHING
    #: Of which version its account was when it proved who it is; 0 for a guest's. It ends with that version.
    proved: int = 0
    id: str = field(init=False)
    #: Where frames go now. The registry sets it.
    outbox: Outgoing = NOWHERE
    #: The rooms that it is in, in the order in which they were joined.
    memberships: "dict[str, Member]" = field(default_factory=dict)
    #: The rooms that it was in when its connection ended.
    former_rooms: tuple[str, ...] = ()
    #: What was published with a ref; none while nothing was.
    ledger: "Ledger | None" = None
    #: When its connection ended, on the monotonic clock; none while it is connected. The registry guards it.
    left_at: float | None = None
    #: Whether direct messages go to its connection at once. The registry guards it.
    live: bool = False
    #: Bytes said since `count_started`, on the monotonic clock, and whether they were too many for a second.
    said_bytes: int = 0
    count_started: float = 0.0
    floods: bool = False
    #: When its connection was made, in seconds since 1970, and when it last said something, on the monotonic
    #: clock.
    since: float = 0.0
    said_at: float = 0.0
    #: What it says as it leaves the chat.
    parting: str = ""
    #: Whether the client says how far it has read.
    says_read: bool = False

    def __post_init__(self) -> None:
        self.id = session_id(self.token)


def guest(token: str, name: str) -> Session:
    """Return a new stay of a guest."""
    return Session(token, Identity(session_id(token), name))


def joined_rooms(session: Session) -> "list[Room]":
    """Return the rooms that a session is in; those that it was put out of are its own no more.

    Only the session's own thread may call this.
    """
    for name in [name for name, member in session.memberships.items() if session not in member.room]:
        session.memberships.pop(name, None)
    return [member.room for member in session.memberships.values()]


def weight(session: Session) -> int:
    """Return how many bytes a session takes, about."""
    return SESSION_BYTES + (session.ledger.weight if session.ledger is not None else 0)


def look_for_flood(session: Session, now: float) -> None:
    """Tell from the time in which `FLOOD_BYTES` were said whether that is a flood; `now` is monotonic.

    Called past `FLOOD_BYTES` alone, so that nobody who says little is asked for the time.
    """
    session.floods = now - session.count_started < 1.0
    if not session.floods:
        session.count_started = now
        session.said_bytes = 0
