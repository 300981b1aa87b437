"""What waits to be sent to one client: bounded, and never in anybody's way."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.dialects import Dialect
from chat_server.net.transport import DONTWAIT, Transport
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import CONGESTED, DROPPED, REFUSED, TAKEN

#: How many pieces one system call may gather (IOV_MAX is 1,024 on Linux).
PIECES_PER_SEND = 64
#: A client that took nothing for so long, in seconds, no longer counts as one who reads: one lost packet
#: may hold up a link for as long (RFC 6298, 2.4).
STALLED_SECONDS = 1.0


class Watcher(Protocol):
    """Calls `flush` of an outbox when its socket has room again."""

    def watch(self, outbox: "Outbox") -> None:
        """Watch it once."""


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bytes that may wait; bytes from which on presence is dropped; seconds the oldest may wait."""

    size: int = 1024 * 1024
    soft: int = 64 * 1024
    age: float = 10.0


class OutboxContext(Protocol):
    """What the outboxes of a server share."""

    @property
    def flusher(self) -> Watcher:
        """Who flushes what did not fit."""

    @property
    def outbox_limits(self) -> OutboxLimits:
        """What may wait."""

    @property
    def clock(self) -> Callable[[], float]:
        """The monotonic clock, in seconds."""


class Outbox:
    """Sends to one client what it can at once, and keeps the rest.

    1. No call but `wait_below` ever waits for the client.
    2. What was pushed is sent in that order, and each push whole.
    3. If nothing waits, a push is sent at once; what does not fit waits, as the same
       bytes object, until the watcher calls `flush`.
    4. Past `size` bytes, or `age` seconds for the oldest, the client is cut: what waits is thrown
       away but for the rest of a begun line and a BYE with the reason, and `on_end` is called.
    5. Past `soft` bytes what is droppable is dropped.
    6. After `finish`, a cut or an error every push is refused; an error calls `on_end` too.
    7. A fault in the middle of a push or a flush closes it, since a line may be torn: nothing more is
       sent, and `on_end` is called.
    """

    __slots__ = (
        "_below",
        "_clock",
        "_dialect",
        "_ended",
        "_head",
        "_limits",
        "_lock",
        "_on_end",
        "_open",
        "_send",
        "_size",
        "_transport",
        "_waiting",
        "_watcher",
        "lost",
        "progress",
        "sent",
    )

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        context: OutboxContext,
        on_end: Callable[[CloseReason], None],
    ) -> None:
        self._transport = transport
        self._send = transport.send
        self._dialect = dialect
        self._watcher = context.flusher
        self._limits = context.outbox_limits
        self._clock = context.clock
        self._on_end = on_end
        # Guards all below. The innermost lock: only the watcher's own is taken under it.
        self._lock = threading.Lock()
        self._open = True
        # What was pushed, the same bytes for all members, and when; the first `_head` bytes were sent.
        self._waiting: deque[tuple[bytes, float]] | None = None
        self._head = 0
        self._size = 0
        self._ended = False
        self._below: tuple[int, threading.Event] | None = None
        #: When the kernel last took some of what waited, on the monotonic clock.
        self.progress = 0.0
        #: Bytes handed to the kernel, and frames thrown away by a cut.
        self.sent = 0
        self.lost = 0

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return self._size

    def fileno(self) -> int:
        """Return the transport's descriptor, or -1 once it is closed."""
        return self._transport.fileno()

    def end(self, reason: CloseReason) -> None:
        """Have the connection end."""
        self._on_end(reason)

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Send the frames, or keep what does not fit; return one of the four states."""
        render = self._dialect.render
        with self._lock:
            try:
                data = frames.lines if render is None else self._dialect.complete(frames.rendered(render))
                if self._size or not self._open or not data:
                    return self._queue_locked(data, droppable=droppable)
                # As `_send_locked`, without the call: this is done for each member and message.
                try:
                    sent = self._send(data, DONTWAIT)
                except BlockingIOError as error:
                    return self._blocked_locked(data, error)
                except OSError:
                    self._break_locked()
                    return REFUSED
                self.sent += sent
                return TAKEN if sent == len(data) else self._keep_locked(data, sent)
            except Exception:
                self._fail_locked()
                raise

    def congested(self) -> bool:
        """Tell whether more than a quarter of what may wait does, while the client reads on.

        A quarter, so that what others have on the way already still fits.
        """
        return self._size * 4 > self._limits.size and self._clock() - self.progress < STALLED_SECONDS

    def flush(self) -> bool:
        """Send what waits, as far as the socket takes it; return whether something still waits."""
        with self._lock:
            try:
                return self._flush_locked()
            except Exception:
                self._fail_locked()
                raise

    def fail(self) -> None:
        """Close it: what waits would never be sent."""
        with self._lock:
            self._fail_locked()

    def check_age(self, now: float, since: float = 0.0) -> None:
        """Cut the client if the oldest of what waits is too old; no time before `since` counts."""
        with self._lock:
            if self._waiting and self._open and now - max(self._waiting[0][1], since) > self._limits.age:
                self._cut_locked()

    def wait_below(self, size: int, timeout: float) -> bool:
        """Wait until less than `size` bytes do; false after `timeout` seconds, or if the connection ends."""
        return self._wait(size, timeout, lambda: self._ended) and self._open

    def interrupt(self) -> None:
        """Have nobody wait in `wait_below` any more. Takes no lock: an outbox ends its own connection."""
        self._ended = True
        if (below := self._below) is not None:
            below[1].set()

    def greet(self) -> None:
        """Send what the server says first."""
        with self._lock:
            try:
                self._send_locked(self._dialect.greeting())
            except Exception:
                self._fail_locked()
                raise

    def finish(self, reason: CloseReason | RejectReason, timeout: float, after: float | None = None) -> None:
        """Send the farewell as the last and wait up to `timeout` seconds until all is sent."""
        bye = self._dialect.farewell(reason, after)
        with self._lock:
            if self._open and self._size:
                self._keep_locked(bye, 0)
            elif self._open:
                self._send_locked(bye)
            self._open = False
        self._wait(1, timeout, lambda: False)

    def close(self) -> None:
        """Throw away what waits; nothing is sent after it."""
        with self._lock:
            self._discard_locked()

    def _wait(self, size: int, timeout: float, is_over: Callable[[], bool]) -> bool:
        with self._lock:
            if self._size + self._transport.owed < size:
                return not is_over()
            self._below = size, (event := threading.Event())
        return not is_over() and event.wait(timeout) and not is_over()

    def _flush_locked(self) -> bool:
        while True:
            pieces = self._pieces_locked()
            try:
                if self._owes_locked():
                    return True
                if not pieces:
                    self._tell_locked()
                    return False
                sent = self._transport.send_pieces(pieces)
            except BlockingIOError as error:
                if taken := getattr(error, "characters_written", 0):
                    self._advance_locked(taken)
                return True
            except OSError:
                self._break_locked()
                return False
            self._advance_locked(sent)

    def _pieces_locked(self) -> list[bytes | memoryview]:
        waiting = islice(self._waiting or (), PIECES_PER_SEND)
        pieces: list[bytes | memoryview] = [piece for piece, _ in waiting]
        if pieces:
            pieces[0] = memoryview(pieces[0])[self._head :]
        return pieces

    def _owes_locked(self) -> bool:
        """Have the transport send on what it has taken; return whether some of that still waits."""
        owed, owes = self._transport.owed, self._transport.flush()
        if self._transport.owed < owed:
            self.progress = self._clock()
        return owes

    def _queue_locked(self, frames: bytes, *, droppable: bool) -> int:
        if not self._open:
            return REFUSED
        if droppable and self._size > self._limits.soft:
            return DROPPED
        return self._keep_locked(frames, 0) if frames else TAKEN

    def _send_locked(self, frames: bytes) -> int:
        try:
            sent = self._send(frames, DONTWAIT)
        except BlockingIOError as error:
            return self._blocked_locked(frames, error)
        except OSError:
            self._break_locked()
            return REFUSED
        self.sent += sent
        if sent == len(frames):
            return TAKEN
        return self._keep_locked(frames, sent)

    def _blocked_locked(self, frames: bytes, error: BlockingIOError) -> int:
        """Keep what the transport has not taken, and have it send on what it has."""
        sent = getattr(error, "characters_written", 0)
        self.sent += sent
        if sent == len(frames):
            self._watcher.watch(self)
            return TAKEN
        return self._keep_locked(frames, sent)

    def _keep_locked(self, frames: bytes, sent: int) -> int:
        now = self._clock()
        if self._waiting is None:
            self._waiting = deque()
        if not self._size:
            self.progress = now
            self._head = sent
            self._watcher.watch(self)
        self._waiting.append((frames, now))
        self._size += len(frames) - sent
        if self._size > self._limits.size:
            self._cut_locked()
            return REFUSED
        return CONGESTED if self.congested() else TAKEN

    def _advance_locked(self, sent: int) -> None:
        """Forget what was sent."""
        self.sent += sent
        self._size -= sent
        self.progress = self._clock()
        waiting = self._waiting
        sent += self._head
        while waiting and len(waiting[0][0]) <= sent:
            sent -= len(waiting.popleft()[0])
        self._head = sent
        if not waiting:
            self._waiting = None
        self._tell_locked()

    def _tell_locked(self) -> None:
        if self._below is not None and self._size + self._transport.owed < self._below[0]:
            self._below[1].set()
            self._below = None

    def _cut_locked(self) -> None:
        """Throw away what waits but for the rest of a begun line, and say why."""
        waiting, head = self._waiting or (), self._head
        first = waiting[0][0] if waiting else b""
        rest = self._dialect.rest(first, head) if head else b""
        kept = first.count(b"\n", 0, head) + rest.count(b"\n")
        self.lost += sum([piece.count(b"\n") for piece, _ in waiting]) - kept
        bye = rest + self._dialect.farewell(CloseReason.SLOW_CONSUMER)
        self._waiting = deque([(bye, self._clock())])
        self._head = 0
        self._size = len(bye)
        self._open = False
        self._tell_locked()
        self._on_end(CloseReason.SLOW_CONSUMER)

    def _break_locked(self) -> None:
        """End: the system tells an error of the socket once, so the reading thread may not hear of it."""
        self._discard_locked()
        self._on_end(CloseReason.PEER_RESET)

    def _fail_locked(self) -> None:
        """End: a fault of the server may have torn a line, or lost the place in it."""
        self._discard_locked()
        self._on_end(CloseReason.INTERNAL_ERROR)

    def _discard_locked(self) -> None:
        self._open = False
        self._waiting = None
        self._size = 0
        self._tell_locked()
