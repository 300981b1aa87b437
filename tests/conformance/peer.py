"""A client made of a socket and JSON: it knows nothing of the code that it talks to."""

import itertools
import json
import socket
import struct
from types import TracebackType
from typing import Any, Self

Frame = dict[str, Any]
Address = tuple[str, int]

#: Seconds after which a test fails that waits for the server.
PATIENCE = 10.0
_numbers = itertools.count(1)


def fresh(base: str) -> str:
    """Return a name of a user or room that no other test uses."""
    return f"{base}{next(_numbers)}"


class Peer:
    """One connection; `seen` has every frame that was read, in order."""

    def __init__(self, address: Address, receive_buffer: int | None = None) -> None:
        self.seen: list[Frame] = []
        self.name = ""
        self.session = ""
        self._buffer = b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def register(self, name: str, **fields: object) -> Frame:
        """Give a name; return the WELCOME."""
        self.until("REG_NAME")
        self.send("REG_NAME", name=name, **fields)
        welcome = self.until("WELCOME")
        self.name, self.session = welcome["name"], welcome["session"]
        for room in welcome["rooms"]:
            self.until("JOINED", room=room, name=self.name)
        return welcome

    def join(self, room: str, **fields: object) -> Frame:
        """Enter a room; return the JOINED."""
        self.send("JOIN", room=room, **fields)
        return self.until("JOINED", room=room, name=self.name)

    def say(self, text: str, room: str, **fields: object) -> None:
        """Say something in a room."""
        self.send("MSG", text=text, room=room, **fields)

    def hear(self, text: str, room: str) -> Frame:
        """Read on to the message with this text."""
        return self.until("MSG", text=text, room=room)

    def send(self, kind: str, **fields: object) -> None:
        """Send one frame."""
        self.raw(json.dumps({"type": kind, **fields}).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def read(self) -> Frame:
        """Read one frame. Raises `EOFError` where the server has closed, `TimeoutError` where none comes."""
        while (end := self._buffer.find(b"\n")) < 0:
            received = self.socket.recv(1 << 16)
            if not received:
                raise EOFError(f"closed after {self.seen[-5:]}, with {self._buffer!r} begun")
            self._buffer += received
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        frame: Frame = json.loads(line)
        self.seen.append(frame)
        return frame

    def until(self, kind: str, **fields: object) -> Frame:
        """Read on to a frame of this type with these fields."""
        while True:
            frame = self.read()
            if frame["type"] == kind and all(frame.get(key) == value for key, value in fields.items()):
                return frame

    def messages(self, room: str, last: str) -> list[Frame]:
        """Read on to the message with the text `last`; return all messages of the room up to it."""
        start = len(self.seen)
        self.hear(last, room)
        return [each for each in self.seen[start:] if each["type"] == "MSG" and each["room"] == room]

    def fence(self) -> list[Frame]:
        """Send a PING; return what came before its PONG, so that what did not come can be known."""
        start = len(self.seen)
        ref = fresh("fence")
        self.send("PING", ref=ref)
        self.until("PONG", ref=ref)
        return self.seen[start:-1]

    def rest(self) -> list[Frame]:
        """Read to the end of the stream; return those frames."""
        start = len(self.seen)
        try:
            while True:
                self.read()
        except EOFError:
            assert not self._buffer, "the last line has no end"
            return self.seen[start:]

    def bye(self) -> str:
        """Read to the end of the stream; return the reason of the BYE that must be its last line."""
        last = self.rest()[-1]
        assert last["type"] == "BYE"
        return str(last["reason"])

    def reset(self) -> None:
        """Break the connection with an RST instead of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


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
        peer = Peer(self.address, receive_buffer)
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
