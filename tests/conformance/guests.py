"""Who comes to the server that the tests of conformance look at."""

from tests.support.peer import Address, Frame, Peer, fresh


class Guests:
    """Brings peers to one server, and sees them off."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._peers: list[Peer] = []

    def __call__(self, room: str | None = None, name: str = "guest", **fields: object) -> Peer:
        """Bring a peer with a name of its own, and into the room."""
        peer = self.stranger()
        peer.register(fresh(name), **fields)
        if room is not None:
            peer.join(room)
        peer.fence()  # JOINED comes before the replay; only after it all is live
        return peer

    def stranger(self, receive_buffer: int | None = None) -> Peer:
        """Bring a peer that has said nothing yet."""
        peer = Peer(self.address, receive_buffer=receive_buffer)
        self._peers.append(peer)
        return peer

    def leave(self) -> None:
        """Close all their connections."""
        for peer in self._peers:
            peer.close()


class Bystanders:
    """Two in a room who must not notice what others do wrong there."""

    def __init__(self, guests: Guests, room: str) -> None:
        self.room = room
        self._speaker = guests(room, "speaker")
        self._listener = guests(room, "listener")
        self._speaker.until("JOINED", room=room, name=self._listener.name)

    def check(self) -> list[Frame]:
        """Have one speak and the other hear it; return what else the listener has heard by then."""
        text = fresh("unharmed")
        start = len(self._listener.seen)
        self._speaker.say(text, self.room, ref=text)
        self._listener.hear(text, self.room)
        self._speaker.until("ACK", ref=text)
        return [each for each in self._listener.seen[start:-1] if each.get("room") == self.room]

    def sees_leave(self, name: str) -> str:
        """Return the reason with which somebody leaves the room."""
        return str(self._listener.until("LEFT", room=self.room, name=name)["reason"])
