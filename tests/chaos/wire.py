"""Lines of JSON over a socket: the protocol as anybody may speak it, with none of the project's code."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

from tests.chaos.records import Stored

Frame = dict[str, Any]
Address = tuple[str, int]
#: The most messages that one page of history has.
PAGE = 200
#: The name of whoever looks into rooms from outside of the load.
READER = "reader"


class ClosedError(ConnectionError):
    """The other side closed the connection."""


class Wire:
    """One connection; used by one thread."""

    def __init__(self, address: Address, timeout: float = 5.0) -> None:
        self._socket = socket.create_connection(address, timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timeout = timeout
        self._tail = b""
        self._frames: list[Frame] = []

    def send(self, *frames: Frame) -> None:
        """Send frames in one go. Raises `OSError`."""
        self.send_raw(b"".join(json.dumps(frame).encode() + b"\n" for frame in frames))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are. Raises `OSError`."""
        self._socket.settimeout(self._timeout)
        self._socket.sendall(data)

    def receive(self, timeout: float) -> list[Frame]:
        """Return the frames that came, or none after `timeout` seconds. Raises `OSError`."""
        if self._frames:
            frames, self._frames = self._frames, []
            return frames
        self._socket.settimeout(max(timeout, 0.001))
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return []
        if not data:
            raise ClosedError("closed by the server")
        *lines, self._tail = (self._tail + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def until(self, kind: str, timeout: float = 10.0, ref: str | None = None) -> Frame:
        """Read on to a frame of this type and ref; an ERROR with the ref is an error. Raises `OSError`."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            frames = self.receive(left)
            for place, frame in enumerate(frames, 1):
                fits = ref is None or frame.get("ref") == ref
                if fits and frame["type"] in (kind, "ERROR"):
                    self._frames = frames[place:]
                    if frame["type"] == "ERROR":
                        raise ConnectionError(frame)
                    return frame
        raise TimeoutError(f"no {kind} within {timeout:g} s")

    def close(self) -> None:
        """Close the connection, without a word."""
        self._socket.close()


def read_journal(address: Address, rooms: tuple[str, ...]) -> list[Stored]:
    """Return all that HISTORY has of the rooms. Raises `OSError`."""
    with _reader(address) as wire:
        return [message for room in rooms for message in _read_room(wire, room)]


def read_members(address: Address, rooms: tuple[str, ...]) -> dict[str, list[str]]:
    """Return who is in each of the rooms, `READER` too. Raises `OSError`."""
    members = {}
    with _reader(address) as wire:
        for room in rooms:
            _join(wire, room)
            wire.send({"type": "WHO", "room": room, "ref": f"who {room}"})
            members[room] = wire.until("USERS", ref=f"who {room}")["names"]
    return members


@contextlib.contextmanager
def _reader(address: Address) -> Iterator[Wire]:
    wire = Wire(address)
    try:
        wire.until("REG_NAME")
        wire.send({"type": "REG_NAME", "name": READER})
        wire.until("WELCOME")
        yield wire
        wire.send({"type": "EXIT"})
        wire.until("BYE")
    finally:
        wire.close()


def _join(wire: Wire, room: str) -> None:
    wire.send({"type": "JOIN", "room": room, "ref": f"join {room}"})
    wire.until("JOINED", ref=f"join {room}")


def _read_room(wire: Wire, room: str) -> Iterator[Stored]:
    _join(wire, room)
    after, more = 0, True
    while more:
        ref = f"{room} {after}"
        wire.send({"type": "HISTORY", "room": room, "after": after, "limit": PAGE, "ref": ref})
        page = wire.until("HISTORY", ref=ref)
        for each in page["messages"]:
            yield Stored(room, each["id"], each["from"], each["text"])
            after = each["id"]
        more = page["more"] and bool(page["messages"])
