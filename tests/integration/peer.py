"""A chat client made of a raw socket: what it sends and reads are the protocol's lines themselves."""

import json
import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

Frame = dict[str, Any]


class Peer:
    """Somebody in the chat; registers at once, keeps all frames it read in `frames`."""

    def __init__(self, port: int, name: str, seconds: float = 10.0) -> None:
        self.frames: list[Frame] = []
        self._socket = socket.create_connection(("127.0.0.1", port), seconds)
        self._buffer = b""
        self.until(lambda frame: frame["type"] == "REG_NAME", seconds)
        self.send(type="REG_NAME", name=name)
        self.until(lambda frame: frame["type"] == "WELCOME", seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, **frame: object) -> None:
        """Send one frame."""
        self._socket.sendall(json.dumps(frame).encode() + b"\n")

    def send_lines(self, frames: Iterable[Frame]) -> None:
        """Send many frames at once."""
        self._socket.sendall(b"".join([json.dumps(frame).encode() + b"\n" for frame in frames]))

    def skip_until(self, text: bytes) -> None:
        """Read on to a line that has this in it, and keep none of them."""
        while text not in self._buffer:
            self._buffer = self._buffer[-len(text) :] + self._receive()
        while b"\n" not in self._buffer.partition(text)[2]:
            self._buffer += self._receive()
        self._buffer = self._buffer.partition(text)[2].partition(b"\n")[2]

    def say(self, text: str) -> None:
        """Say something in the lobby."""
        self.send(type="MSG", room="lobby", text=text)

    def hears(self, text: str, seconds: float = 10.0) -> Frame:
        """Read on to the message with this text."""
        return self.until(lambda frame: frame["type"] == "MSG" and frame["text"] == text, seconds)

    def until(self, fits: Callable[[Frame], bool], seconds: float = 10.0) -> Frame:
        """Read on to a frame that fits.

        Raises:
            AssertionError: the server closed; the text has all frames.
            TimeoutError: none came within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" not in self._buffer:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
                self._buffer += self._receive()
            line, _, self._buffer = self._buffer.partition(b"\n")
            self.frames.append(json.loads(line))
            if fits(self.frames[-1]):
                return self.frames[-1]

    def _receive(self) -> bytes:
        received = self._socket.recv(65536)
        assert received, f"the server closed before such a frame came; before: {self.frames}"
        return received

    def closed(self, seconds: float = 10.0) -> bool:
        """Tell whether the server closes within `seconds`, reading whatever comes before."""
        self._socket.settimeout(seconds)
        while self._socket.recv(65536):
            pass
        return True
