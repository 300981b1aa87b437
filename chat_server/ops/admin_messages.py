"""What a shell asks on the admin socket, in one JSON line, and what it is answered, in several."""

from typing import Annotated

import msgspec

from chat_protocol.codec import encode_json

#: Bytes of a line that is asked, and of all lines that are answered.
REQUEST_BYTES = 16 * 1024
ANSWER_BYTES = 16 * 1024 * 1024
#: For so many seconds at most something is banned that has an end.
BAN_SECONDS = 10 * 365 * 86_400

Word = Annotated[str, msgspec.Meta(max_length=256)]
Words = Annotated[str, msgspec.Meta(max_length=500)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=BAN_SECONDS)]


class Message(msgspec.Struct, tag_field="type", omit_defaults=True):
    """One line."""


class Connections(Message, tag="connections"):
    """Asks for the connections."""


class Users(Message, tag="users"):
    """Asks for the users who are connected."""


class Rooms(Message, tag="rooms"):
    """Asks for the rooms."""


class ListBans(Message, tag="bans"):
    """Asks for the bans in force."""


class Kick(Message, tag="kick"):
    """Ends the connections of a user."""

    name: Word
    reason: Words = ""


class BanSomebody(Message, tag="ban"):
    """Bans a name, an account, an address or a network, for so many seconds or for ever."""

    who: Word
    seconds: Seconds | None = None
    reason: Words = ""


class Unban(Message, tag="unban"):
    """Ends a ban."""

    who: Word


class MuteSomebody(Message, tag="mute"):
    """Lets a name or an account only read, for so many seconds or for ever."""

    who: Word
    seconds: Seconds | None = None
    reason: Words = ""


class Unmute(Message, tag="unmute"):
    """Lets somebody speak again."""

    who: Word


class Tell(Message, tag="notice"):
    """Tells everybody something."""

    text: Words


class Drain(Message, tag="drain"):
    """Has the server take nobody new."""


class Undrain(Message, tag="undrain"):
    """Has it take people again."""


class Reload(Message, tag="reload"):
    """Has it read its settings again."""


Request = (
    Connections
    | Users
    | Rooms
    | ListBans
    | Kick
    | BanSomebody
    | Unban
    | MuteSomebody
    | Unmute
    | Tell
    | Drain
    | Undrain
    | Reload
)


class ConnectionRow(Message, tag="connection"):
    """One connection: since how many seconds it is there, how many bytes wait for it, where it is.

    `name` is empty until one was given.
    """

    number: int
    name: str
    account: bool
    peer: str
    seconds: float
    waiting: int
    rooms: list[str]


class UserRow(Message, tag="user"):
    """One user, on however many connections."""

    name: str
    account: bool
    connections: int
    rooms: list[str]


class RoomRow(Message, tag="room"):
    """One room, and how many users are in it."""

    name: str
    users: int
    topic: str


class BanRow(Message, tag="ban"):
    """One ban; `seconds` are left of it, none if it has no end."""

    kind: str
    who: str
    seconds: float | None
    reason: str
    actor: str


class Said(Message, tag="said"):
    """What was done, for a person."""

    text: str


class Warned(Message, tag="warned"):
    """What a person should know about it."""

    text: str


class Refused(Message, tag="refused"):
    """Why nothing was done, and what to do instead."""

    text: str


class Done(Message, tag="done"):
    """The last line of an answer: without it some is missing."""


Row = ConnectionRow | UserRow | RoomRow | BanRow
Answer = Row | Said | Warned | Refused | Done

encode = encode_json
decode_request = msgspec.json.Decoder(Request).decode
decode_answer = msgspec.json.Decoder(Answer).decode
