"""A person in the chat, from the first WELCOME until the session has expired."""

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from chat_protocol.codec import encode
from chat_protocol.errors import NotAMemberError
from chat_protocol.messages import Message
from chat_server.chat.names import room_key
from chat_server.stream.outgoing import NOWHERE, Outgoing

if TYPE_CHECKING:
    from chat_server.chat.inbox import Inbox
    from chat_server.chat.room import Room
    from chat_server.journal.ledger import Ledger

#: Who says more bytes in a second, as they are sent to the others, says more than a person does.
PACE_BYTES = 128 * 1024
#: What a session takes, in bytes, without what it published with refs (measured).
SESSION_BYTES = 2048

#: A token is a random part, the same for all tokens of its session, and a signature; both in base64.
RANDOM_BYTES = 21
RANDOM = RANDOM_BYTES * 4 // 3
SIGNATURE_BYTES = 15


class Session:
    """Who somebody is: a name, the rooms joined, what was sent with a ref; and where frames go now.

    Only the thread of its connection changes it, but for `outbox`, which the hub sets.
    """

    __slots__ = (
        "_second",
        "fast",
        "id",
        "inbox",
        "ledger",
        "left_at",
        "live",
        "name",
        "outbox",
        "parted",
        "rooms",
        "said",
        "token",
    )

    def __init__(self, token: str, name: str) -> None:
        #: What the client resumes with: a secret, so it is neither stored nor logged.
        self.token = token
        #: What others may know the session by: the journal, the name of the inbox.
        self.id = session_id(token)
        self.name = name
        self.outbox: Outgoing = NOWHERE
        #: In the order in which they were joined.
        self.rooms: dict[str, Room] = {}
        #: The rooms it was in when its connection ended.
        self.parted: tuple[str, ...] = ()
        self.inbox: Inbox | None = None
        #: What was published with a ref; none while nothing was.
        self.ledger: Ledger | None = None
        #: When its connection ended, on the monotonic clock; none while it is connected.
        self.left_at: float | None = None
        #: Whether direct messages go to its connection at once.
        self.live = False
        #: Bytes said since `said_much` last began to count, and whether those were too many for a second.
        self.said = 0
        self.fast = False
        self._second = 0.0

    @property
    def weight(self) -> int:
        """How many bytes it takes, about."""
        return SESSION_BYTES + (self.ledger.weight if self.ledger is not None else 0)

    def begin(self, outbox: Outgoing) -> None:
        """Take frames from now on. What the connection before was asked, this one never answers."""
        if self.ledger is not None:
            self.ledger.ask_anew()
        self.outbox = outbox
        self.live = True

    def send(self, message: Message) -> None:
        """Send one message to this client."""
        self.outbox.push(encode(message))

    def room(self, name: str | None) -> "Room":
        """Return the joined room of that name, or the one joined last. Raises `NotAMemberError`."""
        if name is None:
            if not self.rooms:
                raise NotAMemberError("you are in no room; JOIN one first")
            return next(reversed(self.rooms.values()))
        try:
            return self.rooms[name if name in self.rooms else room_key(name)]
        except KeyError:
            raise NotAMemberError(
                f"you are not in that room; JOIN it first (you are in: {self._rooms()})"
            ) from None

    def said_much(self, now: float) -> None:
        """Tell from the time in which `PACE_BYTES` were said, now on the monotonic clock, how fast that is.

        Called past `PACE_BYTES` alone, so that nobody who says little is asked for the time.
        """
        self.fast = now - self._second < 1.0
        if not self.fast:
            self._second = now
            self.said = 0

    def _rooms(self) -> str:
        return ", ".join(self.rooms) or "none"


def new_token(secret: bytes) -> str:
    """Make a session's token: random, and signed (RFC 2104) with the key of this run of the server."""
    return _signed(secret, secrets.token_urlsafe(RANDOM_BYTES))


def reissued(secret: bytes, token: str) -> str:
    """Return another token of the same session, signed with this key."""
    return _signed(secret, token[:RANDOM])


def is_signed(secret: bytes, token: str) -> bool:
    """Tell whether a token was signed with this key."""
    return token.isascii() and hmac.compare_digest(token, _signed(secret, token[:RANDOM]))


def session_id(token: str) -> str:
    """Return what others may know a session by: the same for all its tokens, and it tells none of them."""
    return hashlib.sha256(token[:RANDOM].encode()).hexdigest()[:24]


def _signed(secret: bytes, random: str) -> str:
    signature = hmac.digest(secret, random.encode(), hashlib.sha256)[:SIGNATURE_BYTES]
    return random + base64.urlsafe_b64encode(signature).decode()
