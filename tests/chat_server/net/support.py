"""What the tests of threads and sockets share: a clock to be set, socket pairs, a chat without threads."""

import json
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from chat_protocol.codec import client_decoder
from chat_protocol.server_messages import Limits, RegNameRequest
from chat_server.chat.access import Access, AccessRules
from chat_server.chat.hub import Hub
from chat_server.chat.registry import HubLimits
from chat_server.chat.room import RoomContext
from chat_server.journal.memory import MemoryJournal
from chat_server.net.connection import ClientConnection, ConnectionContext
from chat_server.net.dialects.jsonlines import JsonLines, JsonLinesSettings
from chat_server.net.flusher import Flusher
from chat_server.net.outbox import OutboxLimits
from chat_server.net.transport import TcpTransport
from chat_server.store.sqlite import SqliteStore
from chat_server.stream.commit import GroupCommit
from chat_server.stream.context import StreamContext

#: Seconds after which a test fails that waits for another thread.
PATIENCE = 5.0


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now


def tiny_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets of which the first takes only a few kilobytes."""
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    far.settimeout(PATIENCE)
    return near, far


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Return two sockets connected through TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname(), PATIENCE)
        near, _ = listener.accept()
    return near, far


def reset(sock: socket.socket) -> None:
    """Close a TCP socket with an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def available(sock: socket.socket) -> bytes:
    """Return what can be read at once."""
    sock.setblocking(False)  # socket's own signature
    received = b""
    try:
        while data := sock.recv(1 << 16):
            received += data
    except BlockingIOError:
        pass
    sock.settimeout(PATIENCE)
    return received


def until_end(sock: socket.socket) -> bytes:
    """Read to the end of the stream."""
    received = b""
    while data := sock.recv(1 << 16):
        received += data
    return received


def until(sock: socket.socket, wanted: bytes) -> bytes:
    """Read on until this has come."""
    received = b""
    while wanted not in received or not received.endswith(b"\n"):
        data = sock.recv(1 << 16)
        assert data, received
        received += data
    return received


def wait_for(done: Callable[[], bool]) -> None:
    """Wait until something has happened in another thread."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        os.sched_yield()


def frames(received: bytes) -> list[dict[str, Any]]:
    """Parse complete lines; each must be whole."""
    assert not received or received.endswith(b"\n")
    return [json.loads(line) for line in received.splitlines()]


def json_lines() -> JsonLines:
    """Return the dialect of one connection."""
    request = RegNameRequest(1, "test", Limits(16_384, 32, 256, 50))
    return JsonLines(JsonLinesSettings(client_decoder(16_384), request))


class Stage:
    """A chat with a clock to be set and no thread of its own; connections are run by the test."""

    def __init__(self, on_closed: Callable[[ClientConnection], None] = lambda _: None) -> None:
        self.clock = Clock()
        self.flusher = Flusher(self.clock)
        journal = MemoryJournal()
        stream = StreamContext(self.clock, self._at_once, lambda: None)
        commit = GroupCommit(journal, stream, lambda _: None)
        surroundings = RoomContext(commit, stream, self.clock, 200, 100)
        self.hub = Hub(surroundings, HubLimits(), Access(AccessRules(), SqliteStore(None), self.clock))
        self.context = ConnectionContext(
            self.hub,
            self.flusher,
            OutboxLimits(),
            256,
            self.clock,
            on_closed,
        )
        self._count = 0
        self._sockets: list[socket.socket] = []

    def connection(
        self, pair: tuple[socket.socket, socket.socket] | None = None
    ) -> tuple[ClientConnection, socket.socket]:
        """Return a connection that does not run yet, and the peer's socket."""
        near, far = pair or socket.socketpair()
        far.settimeout(PATIENCE)
        self._sockets += near, far
        self._count += 1
        return ClientConnection(self._count, "peer", TcpTransport(near), json_lines(), self.context), far

    def close(self) -> None:
        """Close what is open."""
        self.flusher.stop()
        for sock in self._sockets:
            sock.close()

    @staticmethod
    def _at_once(job: Callable[[], object], delay: float = 0.0) -> None:
        del delay
        job()
