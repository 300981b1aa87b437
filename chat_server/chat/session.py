"""A person in the chat, from the first WELCOME until the session has expired."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from chat_protocol.codec import encode
from chat_protocol.errors import NotAMemberError
from chat_protocol.messages import REFS, Ack, Message, Ping
from chat_server.chat.names import room_key
from chat_server.stream.outgoing import NOWHERE, Outgoing

if TYPE_CHECKING:
    from chat_server.chat.inbox import Inbox
    from chat_server.chat.room import Room

#: Who says more bytes in a second, as they are sent to the others, says more than a person does.
PACE_BYTES = 128 * 1024
#: From so many refs on a client is asked whether it has read its acknowledgements: then they need not be
#: remembered any more.
REFS_TO_ASK = REFS // 2
#: What one ref takes beside its characters, and what a session takes, in bytes (measured).
REF_BYTES = 240
SESSION_BYTES = 2048

#: A token is a random part, the same for all tokens of its session, and a signature; both in base64.
RANDOM_BYTES = 21
RANDOM = RANDOM_BYTES * 4 // 3
SIGNATURE_BYTES = 15

#: Where a message with a ref is: the room, its id, its time.
Place = tuple[str, int, float]


class Release(NamedTuple):
    """What a PONG with this ref says: all acknowledgements of the room up to this id have been read."""

    ref: str
    room: str
    last: int


class Session:
    """Who somebody is: a name, the rooms joined, what was sent with a ref; and where frames go now.

    Only the thread of its connection changes it, but for `outbox`, which the hub sets.
    """

    __slots__ = (
        "_asked",
        "_release",
        "_second",
        "fast",
        "id",
        "inbox",
        "left_at",
        "live",
        "name",
        "outbox",
        "parted",
        "refs",
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
        #: Where what was sent with a ref is; at most `REFS`, and none is dropped that may come again.
        self.refs: dict[str, Place] = {}
        #: When its connection ended, on the monotonic clock; none while it is connected.
        self.left_at: float | None = None
        #: Whether direct messages go to its connection at once.
        self.live = False
        #: Bytes said since `said_much` last began to count, and whether those were too many for a second.
        self.said = 0
        self.fast = False
        self._second = 0.0
        self._release: Release | None = None
        self._asked = 0

    @property
    def weight(self) -> int:
        """How many bytes it takes, about."""
        return SESSION_BYTES + len(self.refs) * REF_BYTES + sum(map(len, self.refs))

    def begin(self, outbox: Outgoing) -> None:
        """Take frames from now on. What the connection before was asked, this one never answers."""
        self._release = None
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

    def sort(self, messages: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return the messages that are new, and those to be refused since `REFS` are remembered already.

        A message whose ref the session has published before is in neither.
        """
        fresh, refused = [], []
        refs = set[str]()
        room = REFS - len(self.refs)
        for message in messages:
            ref = message.ref
            if ref is None:
                fresh.append(message)
            elif ref in self.refs or ref in refs:
                continue
            elif len(refs) >= room:
                refused.append(message)
            else:
                refs.add(ref)
                fresh.append(message)
        return fresh, refused

    def acknowledgements(self, messages: Sequence[Any], places: dict[str, Place]) -> list[Ack]:
        """Return where these messages are that have a ref, some of them at new places."""
        found = [(each.ref, places.get(each.ref) or self.refs.get(each.ref)) for each in messages]
        return [_acknowledgement(ref, place) for ref, place in found if place is not None]

    def question(self, room: str, last: int) -> list[Ping]:
        """Return what to ask behind the acknowledgements of a room up to `last`, if it is time to ask."""
        if self._release is not None or len(self.refs) < REFS_TO_ASK:
            return []
        self._asked += 1
        self._release = Release(f"read-{self._asked}", room, last)
        return [Ping(self._release.ref)]

    def answered(self, ref: str | None) -> None:
        """Forget the refs whose acknowledgements the client has read, if the PONG says so."""
        release = self._release
        if release is None or ref != release.ref:
            return
        self._release = None
        self.refs = {
            ref: place
            for ref, place in self.refs.items()
            if place[0] != release.room or place[1] > release.last
        }

    def _rooms(self) -> str:
        return ", ".join(self.rooms) or "none"


def _acknowledgement(ref: str, place: Place) -> Ack:
    room, id_, ts = place
    return Ack(ref=ref, id=id_, ts=ts, room=None if room.startswith("@") else room)


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
