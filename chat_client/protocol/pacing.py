"""Holds messages back, so that a server which takes only so many a second is not sent more. Pure."""

import math
from collections import deque
from collections.abc import Iterable, Iterator

from chat_protocol.messages import ClientMessage, Dm, Exit, Msg, Ping, Pong, RegName
from chat_protocol.reading_messages import Read
from chat_protocol.server_messages import Pace

#: What goes at once: the server counts it next to nothing, or waits for it.
URGENT = (RegName, Read, Ping, Pong, Exit)
#: What may lack of a message, so that rounding does not cost another wait.
GRAIN = 1e-6


class Pacing:
    """Keeps the order of what it holds. Without a pace everything passes at once.

    What was sent over an earlier connection counts on: the server goes by the user.
    """

    def __init__(self) -> None:
        self._pace: Pace | None = None
        self._held: deque[ClientMessage] = deque()
        # When everything that may be sent at once was sent, or will be.
        self._empty_at = -math.inf

    @property
    def held(self) -> int:
        """How many messages wait for their time."""
        return len(self._held)

    @property
    def due(self) -> float | None:
        """When the next one may go; none if none waits."""
        pace = self._pace
        if pace is None or not self._held:
            return None
        needed = min(self._cost(self._held[0], pace), pace.at_once) - GRAIN
        return self._empty_at + needed / pace.per_second

    def keep_to(self, pace: Pace | None) -> None:
        """Go by what this server says; none if it limits nothing."""
        self._pace = pace

    def pass_on(self, messages: Iterable[ClientMessage], now: float) -> list[ClientMessage]:
        """Take what is to be sent; return what may go now, what was held first."""
        urgent: list[ClientMessage] = []
        for message in messages:
            if isinstance(message, URGENT):
                urgent.append(message)
            else:
                self._held.append(message)
        return [*urgent, *self._released(now)]

    def drop_said(self) -> None:
        """Forget held MSG and DM: they are about to come again, in order with others."""
        self._held = deque(each for each in self._held if not isinstance(each, Msg | Dm))

    def clear(self) -> None:
        """Forget what is held: it was meant for a connection that is gone."""
        self._held.clear()

    def _released(self, now: float) -> Iterator[ClientMessage]:
        pace = self._pace
        while self._held and (pace is None or now >= (self.due or 0.0)):
            message = self._held.popleft()
            if pace is not None:
                full = now - pace.at_once / pace.per_second
                self._empty_at = max(self._empty_at, full) + self._cost(message, pace) / pace.per_second
            yield message

    @staticmethod
    def _cost(message: ClientMessage, pace: Pace) -> float:
        return pace.costs.get(str(message.__struct_config__.tag), 1.0)
