# ruff: noqa: T201 - a command that prints
"""Many TLS clients that send and receive at once: nothing crashes, locks up, is lost or out of order.

`python -m tests.chaos.hammer --clients 200 --seconds 60`; exit status 1 if so.
"""

import argparse
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from chat_protocol.tls import TlsStream
from tests.chaos.process import Server
from tests.support.certificates import client_context, made
from tests.support.peer import Address

#: Clients of one room: each hears all that the others of it say.
ROOM_CLIENTS = 20
#: Seconds between two messages of one client.
PAUSE_SECONDS = 0.2
#: For how long, in seconds, a client waits for anything.
PATIENCE = 30.0


class Hammerer:
    """One client: a thread sends, another receives, over one TLS connection."""

    def __init__(self, address: Address, number: int, seconds: float) -> None:
        self._room = f"room{number // ROOM_CLIENTS}"
        self._seconds = seconds
        self.sent = 0
        self.ids: list[int] = []
        self.acknowledged = 0
        self.fault = ""
        self._socket = socket.create_connection(address, PATIENCE)
        self._stream = TlsStream(self._socket, client_context(), "localhost", server=False)
        self._stream.handshake(PATIENCE)
        self._say(type="REG_NAME", name=f"client{number}")
        self._say(type="JOIN", room=self._room)
        self.sender = threading.Thread(target=self._send, name=f"sender-{number}")
        self.receiver = threading.Thread(
            target=self._receive,
            name=f"receiver-{number}",
            daemon=True,  # one that hangs is told of, and must not hang the rest
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def leave(self) -> None:
        """Say so; the receiver finds the end."""
        self._say(type="EXIT")

    def _say(self, **fields: object) -> None:
        self._stream.send_all(json.dumps(fields).encode() + b"\n", PATIENCE)

    def _send(self) -> None:
        deadline = time.monotonic() + self._seconds
        pause = threading.Event()
        try:
            while time.monotonic() < deadline:
                self.sent += 1
                self._say(type="MSG", room=self._room, text="x" * (self.sent % 2000 + 1), ref=str(self.sent))
                pause.wait(PAUSE_SECONDS)
        except OSError as error:
            self.fault = f"sending: {error!r}"

    def _receive(self) -> None:
        rest = b""
        try:
            while data := self._stream.receive(1 << 16):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
        except (OSError, ValueError) as error:
            self.fault = f"receiving: {error!r}"

    def _take(self, frame: dict[str, object]) -> None:
        if frame.get("room") != self._room:
            return
        if frame["type"] in {"MSG", "ACK"}:
            assert isinstance(frame["id"], int)
            self.ids.append(frame["id"])
            self.acknowledged += frame["type"] == "ACK"


def hammer(clients: int, seconds: float, folder: Path) -> Sequence[str]:
    """Run it; return what went wrong."""
    files = ("--tls-cert", str(made() / "cert.pem"), "--tls-key", str(made() / "key.pem"))
    server = Server(folder / "chat.db", *files)
    server.start()
    people = [Hammerer(server.address, number, seconds) for number in range(clients)]
    rooms = [people[at : at + ROOM_CLIENTS] for at in range(0, clients, ROOM_CLIENTS)]
    for each in people:
        each.receiver.start()
    for each in people:
        each.sender.start()
    for each in people:
        each.sender.join(seconds + PATIENCE)
    wrong = [text for room in rooms for text in _wrong(room)]
    for each in people:
        each.leave()
    for each in people:
        each.receiver.join(PATIENCE)
        each.close()
    server.stop()
    wrong += server.errors
    sent, heard = sum(each.sent for each in people), sum(len(each.ids) for each in people)
    print(f"hammer: Python {sys.version.split()[0]}, {clients} clients with TLS, {seconds:g} s:")
    print(f"  {sent:,} messages, {heard:,} heard, {len(wrong)} faults")
    return wrong


def _wrong(room: Sequence[Hammerer]) -> list[str]:
    """Wait until everybody of a room has heard everything; return what went wrong there."""
    total = sum(each.sent for each in room)
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while any(len(each.ids) < total and not each.fault for each in room) and time.monotonic() < deadline:
        pause.wait(0.01)
    return [text for each in room if (text := _judged(each, total))]


def _judged(client: Hammerer, total: int) -> str:
    """Return what went wrong for one client of a room in which so many messages were sent."""
    if client.fault:
        return client.fault
    if client.ids != list(range(1, total + 1)):
        return f"of {total} ids it has {len(client.ids)}, or not in their order"
    if client.acknowledged != client.sent:
        return f"{client.acknowledged} of {client.sent} acknowledged"
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.hammer", description=__doc__)
    parser.add_argument("--clients", type=int, default=200, help="how many (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long (%(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        wrong = hammer(options.clients, options.seconds, Path(folder))
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
