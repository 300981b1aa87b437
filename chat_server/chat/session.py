"""A person in the chat, from the first WELCOME until the session has expired."""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from chat_server.errors import NotAMemberError
from chat_server.wire.codec import encode
from chat_server.wire.messages import Ack, Message

if TYPE_CHECKING:
    from chat_server.chat.room import Inbox, Room

#: How many refs of a session are remembered: twice what a client may reasonably have unacknowledged.
REFS = 10_000

#: A token is a random part, the same for all tokens of its session, and a signature; both in base64.
RANDOM_BYTES = 21
RANDOM = RANDOM_BYTES * 4 // 3
SIGNATURE_BYTES = 15

# What `Outgoing.push` answers: taken; taken, but the client is far behind while it reads on; refused,
# since it is cut off; dropped, since it is behind and this can be done without.
TAKEN, CONGESTED, REFUSED, DROPPED = range(4)


class Outgoing(Protocol):
    """Where frames to one client go. No call waits for the client, but `wait_below`."""

    def push(self, frames: bytes, *, droppable: bool = False) -> int:
        """Send the frames or keep them for later; return one of the four states."""

    def congested(self) -> bool:
        """Tell whether the client is far behind while it reads on."""

    def wait_below(self, size: int, timeout: float) -> bool:
        """Wait until less than `size` bytes are kept; false where it took too long or the client left."""

    def end(self, reason: str) -> None:
        """Have the connection end, for a reason of the closed list; never waits."""


class Nowhere:
    """Takes nothing: what a session has before it has a connection."""

    def push(self, frames: bytes, *, droppable: bool = False) -> int:
        """Refuse."""
        del frames, droppable
        return REFUSED

    def congested(self) -> bool:
        """Say no."""
        return False

    def wait_below(self, size: int, timeout: float) -> bool:
        """Say that the client left."""
        del size, timeout
        return False

    def end(self, reason: str) -> None:
        """Do nothing."""


class Session:
    """Who somebody is: a name, the rooms joined, what was sent with a ref; and where frames go now.

    Only the thread of its connection changes it, but for `outbox`, which the hub sets.
    """

    __slots__ = ("id", "inbox", "left_at", "name", "outbox", "parted", "refs", "rooms", "token")

    def __init__(self, token: str, name: str) -> None:
        #: What the client resumes with: a secret, so it is neither stored nor logged.
        self.token = token
        #: What others may know the session by: the journal, the name of the inbox.
        self.id = session_id(token)
        self.name = name
        self.outbox: Outgoing = Nowhere()
        #: In the order in which they were joined.
        self.rooms: dict[str, Room] = {}
        #: The rooms it was in when its connection ended.
        self.parted: tuple[str, ...] = ()
        self.inbox: Inbox | None = None
        #: ref -> room, id, time; the latest `REFS`.
        self.refs: OrderedDict[str, tuple[str, int, float]] = OrderedDict()
        #: When its connection ended, on the monotonic clock; none while it is connected.
        self.left_at: float | None = None

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
            return self.rooms[name]
        except KeyError:
            raise NotAMemberError(
                f"you are not in that room; JOIN it first (you are in: {self._rooms()})"
            ) from None

    def acknowledge(self, refs: Iterable[str], places: Mapping[str, tuple[str, int, float]]) -> list[Ack]:
        """Remember the new places, so that a resend is not published again; return where all the refs are."""
        self.refs.update(places)
        acks = [self._acknowledgement(ref) for ref in refs]
        while len(self.refs) > REFS:  # not before: a ref that comes again may be the oldest
            self.refs.popitem(last=False)
        return acks

    def _acknowledgement(self, ref: str) -> Ack:
        room, id_, ts = self.refs[ref]
        return Ack(ref=ref, id=id_, ts=ts, room=None if room.startswith("@") else room)

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
