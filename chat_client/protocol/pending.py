"""What was sent and is not acknowledged yet. Pure: knows no socket, thread or clock."""

from collections import Counter

from chat_client.errors import PendingFullError, RefInUseError
from chat_protocol.messages import Dm, Msg

#: How many messages may wait for their acknowledgement before `add` refuses more.
PENDING_MESSAGES = 1000


class Pending:
    """Unacknowledged messages by their ref, in the order in which they were said."""

    def __init__(self) -> None:
        self._messages: dict[str, Msg | Dm] = {}
        self._rooms: Counter[str | None] = Counter()

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

    def get(self, ref: str | None) -> Msg | Dm | None:
        """Return the message with this ref, if it waits."""
        return self._messages.get(ref) if ref else None

    def settle(self, ref: str | None) -> Msg | Dm | None:
        """Forget the message with this ref and return it; none if none waits."""
        message = self._messages.pop(ref, None) if ref else None
        if message is not None:
            self._rooms[_room(message)] -= 1
        return message

    def waits_in(self, room: str) -> bool:
        """Whether a message to this room waits, which may have got an id that nobody told yet."""
        return self._rooms[room] > 0

    def messages(self) -> list[Msg | Dm]:
        """Return what waits, in order."""
        return list(self._messages.values())


def _room(message: Msg | Dm) -> str | None:
    return message.room if isinstance(message, Msg) else None
