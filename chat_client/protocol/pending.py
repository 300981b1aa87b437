"""What was sent and is not acknowledged yet. Pure: knows no socket, thread or clock."""

import unicodedata
from collections import Counter

from chat_client.errors import PendingFullError, RefInUseError, TooLongError
from chat_client.protocol.events import Changed, DirectSaid, NotTaken, Said
from chat_protocol.codec import encode
from chat_protocol.messages import ClientMessage, Delete, Dm, Edit, Msg
from chat_protocol.server_messages import Ack, DeleteFrame, DmFrame, EditFrame, ErrorFrame, MsgFrame

#: How many messages may wait for their acknowledgement before `add` refuses more.
PENDING_MESSAGES = 1000


class Pending:
    """Unacknowledged messages by their ref, in the order in which they were said."""

    def __init__(self) -> None:
        self._messages: dict[str, Msg | Dm] = {}
        self._rooms: Counter[str | None] = Counter()
        # Edits and deletions by their ref, which are not sent again.
        self._changes: dict[str, Edit | Delete] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, ref: str, message: Msg | Dm) -> None:
        """Keep a message until `settle`. Raises `PendingFullError`, `RefInUseError`."""
        if len(self._messages) >= PENDING_MESSAGES:
            raise PendingFullError(
                f"{PENDING_MESSAGES} messages wait for the server already; try again when it answers"
            )
        if ref in self._messages:
            raise RefInUseError(f"a message with the ref {ref} waits already; give each its own")
        self._messages[ref] = message
        self._rooms[_room(message)] += 1

    def note_change(self, message: Edit | Delete) -> None:
        """Keep an edit or a deletion until it is acknowledged, or the connection is lost."""
        self._changes[message.ref or ""] = message
        self._rooms[message.room] += 1

    def disconnected(self) -> None:
        """Forget what is not sent again."""
        for ref in [*self._changes]:
            self.settle_change(ref)

    def settle_change(self, ref: str | None) -> Edit | Delete | None:
        """Forget an edit or a deletion and return it; none if none waits."""
        change = self._changes.pop(ref, None) if ref else None
        if change is not None:
            self._rooms[change.room] -= 1
        return change

    def get(self, ref: str | None) -> Msg | Dm | None:
        """Return the message with this ref, if it waits."""
        return self._messages.get(ref) if ref else None

    def settle(self, ref: str | None) -> Msg | Dm | None:
        """Forget the message with this ref and return it; none if none waits."""
        message = self._messages.pop(ref, None) if ref else None
        if message is not None:
            self._rooms[_room(message)] -= 1
        return message

    def drop_overlong(self, limit: int) -> list[NotTaken]:
        """Give up messages that were taken before the server said how many bytes it takes; return them."""
        given_up = []
        for message in self.messages():
            try:
                check_length(message, limit)
            except TooLongError as error:
                self.settle(message.ref)
                given_up.append(NotTaken(message, ErrorFrame(code="line_too_long", text=str(error))))
        return given_up

    def acknowledged(self, ack: Ack, name: str, *, is_account: bool) -> Said | Changed | DirectSaid | None:
        """Settle the message that is acknowledged; return it as it was said, or none if none waits."""
        message = self.settle(ack.ref) or self.settle_change(ack.ref)
        if isinstance(message, Edit):
            place = (ack.room or "", ack.id, ack.ts)
            return Changed(EditFrame(*place, name, message.id, message.text, is_account))
        if isinstance(message, Delete):
            return Changed(DeleteFrame(ack.room or "", ack.id, ack.ts, name, message.id, is_account))
        if isinstance(message, Msg):
            room = ack.room or message.room or ""
            frame = MsgFrame(room, ack.id, ack.ts, name, message.text, message.action, is_account)
            frame.notice = message.notice
            return Said(frame, own=True)
        if isinstance(message, Dm):
            told = DmFrame(ack.id, ack.ts, name, message.to, message.text, is_account, message.action)
            told.notice = message.notice
            return DirectSaid(told, own=True)
        return None

    def waits_in(self, room: str) -> bool:
        """Whether a message to this room waits, which may have got an id that nobody told yet."""
        return self._rooms[room] > 0

    @property
    def waits_alone(self) -> bool:
        """Whether a direct message waits: it has an id of an account's own, which nobody told yet."""
        return self._rooms[None] > 0

    def messages(self) -> list[Msg | Dm]:
        """Return what waits, in order."""
        return list(self._messages.values())


def is_to_oneself(frame: DmFrame) -> bool:
    """Return whether somebody said it to themselves, in whichever spelling of the name."""
    sender, to = (unicodedata.normalize("NFKC", each.strip()).casefold() for each in (frame.sender, frame.to))
    return sender == to


def check_length(message: ClientMessage, limit: int) -> None:
    """Raise `TooLongError` if a message takes more than so many bytes."""
    if (size := len(encode(message))) > limit:
        raise TooLongError(f"too long by {size - limit} bytes: the server takes {limit} in all; split it")


def _room(message: Msg | Dm) -> str | None:
    return message.room if isinstance(message, Msg) else None
