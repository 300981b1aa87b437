"""How somebody who is here must go: kicked, or banned."""

from collections.abc import Sequence

from chat_protocol.codec import encode
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import Notice
from chat_server.chat import names
from chat_server.chat.bans import Bans, told
from chat_server.chat.registry import Registry
from chat_server.chat.session import Session
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import Outgoing, push

#: Why somebody had to go who would have stayed, and may not have read what was sent.
REMOVED = frozenset((CloseReason.KICKED, CloseReason.BANNED))
#: Why a connection ended whose session cannot be resumed.
FINAL = frozenset((CloseReason.EXIT, *REMOVED))


def kick(registry: Registry, name: str, reason: str) -> int:
    """End every connection of the user of that name; return how many those were."""
    key = names.user_key(name)
    gone = [each for each in registry.here() if names.key(each.identity.name) == key]
    text = "you were removed from this chat" + (f": {reason}" if reason else "")
    for session in gone:
        dismiss(session.outbox, text, CloseReason.KICKED)
    return len(gone)


def end_banned(registry: Registry, bans: Bans) -> None:
    """End the connections of all who are here under a name or an account that is banned."""
    if bans.in_force():
        _end_banned(registry.here(), bans)


def end_if_banned(session: Session, bans: Bans) -> None:
    """End a session's connection if its name or account has been banned since it was let in."""
    _end_banned([session], bans)


def dismiss(outbox: Outgoing, text: str, reason: CloseReason) -> None:
    """Tell somebody why, and end the connection."""
    push(outbox, Frames(encode(Notice(text))))
    outbox.end(reason)


def _end_banned(sessions: Sequence[Session], bans: Bans) -> None:
    for session in sessions:
        if (ban := bans.of_identity(session.identity)) is not None:
            dismiss(session.outbox, told(ban), CloseReason.BANNED)
