"""What clients send, as tagged msgspec Structs; docs/protocol.md explains each message of the protocol.

What the server sends is in `server_messages.py`. Times are seconds since 1970 (UTC). A `ref` is the sender's
own label: it comes back in the answer.
"""

from typing import Annotated

from msgspec import Meta

from chat_protocol.base import Message, Ref
from chat_protocol.moderation_messages import Ban, Bans, Ignore, Invite, Kick, Mute, Role, Rules, Unban
from chat_protocol.people_messages import Profile, Watch, Whois
from chat_protocol.reading_messages import MessageId, Positions, Read

PROTOCOL = 1

Text = Annotated[str, Meta(min_length=1)]
PARTING_CHARACTERS = 200
#: The last words of somebody who leaves.
Parting = Annotated[str, Meta(max_length=PARTING_CHARACTERS)]
#: A password, a token or an invitation.
Secret = Annotated[str, Meta(min_length=1, max_length=256)]
PAGE_MESSAGES = 200
#: How many messages with a ref a session may have whose acknowledgements are not known to be read.
REFS_AT_MOST = 10_000
PageSize = Annotated[int, Meta(ge=1, le=PAGE_MESSAGES)]


class RegName(Message, tag="REG_NAME"):
    """The client's name; for a resume the session and the last id it has of each room; what proves who it is.

    With `certificate` that of the TLS connection proves it, and the name may be empty. `register` makes an
    account of the name and the password, if need be with an `invitation`. `rooms` are
    entered in place of the lobby, or of those an account is in; not of those of a session that goes on.
    """

    name: str
    session: str | None = None
    after: dict[str, MessageId] | None = None
    epoch: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    invitation: Secret | None = None
    register: bool = False
    rooms: list[str] | None = None
    certificate: bool = False


class Msg(Message, tag="MSG"):
    """Says `text` in a room; `action` marks what is done rather than said (`/me`).

    A `notice` is from a program; programs do not answer it.
    """

    text: Text
    room: str | None = None
    ref: Ref | None = None
    action: bool = False
    notice: bool = False


class Dm(Message, tag="DM"):
    """Says `text` to one user alone; `action` and `notice` are as in a room."""

    to: str
    text: Text
    ref: Ref | None = None
    action: bool = False
    notice: bool = False


class Join(Message, tag="JOIN"):
    """Enters a room; with `after`, what came after that id is replayed first.

    With `who`, it also asks who is there, as WHO does.
    """

    room: str
    after: MessageId | None = None
    ref: Ref | None = None
    password: Secret | None = None
    who: bool = False


class Leave(Message, tag="LEAVE"):
    """Leaves a room; the others are told the `text`."""

    room: str | None = None
    ref: Ref | None = None
    text: Parting = ""


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
    """Asks who is in a room; with their `profiles`, if they have any."""

    room: str | None = None
    ref: Ref | None = None
    profiles: bool = False


class List(Message, tag="LIST"):
    """Asks which rooms there are."""

    ref: Ref | None = None


class History(Message, tag="HISTORY"):
    """Asks for a page of a room's messages: the last ones, or those beside an id or a time.

    A moderator gets them `raw`, as they were said before they were edited or deleted. With a `peer` they are
    those of the direct messages that were said with that one.
    """

    room: str | None = None
    before: MessageId | None = None
    after: MessageId | None = None
    until: float | None = None
    since: float | None = None
    limit: PageSize = PAGE_MESSAGES
    ref: Ref | None = None
    raw: bool = False
    peer: str | None = None


class Search(Message, tag="SEARCH"):
    """Asks for the newest messages that have all the words, in one of the sender's rooms or in all."""

    words: Text
    room: str | None = None
    limit: PageSize = 50
    ref: Ref | None = None


class Edit(Message, tag="EDIT"):
    """Gives an own message another text."""

    id: MessageId
    text: Text
    room: str | None = None
    ref: Ref | None = None


class Delete(Message, tag="DELETE"):
    """Takes the text of an own message away, or as a moderator of any."""

    id: MessageId
    room: str | None = None
    ref: Ref | None = None


class Ping(Message, tag="PING"):
    """Asks for a PONG; goes both ways."""

    ref: Ref | None = None


class Pong(Message, tag="PONG"):
    """Answers a PING; goes both ways."""

    ref: Ref | None = None


class Exit(Message, tag="EXIT"):
    """Leaves the chat; the others are told the `text`, and the server answers BYE and closes."""

    ref: Ref | None = None
    text: Parting = ""


ClientMessage = (
    RegName
    | Msg
    | Dm
    | Join
    | Leave
    | Name
    | Topic
    | Who
    | List
    | History
    | Search
    | Edit
    | Delete
    | Read
    | Positions
    | Kick
    | Ban
    | Unban
    | Mute
    | Invite
    | Bans
    | Role
    | Rules
    | Ignore
    | Profile
    | Whois
    | Watch
    | Ping
    | Pong
    | Exit
)
