"""A client that speaks lines of IRC, and knows nothing of the code that it talks to."""

import socket
from types import TracebackType
from typing import Self

from tests.support.peer import PATIENCE, RECEIVE_BYTES, Address


class IrcPeer:
    """One connection, used by one thread. What reads fails after `PATIENCE` seconds without a line."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.nick = ""
        self._buffer = b""
        self._syncs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def register(self, nick: str, *caps: str) -> list[str]:
        """Come in under this nick, with these capabilities; return the welcome."""
        self.nick = nick
        if caps:
            self.send("CAP LS 302", f"CAP REQ :{' '.join(caps)}")
        self.send(f"NICK {nick}", f"USER {nick} 0 * :Real {nick}")
        if caps:
            self.send("CAP END")
        self.until(" 001 ")
        return self.sync()

    def join(self, channel: str) -> list[str]:
        """Come into a channel; return what is shown of it."""
        self.send(f"JOIN {channel}")
        return [*self.until(" 366 "), *self.sync()]

    def send(self, *lines: str) -> None:
        """Send lines in one go."""
        self.raw("".join(f"{line}\r\n" for line in lines).encode())

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def read(self) -> str:
        """Read one line. Raises `EOFError` at the end of the stream."""
        while b"\r\n" not in self._buffer:
            data = self.socket.recv(RECEIVE_BYTES)
            if not data:
                raise EOFError
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    def until(self, part: str) -> list[str]:
        """Read up to the line that has this in it; return all of them."""
        lines = [self.read()]
        while part not in lines[-1]:
            lines.append(self.read())
        return lines

    def sync(self) -> list[str]:
        """Return all that was sent until the server has answered a PING."""
        self._syncs += 1
        token = f"sync-{self._syncs}"
        self.send(f"PING :{token}")
        return self.until(f" PONG server.chat :{token}")[:-1]

    def ask(self, *lines: str) -> list[str]:
        """Send lines; return what comes of them."""
        self.send(*lines)
        return self.sync()

    def end(self) -> list[str]:
        """Read to the end of the stream; return what was left."""
        lines = []
        try:
            while True:
                lines.append(self.read())
        except (EOFError, ConnectionResetError):
            return lines
