"""The one client of the tests: a socket and JSON. It knows nothing of the code that it talks to."""

import itertools
import json
import socket
import struct
import time
from types import TracebackType
from typing import Any, Self

Frame = dict[str, Any]
Address = tuple[str, int]

#: For how long a test waits for the server, in seconds, before it fails.
PATIENCE = 10.0
RECEIVE_BYTES = 1 << 16
_numbers = itertools.count(1)


def fresh(base: str) -> str:
    """Return a name of a user or room that no other test uses."""
    return f"{base}{next(_numbers)}"


def joined(port: int | str, name: str) -> "Peer":
    """Return somebody of that name, who is in the lobby of the server on a port of this machine."""
    peer = Peer(("127.0.0.1", int(port)))
    peer.register(name)
    return peer


class ClosedError(ConnectionError, EOFError):
    """The server has closed the connection."""


class Peer:
    """One connection, used by one thread; `seen` has every frame that was read, in order.

    What reads raises `ClosedError`, and `TimeoutError` if nothing comes for `timeout` seconds.
    """

    def __init__(
        self, address: Address, timeout: float = PATIENCE, receive_buffer: int | None = None
    ) -> None:
        self.seen: list[Frame] = []
        self.name = ""
        self.session = ""
        self._buffer = b""
        self._timeout = timeout
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(address)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Saying

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

    def say(self, text: str, room: str = "lobby", **fields: object) -> None:
        """Say something in a room."""
        self.send("MSG", text=text, room=room, **fields)

    def send(self, kind: str, **fields: object) -> None:
        """Send one frame."""
        self.send_frames({"type": kind, **fields})

    def send_frames(self, *frames: Frame) -> None:
        """Send frames in one go."""
        self.raw(b"".join([json.dumps(frame).encode() + b"\n" for frame in frames]))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.settimeout(self._timeout)
        self.socket.sendall(data)

    # Hearing

    def read(self, timeout: float | None = None) -> Frame:
        """Read one frame."""
        self.socket.settimeout(self._timeout if timeout is None else max(timeout, 0.001))
        while (end := self._buffer.find(b"\n")) < 0:
            self._receive()
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        frame: Frame = json.loads(line)
        self.seen.append(frame)
        return frame

    def receive(self, timeout: float) -> list[Frame]:
        """Return the frames that have come, or none after so many seconds."""
        try:
            frames = [self.read(timeout)]
        except TimeoutError:
            return []
        while b"\n" in self._buffer:
            frames.append(self.read())
        return frames

    def until(self, kind: str, timeout: float | None = None, **fields: object) -> Frame:
        """Read on to a frame of this type with these fields, for so many seconds in all if that is given."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            frame = self.read(None if deadline is None else deadline - time.monotonic())
            if frame["type"] == kind and all(frame.get(key) == value for key, value in fields.items()):
                return frame

    def hear(self, text: str, room: str = "lobby", timeout: float | None = None) -> Frame:
        """Read on to the message with this text."""
        return self.until("MSG", timeout, text=text, room=room)

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

    def skip_until(self, text: bytes) -> None:
        """Read on to a line that has this in it, and keep none of them."""
        while text not in self._buffer:
            self._buffer = self._buffer[-len(text) :]
            self._receive()
        while b"\n" not in self._buffer.partition(text)[2]:
            self._receive()
        self._buffer = self._buffer.partition(text)[2].partition(b"\n")[2]

    # Ending

    def rest(self, timeout: float | None = None) -> list[Frame]:
        """Read to the end of the stream; return those frames."""
        start = len(self.seen)
        try:
            while True:
                self.read(timeout)
        except ClosedError:
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
        """Close the connection, without a word."""
        self.socket.close()

    def _receive(self) -> None:
        received = self.socket.recv(RECEIVE_BYTES)
        if not received:
            raise ClosedError(f"closed after {self.seen[-5:]}, with {self._buffer!r} begun")
        self._buffer += received
