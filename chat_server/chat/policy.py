"""What a session may do: asked in one place, before the handler of a message."""

from chat_protocol.errors import NotAllowedError
from chat_protocol.messages import ClientMessage, Dm, Join, Msg, Name, Topic
from chat_server.chat.names import room_key
from chat_server.store.base import Scope

#: What says something to others.
WRITES = (Msg, Dm, Topic, Name)


def check_scope(scope: Scope, message: ClientMessage) -> None:
    """Raise `NotAllowedError` if the token that a session came with is not for this."""
    asks = isinstance(message, Topic) and message.topic is None
    if not scope.writes and isinstance(message, WRITES) and not asks:
        raise NotAllowedError("this token may read alone")
    if not scope.rooms:
        return
    if isinstance(message, Dm):
        raise NotAllowedError("this token is for rooms alone")
    if isinstance(message, Join) and room_key(message.room) not in scope.rooms:
        raise NotAllowedError(f"this token is for {', '.join(scope.rooms)} alone")


def may_see(scope: Scope, room: str) -> bool:
    """Tell whether a session may know that a room exists."""
    return not scope.rooms or room in scope.rooms
