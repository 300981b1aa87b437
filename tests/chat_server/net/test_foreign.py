"""Somebody who speaks another dialect: what an outbox and a connection ask of it."""

import socket
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from chat_protocol.messages import ClientMessage, Exit, Msg, Ping, RegName
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.connection import ClientConnection
from chat_server.net.dialects import Heard
from chat_server.net.outbox import Outbox, OutboxLimits
from chat_server.net.transport import TcpTransport, Transport
from chat_server.stream.frames import Frames, Render, Rendered
from chat_server.stream.outgoing import REFUSED, TAKEN
from tests.chat_server.net.support import PATIENCE, Clock, Stage, available, tiny_pair
from tests.chat_server.net.test_outbox import Shared

#: What its frames begin and end with.
OPENED, CLOSED = b"<", b">"


def framed(lines: bytes) -> Rendered:
    """Return lines in a frame; of no message is there anything to say."""
    return [OPENED, lines, CLOSED, Ping("x")] if lines else b""


class Framed:
    """One frame for each push, which must be whole; `asked` is how long it may take to open."""

    render: Render | None = staticmethod(framed)
    resumable = False

    def __init__(self, refusal: CloseReason | None = None) -> None:
        self.refusal = refusal
        self.asked = 0.0
        self.host = ""
        self.over: CloseReason | None = None
        self.is_open = False

    def open(self, transport: Transport, seconds: float, host: str) -> CloseReason | None:
        """Read one byte."""
        self.asked, self.host = seconds, host
        assert transport.receive_within(1, PATIENCE) == b"!"
        self.is_open = self.refusal is None
        return self.refusal

    def mistaken(self, first: bytes) -> CloseReason | None:
        """Take anything."""
        del first
        return None

    def greeting(self) -> bytes:
        """Greet."""
        return b"hello"

    def feed(self, data: bytes) -> Heard:
        """Take a byte for each message; at the last, `q`, give up."""
        known: dict[int, ClientMessage] = {
            ord("n"): RegName("ann"),
            ord("m"): Msg("hi"),
            ord("x"): Exit(),
        }
        if data.endswith(b"q"):
            self.over = CloseReason.BAD_LINES
        return [known[byte] for byte in data.removesuffix(b"q")]

    def finish(self) -> Heard:
        """Leave nothing unfinished."""
        return []

    def complete(self, rendered: Rendered) -> bytes:
        """Join the pieces, with a mark for each message."""
        pieces = [rendered] if isinstance(rendered, bytes) else rendered
        return b"".join([each if isinstance(each, bytes) else b"*" for each in pieces])

    def rest(self, piece: bytes, sent: int) -> bytes:
        """Return the rest of the frame."""
        return piece[sent:]

    def farewell(self, reason: CloseReason | RejectReason, retry_after: float | None = None) -> bytes:
        """Say why."""
        del retry_after
        return f"[{reason}]".encode()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Return a stage that is closed in the end."""
    stage = Stage()
    yield stage
    stage.close()


def outbox(sock: socket.socket, stage: Stage, ended: list[CloseReason]) -> Outbox:
    """Return an outbox of one who speaks so."""
    shared = Shared(stage.flusher, OutboxLimits(size=100_000), Clock())
    return Outbox(TcpTransport(sock), Framed(), shared, ended.append)


def test_what_is_pushed_passes_the_dialect(stage: Stage) -> None:
    """The shared part and what is this connection's own; where nothing is to be said, nothing is sent."""
    near, far = tiny_pair()
    box = outbox(near, stage, [])
    assert box.push(Frames(b"a\nb\n")) == TAKEN
    assert box.push(Frames(b"")) == TAKEN
    assert (available(far), box.sent) == (b"<a\nb\n>*", 7)
    near.close()
    far.close()
    assert box.push(Frames(b"a\n")) == REFUSED


def test_a_cut_tears_no_frame(stage: Stage) -> None:
    """A frame of several lines that has begun is sent to its end, then the reason."""
    near, far = tiny_pair()
    ended: list[CloseReason] = []
    box = outbox(near, stage, ended)
    piece = b"x" * 9_999 + b"\n"
    received = b""
    while box.push(Frames(piece * 3)) != REFUSED:
        pass
    assert ended == [CloseReason.SLOW_CONSUMER]
    assert box.lost > 0
    while box.size:
        received += available(far)
        box.flush()
    received += available(far)
    whole, _, last = received.rpartition(b"*")
    assert last == b"[slow_consumer]"
    assert whole + b"*" == (b"<" + piece * 3 + b">*") * (received.count(b"<"))
    near.close()
    far.close()


def run(stage: Stage, dialect: Framed, said: bytes) -> tuple[ClientConnection, bytes]:
    """Run a connection of one who says this so, and leaves; return it, and what the peer has got."""
    near, far = socket.socketpair()
    with far:
        far.sendall(said)
        far.shutdown(socket.SHUT_WR)
        one = ClientConnection(1, "127.0.0.1:1", TcpTransport(near), dialect, stage.context)
        one.run()
        return one, available(far)


def test_it_is_opened_before_the_greeting(stage: Stage) -> None:
    """Within the time for the name; then it is greeted, heard and told goodbye as it speaks."""
    dialect = Framed()
    _, received = run(stage, dialect, b"!nmx")
    assert 0 < dialect.asked <= stage.context.register_seconds
    assert dialect.host == "127.0.0.1"
    assert received.startswith(b"hello<")
    assert received.endswith(b"[exit]")


def test_one_that_cannot_be_opened_ends(stage: Stage) -> None:
    """With the reason of the dialect, and no greeting."""
    _, received = run(stage, Framed(CloseReason.PROXY_FAILED), b"!n")
    assert received == b"[proxy_failed]"


def test_the_dialect_may_give_up(stage: Stage) -> None:
    """After what was said before it."""
    one, received = run(stage, Framed(), b"!nq")
    assert one.named
    assert received.endswith(b"[bad_lines]")


@pytest.mark.parametrize("refusal", [None, CloseReason.PROXY_FAILED])
def test_the_log_is_about_who_comes_to_chat(stage: Stage, refusal: CloseReason | None) -> None:
    """They are connected once that is known; of all others an operator hears nothing."""
    with capture_logs() as logs:
        run(stage, Framed(refusal), b"!nx")
    said = [each["event"] for each in logs if "connected" in each["event"]]
    assert said == (["connected", "disconnected"] if refusal is None else [])


def test_who_cannot_come_back_leaves_the_name(stage: Stage) -> None:
    """The connection just breaks, and the next may be called so at once."""
    for _ in range(2):
        one, received = run(stage, Framed(), b"!n")
        assert one.conversation.has_session
        assert b"WELCOME" in received
