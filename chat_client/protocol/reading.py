"""How far what was told has been read, for the server to keep with the account. Pure."""

from collections.abc import Mapping

from chat_protocol.reading_messages import Read

#: For how many seconds what was told is gathered before the server hears of it.
READ_SECONDS = 2.0


class Reading:
    """Which ids the server is to be told as read; nothing, for a guest."""

    def __init__(self) -> None:
        #: When `due` has something; none while it has nothing.
        self.at: float | None = None
        self._sent: dict[str, int] = {}
        self._told: dict[str, int] = {}

    def told(self, positions: Mapping[str, int], now: float) -> None:
        """Note that everything up to these ids was shown or saved."""
        news = {room: id_ for room, id_ in positions.items() if id_ > self._sent.get(room, 0)}
        if news:
            self._told |= news
            self.at = now + READ_SECONDS if self.at is None else self.at

    def due(self, now: float) -> list[Read]:
        """Return what is to be sent now, if it is time."""
        return self.rest() if self.at is not None and now >= self.at else []

    def rest(self) -> list[Read]:
        """Return all that is to be sent, before leaving."""
        told, self._told, self.at = self._told, {}, None
        self._sent |= told
        return [Read(id_, room) for room, id_ in told.items()]

    def disconnected(self) -> None:
        """Have what may not have arrived sent again."""
        self._sent.clear()
        self.at = None
