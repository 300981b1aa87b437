"""Which rooms one is in, or wants to be in once connected. Pure."""

from chat_server.wire.messages import Joined, MsgFrame


class Membership:
    """The rooms, in the order of entering, and what was asked for them."""

    def __init__(self, room: str | None) -> None:
        self._rooms: dict[str, None] = {} if room is None else {room: None}
        #: ref of a JOIN -> the room as it was asked for, which may be spelt otherwise than it is.
        self._asked: dict[str, str] = {}
        self._live_after: dict[str, int] = {}

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms to be in."""
        return tuple(self._rooms)

    def ask(self, ref: str, room: str) -> None:
        """Note that a JOIN with this ref asks for the room."""
        self._asked[ref] = room
        self._rooms[room] = None

    def entered(self, joined: Joined, last: int) -> None:
        """Note that the server let us in; after the id `last` all is live."""
        asked = self._asked.pop(joined.ref or "", joined.room)
        if asked != joined.room:
            self._rooms.pop(asked, None)
        self._rooms[joined.room] = None
        self._live_after[joined.room] = last

    def refused(self, ref: str | None) -> None:
        """Note that a request was refused; if it was a JOIN, the room is not wanted any more."""
        self._rooms.pop(self._asked.pop(ref or "", ""), None)

    def left(self, room: str) -> None:
        """Note that we are in a room no more."""
        self._rooms.pop(room, None)

    def welcomed(self, present: list[str], *, again: bool) -> tuple[list[str], list[str]]:
        """Compare with the rooms the server has us in; return which to join and which to leave.

        At the first time what the server chose for us is wanted too.
        """
        missing = [room for room in self._rooms if room not in present]
        unwanted = [room for room in present if again and room not in self._rooms]
        if not again:
            self._rooms |= dict.fromkeys(present)
        return missing, unwanted

    def disconnected(self) -> None:
        """Forget what was asked for on a connection that is gone."""
        self._asked.clear()

    def is_replay(self, frame: MsgFrame) -> bool:
        """Whether this was said before we entered or came back."""
        return frame.id <= self._live_after.get(frame.room, 0)
