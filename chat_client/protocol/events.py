"""What a session tells whoever asked: the server's own messages, and these."""

import enum
from dataclasses import dataclass

from chat_protocol.messages import Dm, Msg
from chat_protocol.server_messages import DeleteFrame, DmFrame, EditFrame, ErrorFrame, MsgFrame, ServerMessage


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a room. Each id comes once.

    `own` marks one that the server has just acknowledged to us; `replayed` what was said before one
    entered or came back.
    """

    message: MsgFrame
    own: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A message was edited or deleted; this has an id of its own in the room, and comes once."""

    message: EditFrame | DeleteFrame


@dataclass(frozen=True, slots=True)
class DirectSaid:
    """A direct message: to oneself, or one's own once the server has acknowledged it."""

    message: DmFrame
    own: bool = False


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The server refused a message. With `again` it is kept and sent again by itself."""

    message: Msg | Dm
    error: ErrorFrame
    again: bool = False


@dataclass(frozen=True, slots=True)
class Registered:
    """The name is registered, for the first time or `again` after a loss of the connection.

    `resumed` says whether the server still knew the session; `resent` counts the messages that
    were not acknowledged and go out again; `new_record` says that the server's ids begin anew.
    `account` says that we have proved who we are, `marks_guests` that the server knows who others are.
    """

    name: str
    epoch: str
    rooms: tuple[str, ...]
    again: bool = False
    resumed: bool = False
    resent: int = 0
    new_record: bool = False
    account: bool = False
    marks_guests: bool = False


@dataclass(frozen=True, slots=True)
class NameRefused:
    """The server did not take the name; `Session.take_name` gives it another."""

    name: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is lost or could not be made; the next try is in `retry_in` seconds.

    `failures` counts them since the name was last registered, this one too.
    """

    reason: str
    retry_in: float
    failures: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages `first` to `last` of a room were missed and do not come any more."""

    room: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rooms that one was in, and is not after coming back, since the server lets one in no more."""

    rooms: tuple[str, ...]
    text: str


class Cause(enum.Enum):
    """Why a session ended."""

    LEFT = "left"
    LOST = "lost"
    REFUSED = "refused"
    UNPROVED = "unproved"
    INCOMPATIBLE = "incompatible"


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a session."""

    cause: Cause
    text: str


Event = (
    Said
    | Changed
    | DirectSaid
    | NotTaken
    | Registered
    | NameRefused
    | Lost
    | Gap
    | LeftOut
    | Ended
    | ServerMessage
)
