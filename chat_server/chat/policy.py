"""What a session may do: asked in one place, before the handler of a message."""

from chat_protocol.errors import NotAllowedError, RateLimitedError
from chat_protocol.messages import (
    ClientMessage,
    Delete,
    Dm,
    Exit,
    History,
    Join,
    Leave,
    List,
    Ping,
    Pong,
    Search,
    Topic,
    Who,
)
from chat_protocol.moderation_messages import Ignore
from chat_protocol.people_messages import Watch, Whois
from chat_protocol.reading_messages import Positions, Read
from chat_server.chat.bans import Bans, told
from chat_server.chat.names import room_key
from chat_server.chat.room import Room
from chat_server.chat.session import Session
from chat_server.chat.standing import Role
from chat_server.store.base import Scope

#: What a token for reading allows: it neither says nor changes anything for others. A TOPIC may ask as well.
READS = (Join, Leave, Who, Whois, Watch, List, History, Search, Read, Positions, Ping, Pong, Exit)
#: What is left to somebody who is muted in the whole chat. A new name would be a way to speak, or out of it.
MUTED_MAY = (*READS, Ignore, Delete)


def check_scope(scope: Scope, message: ClientMessage) -> None:
    """Raise `NotAllowedError` if the token that a session came with is not for this."""
    if not scope.writes and not isinstance(message, READS) and not _asks(message):
        raise NotAllowedError("this token may read alone")
    if not scope.rooms:
        return
    if isinstance(message, Dm):
        raise NotAllowedError("this token is for rooms alone")
    room: str | None = getattr(message, "room", None)  # none is the room joined last, which is one of them
    if room is not None and room_key(room) not in scope.rooms:
        raise NotAllowedError(f"this token is for {', '.join(scope.rooms)} alone")


def check_mute(bans: Bans, session: Session, message: ClientMessage) -> None:
    """Raise `NotAllowedError` if somebody is muted in the whole chat, and this is more than reading."""
    if isinstance(message, MUTED_MAY) or _asks(message):
        return
    if (mute := bans.mute_of(session.identity)) is not None:
        raise NotAllowedError(told(mute))


def may_part(bans: Bans, session: Session, room: Room) -> bool:
    """Tell whether somebody who leaves a room may say something to those who stay."""
    if not session.scope.writes or bans.mute_of(session.identity) is not None:
        return False
    try:
        if room.standing is not None:
            room.standing.may_speak(session.identity, 1)
    except (NotAllowedError, RateLimitedError):
        return False
    return True


def _asks(message: ClientMessage) -> bool:
    return isinstance(message, Topic) and message.topic is None


def may_see(session: Session, room: Room) -> bool:
    """Tell whether a session may know that a room exists, and how many are in it."""
    if session.scope.rooms and room.name not in session.scope.rooms:
        return False
    standing = room.standing
    if standing is None or not standing.rules.unlisted or session in room:
        return True
    return standing.role(session.identity) >= Role.MODERATOR
