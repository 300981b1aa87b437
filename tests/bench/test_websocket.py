"""The generator behind WebSocket: it reads frames however they are cut, and names what is wrong with them."""

import contextlib
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pytest

from bench import build, machine
from bench.errors import RunFailedError
from bench.generator import Generator
from bench.peers.base import Running
from bench.results import Measurement
from bench.scenarios import options

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the generator needs a C compiler (cc)")

Form = Callable[[bytes], bytes]
MESSAGES = 40
LOAD = options(mode="window", members=3, senders=1, window=2, messages=MESSAGES, warmup=0, seconds=60)
#: The answer to the key that the generator sends (RFC 6455, 1.3).
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def frame(first: int, content: bytes) -> bytes:
    """One frame as a server sends it."""
    size = len(content)
    if size < 126:
        head = bytes([first, size])
    elif size < 1 << 16:
        head = bytes([first, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 127]) + size.to_bytes(8, "big")
    return head + content


def read_frame(stream: BinaryIO) -> tuple[int, bytes]:
    """Read what the generator sends: always masked (RFC 6455, 5.3)."""
    first, second = stream.read(2)
    size = second & 127
    if size == 126:
        size = int.from_bytes(stream.read(2), "big")
    mask = stream.read(4)
    assert second & 128
    assert all(mask)
    return first, bytes(byte ^ mask[place % 4] for place, byte in enumerate(stream.read(size)))


class Relay:
    """Gives what one member sends to all others, in any form."""

    def __init__(self, form: Form, accepted: bytes = ACCEPTED, piece: int = 1 << 20) -> None:
        self.form = form
        self.accepted = accepted
        self.piece = piece
        self.lock = threading.Lock()
        self.members: list[socket.socket] = []
        self.heard: list[tuple[int, bytes]] = []

    def serve(self, client: socket.socket) -> None:
        """Serve one member until it goes."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A frame that is cut short has no head to read, and a member who goes takes nothing more.
        with client, client.makefile("rb") as stream, contextlib.suppress(OSError, ValueError):
            while stream.readline() != b"\r\n":
                continue
            with self.lock:
                self.send(client, self.accepted + frame(0x81, b"joined"))
                self.members.append(client)
            while True:
                self.take(client, *read_frame(stream))

    def take(self, client: socket.socket, first: int, content: bytes) -> None:
        """Pass a text on; keep everything for the test."""
        with self.lock:
            self.heard.append((first, content))
            if first == 0x81:
                formed = self.form(content)
                for member in self.members:
                    if member is not client:
                        self.send(member, formed)

    def send(self, client: socket.socket, data: bytes) -> None:
        """Send in pieces."""
        for at in range(0, len(data), self.piece):
            client.sendall(data[at : at + self.piece])


@contextlib.contextmanager
def serving(relay: Relay) -> Iterator[Running]:
    """Serve in this process, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, args=(relay, listener), name="accept")
        accepting.start()
        try:
            yield Running(0, listener.getsockname()[1], "websocket-relay", 4)
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`, which a close would not
            accepting.join()


def accept(relay: Relay, listener: socket.socket) -> None:
    """Give each member its thread, until the listener is shut down; then wait for them."""
    threads = []
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threads.append(threading.Thread(target=relay.serve, args=(client,), name="member"))
            threads[-1].start()
    for thread in threads:
        thread.join()


def load(relay: Relay, *more: str) -> Measurement:
    """One short run."""
    generator = Generator(build.load(), machine.choose_cores().generator)
    with serving(relay) as running:
        return Measurement("", "", "", 1, generator.run(running, [*LOAD, *more]))


class Paired:
    """Puts two texts into one frame: nothing for the first, both for the second."""

    def __init__(self) -> None:
        self.kept = b""

    def __call__(self, text: bytes) -> bytes:
        """Keep one, or send two."""
        kept, self.kept = self.kept, b"" if self.kept else text
        return frame(0x81, kept + text) if kept else b""


def whole(text: bytes) -> bytes:
    """One frame."""
    return frame(0x81, text)


FORMS: dict[str, Form] = {
    "whole": whole,
    "binary": lambda text: frame(0x82, text),
    "in three parts": lambda text: frame(1, text[:50]) + frame(0, text[50:90]) + frame(0x80, text[90:]),
    "with an empty one": lambda text: frame(0x81, b"") + whole(text),
    "two texts in one": Paired(),
    "16 bits of length": lambda text: frame(0x81, text + b" " * 200),
    "64 bits of length": lambda text: frame(0x81, text + b" " * (1 << 16)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("piece", [7, 1 << 20], ids=["pieces of 7 bytes", "at once"])
def test_texts_are_found_in_any_frames(form: Form, piece: int) -> None:
    """However they are cut, and all of them."""
    measurement = load(Relay(form, piece=piece if form is not FORMS["64 bits of length"] else 4099))
    assert measurement.problem() == ""
    assert measurement.result["delivered"] == 2 * MESSAGES


@pytest.mark.parametrize("size", [64, 81, 200, 5000])
def test_what_is_sent_is_a_masked_text(size: int) -> None:
    """Whose length is told in one byte or three."""
    relay = Relay(whole)
    assert load(relay, "--size", str(size)).problem() == ""
    first, text = relay.heard[0]
    assert first == 0x81
    assert text.startswith(b'{"type":"MSG","room":"room0000","text":"xxx')
    assert text.endswith(b'"}\n')
    assert len(text) == size + len(b'{"type":"MSG","room":"room0000","text":""}\n')


def test_a_ping_comes_back_with_what_it_carried() -> None:
    """And is no text, whatever is in it."""
    relay = Relay(lambda text: frame(0x89, b"|are you there") + whole(text))
    measurement = load(relay)
    assert measurement.problem() == ""
    assert measurement.result["pings"] == 2 * MESSAGES
    assert (0x8A, b"|are you there") in relay.heard


@pytest.mark.parametrize(
    "broken",
    [b"\x81\x83abcdxyz", frame(0xC1, b"compressed"), frame(0x83, b"unknown")],
    ids=["masked", "compressed", "unknown"],
)
def test_broken_frames_end_the_run(broken: bytes) -> None:
    """Rather than being read as if they were whole."""
    with pytest.raises(RunFailedError, match="frames are broken"):
        load(Relay(lambda _text: broken))


def test_a_server_that_refuses_is_quoted() -> None:
    """With its status."""
    with pytest.raises(RunFailedError, match=r"refused WebSocket: HTTP/1\.1 403"):
        load(Relay(whole, accepted=b"HTTP/1.1 403 Forbidden\r\n\r\n"))
