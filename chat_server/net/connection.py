"""ClientConnection: the reading thread of one client, from its first byte to its last."""

import contextlib
import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from chat_protocol.base import Message
from chat_protocol.codec import encode
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.chat.conversation import Conversation
from chat_server.chat.hub import Hub
from chat_server.chat.removal import FINAL
from chat_server.faults import contained
from chat_server.net.addresses import host_of
from chat_server.net.admission import Refusal
from chat_server.net.caller import Caller
from chat_server.net.dialects import Dialect, Heard
from chat_server.net.flusher import Flusher
from chat_server.net.linger import linger
from chat_server.net.outbox import Outbox, OutboxLimits
from chat_server.net.throttle import READ_BYTES, Rates, Throttle
from chat_server.net.transport import Transport
from chat_server.stream.frames import Frames
from chat_server.stream.pacing import LEAVING_AT_ONCE

log = structlog.get_logger()

#: Bytes of one read: few while little comes, so that an idle connection holds no large buffer. With what
#: Python adds the smaller one makes 256: twice what a line of 64 characters takes.
SMALL_READ_BYTES = 223
#: For how long, in seconds, a connection that ends waits for its last messages to be stored and sent.
DRAIN_SECONDS = 5.0
#: Likewise for one that was cut for not reading.
DRAIN_CUT_SECONDS = 1.0


class ConnectionStage(enum.Enum):
    """What a connection is at; the keeper's table says what each may take."""

    NAMING = "no name was given yet"
    WORKING = "its thread does what the client asked for"
    DELAYED = "its thread waits, since the client goes faster than it may"
    LIVE = "its thread waits for the client"
    ENDING = "there is a reason to end"


@dataclass(frozen=True, slots=True)
class ConnectionContext:
    """What the connections of a server share. A handshake has half of the time for the name.

    Without `rates` nobody is slowed down. `wait` is how a thread waits for an event, so many seconds at most.
    `on_opened` is told of a connection that is served, `charge` counts the address that a proxy tells.
    """

    hub: Hub
    flusher: Flusher
    outbox_limits: OutboxLimits
    topic_length: int
    clock: Callable[[], float]
    on_closed: "Callable[[ClientConnection], None]"
    register_seconds: float = 10.0
    on_named: Callable[[], None] = lambda: None
    counted: Callable[[str], str] = lambda host: host
    rates: Rates | None = None
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    on_opened: Callable[[], None] = lambda: None
    charge: Callable[[str], Refusal | None] = lambda _: None
    leaving: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(LEAVING_AT_ONCE))


class ClientConnection:
    """One client's connection; its thread reads, decodes and performs what the client says.

    1. `end` has it end, from any thread, without waiting; the first reason counts.
    2. However it ends, the client leaves its rooms once, gets what is under way and a BYE if that is
       still possible, and the descriptor is closed by this thread alone. Each of these is done whatever
       an earlier one raised.
    """

    __slots__ = (
        "_context",
        "_dialect",
        "_errors_logged",
        "_lock",
        "_reason",
        "_working",
        "bytes_received",
        "caller",
        "conversation",
        "drain",
        "id",
        "last_received",
        "named",
        "outbox",
        "owed",
        "pinged",
        "since",
        "thread",
        "throttle",
        "transport",
    )

    def __init__(
        self, number: int, peer: str, transport: Transport, dialect: Dialect, context: ConnectionContext
    ) -> None:
        self.id = number
        self.caller = Caller(peer)
        self.transport = transport
        self._dialect = dialect
        self._context = context
        self.outbox = Outbox(transport, dialect, context, self.end)
        self.conversation = Conversation(context.hub, self.outbox, context.topic_length)
        rates = context.rates
        self.throttle = (
            None if rates is None else Throttle(rates, self.conversation, context.clock, context.wait)
        )
        self.since = self.last_received = context.clock()
        #: When the last PING was sent that nothing has answered yet.
        self.pinged: float | None = None
        #: How many bytes the peer's host had not acknowledged when the keeper last looked.
        self.owed = 0
        self._working = False
        #: Whether it has ever given a name.
        self.named = False
        self.bytes_received = 0
        self._errors_logged = 0
        #: For how long, in seconds, the end may take.
        self.drain = DRAIN_SECONDS
        # Guards _reason.
        self._lock = threading.Lock()
        self._reason: CloseReason | RejectReason | None = None
        self.thread = threading.Thread(target=self.run, name=f"client-{number}")

    @property
    def reason(self) -> CloseReason | RejectReason | None:
        """Why it ends, none while it goes on."""
        return self._reason

    @property
    def stage(self) -> ConnectionStage:
        """What it is at."""
        if self._reason is not None:
            return ConnectionStage.ENDING
        if self.throttle is not None and self.throttle.waiting:
            return ConnectionStage.DELAYED
        if self._working:
            return ConnectionStage.WORKING
        return ConnectionStage.LIVE if self.conversation.has_session else ConnectionStage.NAMING

    @property
    def quiet_since(self) -> float:
        """When something was last read, sent on, or waited for by its thread."""
        resumed = 0.0 if self.throttle is None else self.throttle.resumed_at
        return max(self.last_received, self.outbox.progress, resumed)

    def give_back(self, seconds: float, now: float) -> None:
        """Count so many seconds not, in which the process was suspended."""
        self.since = min(now, self.since + seconds)
        self.last_received = min(now, self.last_received + seconds)
        if self.pinged is not None:
            self.pinged = min(now, self.pinged + seconds)

    def send(self, message: Message) -> None:
        """Send one message, outside of the conversation."""
        self.outbox.push(Frames(encode(message)))

    def end(self, reason: CloseReason | RejectReason) -> None:
        """Have the connection end for this reason; never waits."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
        self.outbox.interrupt()
        if self.throttle is not None:
            self.throttle.interrupt()
        self.transport.stop_receiving()

    def run(self) -> None:
        """Read until there is a reason to end, then end in order; the body of the thread."""
        try:
            structlog.contextvars.clear_contextvars()  # a free-threaded build inherits the accept thread's
            structlog.contextvars.bind_contextvars(conn=self.id)
            if (failed := self._open()) is not None:
                self.end(failed)
            else:
                self.conversation.address = self._context.counted(host_of(self.caller.peer))
                self.outbox.greet()
                self._read_all()
        except OSError as error:
            log.debug("read_failed", error=str(error))
            self.end(CloseReason.PEER_RESET)
        except Exception:  # whatever it is, it must not leave a ghost behind
            with contained("log"):
                log.exception("connection_failed")
            self.end(CloseReason.INTERNAL_ERROR)
        self._finish(self._reason or CloseReason.INTERNAL_ERROR)

    def _open(self) -> CloseReason | RejectReason | None:
        """Learn whose connection it is, and agree on keys and dialect; return why that failed."""
        if (failed := self.caller.open(self.transport, self._context, self._opened)) is not None:
            return failed
        self.conversation.certified = self.transport.certified
        known = self._dialect.is_open
        seconds = self._left(self.since + self._context.register_seconds)
        failed = self._dialect.open(self.transport, seconds, host_of(self.caller.peer))
        if not known:
            self._log_connected()
        return failed

    def _opened(self) -> None:
        self._context.on_opened()
        self._log_connected()

    def _log_connected(self) -> None:
        if self._dialect.is_open:
            log.info("connected", **self.caller.fields)

    def _read_all(self) -> None:
        size = SMALL_READ_BYTES
        first = True
        throttle = self.throttle
        large = READ_BYTES if throttle is None else throttle.read_bytes
        receive, clock, feed = self.transport.receive, self._context.clock, self._dialect.feed
        while self._reason is None:
            data = receive(size)
            if not data:
                if self._reason is None:  # else the peer would go on with its line
                    self._take(self._dialect.finish())
                self.end(CloseReason.PEER_CLOSED)
                return
            if len(data) == size:
                size = large
            elif len(data) < SMALL_READ_BYTES:
                size = SMALL_READ_BYTES
            self.last_received = clock()
            self.bytes_received += len(data)
            if first and (other := self._dialect.mistaken(data)) is not None:
                self.end(other)
                return
            first = False
            self._take(feed(data))
            if throttle is not None:
                throttle.on_input(len(data))

    def _take(self, heard: Heard) -> None:
        conversation = self.conversation
        if heard:
            self._working = True
            if self.throttle is None:
                conversation.handle(heard, self.last_received)
            elif not self.throttle.perform(heard, self.last_received):
                self.end(CloseReason.FLOODING)
            self._working = False
        if not self.named:
            self._look_for_name()
        if (over := conversation.over or self._dialect.over) is not None:
            self.end(over)
        if len(conversation.errors) > self._errors_logged:
            self._log_errors()

    def _look_for_name(self) -> None:
        """Note that there is a name, or end a peer that talks on without one, which the keeper does not."""
        if self.conversation.has_session:
            self.named = True
            self._context.on_named()
        elif self.last_received - self.since > self._context.register_seconds:
            self.end(CloseReason.REGISTER_TIMEOUT)

    def _log_errors(self) -> None:
        """Log the first error of each code: a peer that goes on must not fill the log."""
        for code in list(self.conversation.errors)[self._errors_logged :]:
            log.warning("protocol_error", code=code)
        self._errors_logged = len(self.conversation.errors)

    def _finish(self, reason: CloseReason | RejectReason) -> None:
        clock, context = self._context.clock, self._context
        deadline = clock() + (DRAIN_CUT_SECONDS if reason == CloseReason.SLOW_CONSUMER else self.drain)
        with contained("leave"):
            self._leave(reason, deadline)
        with contained("bye"):
            self.outbox.finish(reason, self._left(deadline), self._retry_after(reason))
        with contained("discard"):
            self.outbox.close()
        if reason not in (
            CloseReason.PEER_CLOSED,
            CloseReason.PEER_RESET,
        ):  # what such a peer has not got, it never will
            with contained("linger"), contextlib.suppress(OSError):
                linger(self.transport, clock)
        with contained("forget"):
            context.flusher.forget(self.outbox)
        with contained("close"):
            self.transport.close()
        with contained("release"):
            if self.conversation.has_session:
                context.hub.release(self.conversation.session, self.outbox)
        with contained("closed"):
            context.on_closed(self)
        with contained("log"):
            if isinstance(reason, RejectReason):  # which is logged, and was never connected
                return
            self._log_disconnected(reason)

    def _log_disconnected(self, reason: CloseReason) -> None:
        if self._dialect.is_open:
            log.info(
                "disconnected",
                reason=reason,
                seconds=round(self._context.clock() - self.since, 3),
                messages_received=sum(self.conversation.received.values()),
                bytes_received=self.bytes_received,
                bytes_sent=self.outbox.sent,
            )

    def _retry_after(self, reason: CloseReason | RejectReason) -> float | None:
        """Return for how many seconds to stay away, if that is worth saying."""
        if self.throttle is None or reason != CloseReason.FLOODING:
            return self.caller.retry_after
        return round(self.throttle.retry_after(), 1)

    def _leave(self, reason: CloseReason | RejectReason, deadline: float) -> None:
        """Leave the rooms, and wait until what was said is stored and delivered."""
        if not self.conversation.has_session:
            return
        in_turn = self._context.leaving.acquire(timeout=self._left(deadline))
        try:
            final = reason in FINAL or not self._dialect.resumable
            delivered = self._context.hub.disconnect(self.conversation.session, reason, final=final)
        finally:
            if in_turn:
                self._context.leaving.release()
        if reason != CloseReason.PEER_RESET:
            for event in delivered:
                event.wait(self._left(deadline))

    def _left(self, deadline: float) -> float:
        return max(0.0, deadline - self._context.clock())
