"""What the server sends, as tagged msgspec Structs.

A few types go both ways with other fields; the server's are then named `...Frame` or `...Request`.
"""

from msgspec import UNSET, Struct, UnsetType, field

from chat_protocol.base import Message
from chat_protocol.messages import REFS_AT_MOST, Ping, Pong
from chat_protocol.moderation_messages import (
    Banned,
    BansFrame,
    Ignored,
    Invited,
    Muted,
    RoleFrame,
    RulesFrame,
)
from chat_protocol.people_messages import Away, Offline, Online, Person, ProfileFrame, UserProfile, Watched
from chat_protocol.reading_messages import PositionsFrame, ReadFrame


class Pace(Struct, gc=False):
    """How fast one user may go: so many messages at once, then so many a second.

    Each type in `costs` counts as so many messages. READ, PING, PONG and EXIT may always be sent.
    """

    at_once: float
    per_second: float
    costs: dict[str, float]


class Limits(Struct, gc=False):
    """What the server takes: bytes of a line with its end, characters of names and topics, rooms, refs."""

    line_bytes: int
    name_length: int
    topic_length: int
    rooms_per_user: int
    refs: int = REFS_AT_MOST
    pace: Pace | UnsetType = UNSET


class RegNameRequest(Message, tag="REG_NAME"):
    """The server's first line: asks for the name, says what it speaks and whom it lets in.

    `access` is open, password (one for all) or accounts, with `guests` beside them or not; `registration`
    says how people come to an account by themselves: off, invitation or open. If there are `certificates`,
    that of a TLS connection proves the account of its common name.
    """

    protocol: int
    server: str
    limits: Limits
    access: str = "open"
    guests: bool = False
    registration: str = "off"
    certificates: bool = False


class Welcome(Message, tag="WELCOME"):
    """The client is in. `resumed` is sent if a session was asked for, `account` if it has proved one."""

    name: str
    session: str
    rooms: list[str]
    epoch: str
    resumed: bool | None = None
    account: bool = False


class MsgFrame(Message, tag="MSG"):
    """What somebody said in a room; ids of a room are contiguous from 1. An `account` is no guest.

    A `bot` is a program by its profile. A `notice` is from a program; programs do not answer it. Of one that
    was `edited` the text is the last; of one that was `deleted` there is none.
    """

    room: str
    id: int
    ts: float
    sender: str = field(name="from")
    text: str
    action: bool = False
    account: bool = False
    notice: bool = False
    edited: bool = False
    deleted: bool = False
    bot: bool = False


class EditFrame(Message, tag="EDIT"):
    """The message `of` this id has another text from now on; none if it was `deleted` since."""

    room: str
    id: int
    ts: float
    sender: str = field(name="from")
    of: int
    text: str
    account: bool = False
    deleted: bool = False


class DeleteFrame(Message, tag="DELETE"):
    """The message `of` this id has no text any more."""

    room: str
    id: int
    ts: float
    sender: str = field(name="from")
    of: int
    account: bool = False


class DmFrame(Message, tag="DM"):
    """What somebody said to the receiver alone; ids are contiguous for each receiver.

    An account also gets what it said itself, on its other connections.
    """

    id: int
    ts: float
    sender: str = field(name="from")
    to: str
    text: str
    account: bool = False
    action: bool = False
    notice: bool = False
    bot: bool = False


class Ack(Message, tag="ACK"):
    """The message with this `ref` is stored under this id. A DM's has no room."""

    ref: str
    id: int
    ts: float
    room: str | None = None


class Joined(Message, tag="JOINED"):
    """Somebody entered a room. To the one who did: `last` is the id after which all is live.

    To the others: what is to be seen beside the name.
    """

    room: str
    name: str
    members: int | None = None
    topic: str | None = None
    last: int | None = None
    first: int | None = None
    ref: str | None = None
    account: bool = False
    realname: str = ""
    away: str = ""
    bot: bool = False
    topic_by: str | None = None
    topic_ts: float | None = None


class Left(Message, tag="LEFT"):
    """Somebody left a room, and why, with a `text` of theirs; of a moderator, `by` whom they were put out."""

    room: str
    name: str
    reason: str
    ref: str | None = None
    by: str | None = None
    text: str = ""


class NameChanged(Message, tag="NAME"):
    """Somebody changed the name; sent once to each who shares a room, and to who did it."""

    old: str
    name: str
    ref: str | None = None


class TopicFrame(Message, tag="TOPIC"):
    """A room's topic, and who set it, and when; a room without one has neither."""

    room: str
    topic: str
    by: str | None = None
    ref: str | None = None
    ts: float | None = None


class Users(Message, tag="USERS"):
    """Who is in a room; answers WHO. `total` counts all if `names` is cut to fit a line.

    `accounts` tells which of the names are no guests', by their places from 0; `roles` who is more or less
    than a member; `profiles` what is to be seen beside the names, if that was asked for.
    """

    room: str
    names: list[str]
    total: int
    ref: str | None = None
    accounts: list[int] = field(default_factory=list)
    roles: dict[str, list[int]] = field(default_factory=dict)
    profiles: list[UserProfile] = field(default_factory=list)


class RoomInfo(Struct, gc=False):
    """One row of ROOMS."""

    room: str
    members: int
    topic: str = ""


class Rooms(Message, tag="ROOMS"):
    """Which rooms there are, the largest first; answers LIST. `people` tells how many are connected."""

    rooms: list[RoomInfo]
    total: int
    ref: str | None = None
    people: int = 0


class HistoryFrame(Message, tag="HISTORY"):
    """A page of a room's messages in their order, or of direct ones; `more` says that others lie beyond.

    Of those with one person alone, `next` is the id to go on from.
    """

    room: str
    messages: list[MsgFrame | DmFrame | EditFrame | DeleteFrame]
    more: bool
    ref: str | None = None
    next: int | None = None


class Found(Message, tag="FOUND"):
    """What a search found, the newest first."""

    messages: list[MsgFrame | DmFrame]
    ref: str | None = None


class Notice(Message, tag="NOTICE"):
    """Something the server wants a person to know."""

    text: str
    reconnect_after: float | None = None


class ErrorFrame(Message, tag="ERROR"):
    """A message was not taken; `code` is from a closed list, `text` is for a person.

    After `retry_after` seconds it is worth another try.
    """

    code: str
    text: str
    ref: str | None = None
    retry_after: float | None = None


class Bye(Message, tag="BYE"):
    """The last line before the server closes, and why; `retry_after` is when to try again, in seconds."""

    reason: str
    text: str = ""
    retry_after: float | None = None


ServerMessage = (
    RegNameRequest
    | Welcome
    | MsgFrame
    | EditFrame
    | DeleteFrame
    | DmFrame
    | Ack
    | Joined
    | Left
    | NameChanged
    | TopicFrame
    | Banned
    | Muted
    | Invited
    | BansFrame
    | Ignored
    | RoleFrame
    | RulesFrame
    | ProfileFrame
    | Away
    | Person
    | Watched
    | Online
    | Offline
    | Users
    | Rooms
    | HistoryFrame
    | Found
    | ReadFrame
    | PositionsFrame
    | Notice
    | Ping
    | Pong
    | ErrorFrame
    | Bye
)
