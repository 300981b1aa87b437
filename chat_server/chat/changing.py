"""EDIT and DELETE: whose message it is, whether it may be changed still, and what is stored for that."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chat_protocol.errors import NoSuchMessageError, NotAllowedError
from chat_protocol.messages import Delete, Edit
from chat_protocol.server_messages import DeleteFrame, EditFrame, MsgFrame
from chat_server.chat.audit import Audit
from chat_server.chat.room import Room
from chat_server.chat.session import Session
from chat_server.chat.speaking import LINE_BYTES
from chat_server.chat.standing import Role
from chat_server.journal.base import Journal
from chat_server.store.moderation import Act
from chat_server.stream.publication import Publication

_decode = msgspec.json.Decoder(MsgFrame | EditFrame | DeleteFrame).decode


@dataclass(frozen=True, slots=True)
class Changing:
    """Says what a change is, and whether it may be.

    A message is changed by whoever said it, within `seconds`; by a moderator it is deleted at any time, and
    their own is changed at any time. A guest's is known as theirs by its `ref`, an account's by the account.
    """

    journal: Journal
    audit: Audit
    time: Callable[[], float]
    seconds: float

    def publication(self, session: Session, room: Room, asked: Edit | Delete, received: float) -> Publication:
        """Return what is to be stored and shown, unless the session has published it before.

        Raises `NotAllowedError`, `NoSuchMessageError`.
        """
        if asked.ref is None or session.ledger is None or not session.ledger.knows(asked.ref):
            self._check(session, room, self._message(room, asked.id), asked)
        text = asked.text if isinstance(asked, Edit) else None
        return Publication(
            room.name,
            1,
            room.now(),
            session.id,
            change=(asked.id, text),
            delivery=room.delivery,
            sender=session,
            messages=[asked],
            author=session.identity.name,
            account=session.identity.is_account,
            received=received,
            kind="delete" if text is None else "edit",
            size=LINE_BYTES + len(text or ""),
        )

    def _message(self, room: Room, id_: int) -> MsgFrame:
        line = self.journal.read(room.name, id_ - 1, min(id_, room.delivery.taken), 1).frames
        frame = _decode(line) if line else None
        if not isinstance(frame, MsgFrame):
            raise NoSuchMessageError("there is no message of this id; it may be too old")
        if frame.deleted:
            raise NoSuchMessageError("this message was deleted")
        return frame

    def _check(self, session: Session, room: Room, message: MsgFrame, asked: Edit | Delete) -> None:
        standing = room.standing
        moderates = standing is not None and standing.role(session.identity) >= Role.MODERATOR
        if _is_own(session, room, message):
            if not moderates and self.time() - message.ts > self.seconds:
                raise NotAllowedError(f"a message can be changed for {self.seconds:g} s; say it anew")
        elif isinstance(asked, Edit):
            raise NotAllowedError("only whoever said it can edit a message")
        elif not moderates:
            raise NotAllowedError("only whoever said it, or a moderator, can delete a message")
        else:
            act = Act(session.identity.name, "delete", message.sender, room.name, str(message.id))
            self.audit.note(act)


def _is_own(session: Session, room: Room, message: MsgFrame) -> bool:
    identity = session.identity
    if message.account != identity.is_account:
        return False
    if identity.is_account:
        return message.sender == identity.name
    return session.ledger is not None and session.ledger.has_published(room.name, message.id)
