"""Every message of the protocol, as tagged msgspec Structs; docs/protocol.md explains them.

What a client sends is in `ClientMessage`, what the server sends is in `ServerMessage`. A few types
go both ways with other fields; the server's are then named `...Frame` or `...Request`.
Times are seconds since 1970 (UTC). A `ref` is the sender's own label: it comes back in the answer.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

PROTOCOL = 1

Text = Annotated[str, Meta(min_length=1)]
Ref = Annotated[str, Meta(min_length=1, max_length=64)]
# Larger than any id, and what every JSON reader holds exactly (RFC 8259, section 6).
MessageId = Annotated[int, Meta(ge=0, le=2**53 - 1)]
PAGE_MESSAGES = 200
#: How many messages with a ref a session may have whose acknowledgements are not known to be read.
REFS_AT_MOST = 10_000
PageSize = Annotated[int, Meta(ge=1, le=PAGE_MESSAGES)]


class Message(Struct, tag_field="type", omit_defaults=True, gc=False):
    """The base of every message: its `type` is the Struct's tag, and defaults are left out."""


def tag(kind: type[Message]) -> str:
    """Return the `type` that messages of this kind have."""
    return str(kind.__struct_config__.tag)


# From client to server


class RegName(Message, tag="REG_NAME"):
    """The client's name, and for a resume the session and the last id it has of each room."""

    name: str
    session: str | None = None
    after: dict[str, MessageId] | None = None
    epoch: str | None = None


class Msg(Message, tag="MSG"):
    """Says `text` in a room; `action` marks what is done rather than said (`/me`)."""

    text: Text
    room: str | None = None
    ref: Ref | None = None
    action: bool = False


class Dm(Message, tag="DM"):
    """Says `text` to one user alone."""

    to: str
    text: Text
    ref: Ref | None = None


class Join(Message, tag="JOIN"):
    """Enters a room; with `after`, what came after that id is replayed first."""

    room: str
    after: MessageId | None = None
    ref: Ref | None = None


class Leave(Message, tag="LEAVE"):
    """Leaves a room."""

    room: str | None = None
    ref: Ref | None = None


class Name(Message, tag="NAME"):
    """Changes the sender's name."""

    name: str
    ref: Ref | None = None


class Topic(Message, tag="TOPIC"):
    """Asks for a room's topic, or sets it where `topic` is given."""

    topic: str | None = None
    room: str | None = None
    ref: Ref | None = None


class Who(Message, tag="WHO"):
    """Asks who is in a room."""

    room: str | None = None
    ref: Ref | None = None


class List(Message, tag="LIST"):
    """Asks which rooms there are."""

    ref: Ref | None = None


class History(Message, tag="HISTORY"):
    """Asks for a page of a room's messages: the last ones, or those beside an id or a time."""

    room: str | None = None
    before: MessageId | None = None
    after: MessageId | None = None
    until: float | None = None
    since: float | None = None
    limit: PageSize = PAGE_MESSAGES
    ref: Ref | None = None


class Search(Message, tag="SEARCH"):
    """Asks for the newest messages that have all the words, in one of the sender's rooms or in all."""

    words: Text
    room: str | None = None
    limit: PageSize = 50
    ref: Ref | None = None


class Ping(Message, tag="PING"):
    """Asks for a PONG; goes both ways."""

    ref: Ref | None = None


class Pong(Message, tag="PONG"):
    """Answers a PING; goes both ways."""

    ref: Ref | None = None


class Exit(Message, tag="EXIT"):
    """Leaves the chat; the server answers BYE and closes."""

    ref: Ref | None = None


ClientMessage = (
    RegName | Msg | Dm | Join | Leave | Name | Topic | Who | List | History | Search | Ping | Pong | Exit
)


# From server to client


class Limits(Struct, gc=False):
    """What the server takes: bytes in a line with its end, characters in names and topics, rooms, refs."""

    line_bytes: int
    name_length: int
    topic_length: int
    rooms_per_user: int
    refs: int = REFS_AT_MOST


class RegNameRequest(Message, tag="REG_NAME"):
    """The server's first line: asks for the name and says what it speaks."""

    protocol: int
    server: str
    limits: Limits


class Welcome(Message, tag="WELCOME"):
    """The name is registered. `resumed` is sent if a session was asked for."""

    name: str
    session: str
    rooms: list[str]
    epoch: str
    resumed: bool | None = None


class MsgFrame(Message, tag="MSG"):
    """What somebody said in a room; ids of a room are contiguous from 1."""

    room: str
    id: int
    ts: float
    sender: str = field(name="from")
    text: str
    action: bool = False


class DmFrame(Message, tag="DM"):
    """What somebody said to the receiver alone; ids are contiguous for each receiver."""

    id: int
    ts: float
    sender: str = field(name="from")
    to: str
    text: str


class Ack(Message, tag="ACK"):
    """The message with this `ref` is stored under this id. A DM's has no room."""

    ref: str
    id: int
    ts: float
    room: str | None = None


class Joined(Message, tag="JOINED"):
    """Somebody entered a room. To the one who did: `last` is the id after which all is live."""

    room: str
    name: str
    members: int | None = None
    topic: str | None = None
    last: int | None = None
    first: int | None = None
    ref: str | None = None


class Left(Message, tag="LEFT"):
    """Somebody left a room, and why."""

    room: str
    name: str
    reason: str
    ref: str | None = None


class NameChanged(Message, tag="NAME"):
    """Somebody changed the name; sent once to each who shares a room, and to who did it."""

    old: str
    name: str
    ref: str | None = None


class TopicFrame(Message, tag="TOPIC"):
    """A room's topic, and who set it."""

    room: str
    topic: str
    by: str | None = None
    ref: str | None = None


class Users(Message, tag="USERS"):
    """Who is in a room; answers WHO. `total` counts all where `names` is cut to fit a line."""

    room: str
    names: list[str]
    total: int
    ref: str | None = None


class RoomInfo(Struct, gc=False):
    """One row of ROOMS."""

    room: str
    members: int
    topic: str = ""


class Rooms(Message, tag="ROOMS"):
    """Which rooms there are, the largest first; answers LIST."""

    rooms: list[RoomInfo]
    total: int
    ref: str | None = None


class HistoryFrame(Message, tag="HISTORY"):
    """A page of a room's messages in their order; `more` says that others lie beyond it."""

    room: str
    messages: list[MsgFrame]
    more: bool
    ref: str | None = None


class Found(Message, tag="FOUND"):
    """What a search found, the newest first."""

    messages: list[MsgFrame]
    ref: str | None = None


class Notice(Message, tag="NOTICE"):
    """Something the server wants a person to know."""

    text: str
    reconnect_after: float | None = None


class ErrorFrame(Message, tag="ERROR"):
    """A message was not taken; `code` is from a closed list, `text` is for a person."""

    code: str
    text: str
    ref: str | None = None


class Bye(Message, tag="BYE"):
    """The last line before the server closes, and why; `retry_after` is when to try again, in seconds."""

    reason: str
    text: str = ""
    retry_after: float | None = None


ServerMessage = (
    RegNameRequest
    | Welcome
    | MsgFrame
    | DmFrame
    | Ack
    | Joined
    | Left
    | NameChanged
    | TopicFrame
    | Users
    | Rooms
    | HistoryFrame
    | Found
    | Notice
    | Ping
    | Pong
    | ErrorFrame
    | Bye
)
