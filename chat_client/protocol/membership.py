"""Which rooms one is in, or wants to be in once connected. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from chat_protocol.messages import ClientMessage, Join, Leave
from chat_protocol.server_messages import Joined, MsgFrame


class Membership:
    """The rooms, in the order of entering, and what was asked for them."""

    def __init__(self, room: str | None) -> None:
        self._rooms: dict[str, None] = {} if room is None else {room: None}
        #: ref of a JOIN -> the room as it was asked for, which may be spelt otherwise than it is.
        self._asked: dict[str, str] = {}
        #: Of each room that one is in, or was until the connection was lost, the id after which all is live.
        self._live_after: dict[str, int] = {}
        #: The rooms that something was said in, the latest last.
        self._used: dict[str, None] = {}

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

    def refused(self, ref: str | None) -> str | None:
        """Note that a request was refused; if it was a JOIN, the room is not wanted any more.

        Returns the room if one was in it before the connection was lost.
        """
        room = self._asked.pop(ref or "", "")
        self._rooms.pop(room, None)
        return None if self._live_after.pop(room, None) is None else room

    def left(self, room: str) -> None:
        """Note that we are in a room no more."""
        self._rooms.pop(room, None)
        self._used.pop(room, None)
        self._live_after.pop(room, None)

    def use(self, room: str) -> None:
        """Note that something is said in a room."""
        self._used.pop(room, None)
        self._used[room] = None

    def foremost(self, number: int, waits_in: Callable[[str], bool]) -> list[str]:
        """Return the rooms to be in if there may be only so many.

        First come those where something waits to be said, then those where something was said lately, then
        those entered lately.
        """
        used, entered = list(self._used), list(self._rooms)

        def rank(room: str) -> tuple[bool, int, int]:
            return waits_in(room), used.index(room) if room in self._used else -1, entered.index(room)

        chosen = set(sorted(entered, key=rank, reverse=True)[: max(0, number)])
        return [room for room in entered if room in chosen]

    def welcomed(
        self, present: Sequence[str], *, again: bool, foremost: Sequence[str]
    ) -> tuple[list[str], list[str], list[str]]:
        """Compare with the rooms the server has us in; return which to join, to leave, and to give up.

        At the first time what the server chose for us is wanted too. Later, what is in the way of a room that
        is among the `foremost` is left.
        """
        if not again:
            missing = [room for room in self._rooms if room not in present]
            self._rooms |= dict.fromkeys(present)
            return missing, [], []
        wanted = [room for room in foremost if room not in present]
        given_up = [room for room in self._rooms if room not in foremost]
        for room in given_up:
            self.left(room)
        return wanted, [room for room in present if room not in self._rooms], given_up

    def reenter(
        self,
        present: Sequence[str],
        foremost: Sequence[str],
        after: Mapping[str, int],
        refs: Iterator[str],
        *,
        again: bool,
    ) -> tuple[list[ClientMessage], list[str]]:
        """Return what is to be sent so that we are where we want to be, and the rooms that are given up."""
        missing, unwanted, given_up = self.welcomed(present, again=again, foremost=foremost)
        messages: list[ClientMessage] = [Leave(room=room, ref=next(refs)) for room in unwanted]
        for room in missing:
            ref = next(refs)
            self.ask(ref, room)
            messages.append(Join(room=room, after=after.get(room), ref=ref))
        return messages, given_up

    def disconnected(self) -> None:
        """Forget what was asked for on a connection that is gone."""
        self._asked.clear()

    def is_replay(self, frame: MsgFrame) -> bool:
        """Whether this was said before we entered or came back."""
        return frame.id <= self._live_after.get(frame.room, 0)
