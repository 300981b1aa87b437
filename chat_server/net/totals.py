"""What connections counted, and the server at one moment: all that operators see, in plain numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat_protocol.reasons import CloseReason, RejectReason
from chat_server.net.connection import ClientConnection
from chat_server.stream.counters import Counters


class Totals:
    """What connections counted: those that are gone added up, guarded by the server's lock."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = Counter[str]()
        self.rejected = Counter[str]()
        self.received = Counter[str]()
        self.errors = Counter[str]()
        self.bytes_received = 0
        self.bytes_sent = 0
        self.lost = 0
        #: How often, and for how many seconds in all, the limits of input and of users delayed connections.
        self.input_delays = self.user_delays = 0
        self.input_seconds = self.user_seconds = 0.0

    def add(self, connection: ClientConnection) -> None:
        """Add what a connection has counted so far; its thread may be counting on.

        So the dictionaries are copied first, which is one step: `update` walks what it is given.
        """
        self.received.update(connection.conversation.received.copy())
        self.errors.update(connection.conversation.errors.copy())
        self.bytes_received += connection.bytes_received
        self.bytes_sent += connection.outbox.sent
        self.lost += connection.outbox.lost
        if (throttle := connection.throttle) is not None:
            self.input_delays += throttle.input_delays.count
            self.input_seconds += throttle.input_delays.seconds
            self.user_delays += throttle.user_delays.count
            self.user_seconds += throttle.user_delays.seconds

    def end(self, connection: ClientConnection) -> None:
        """Add what a connection has counted that is gone, and why it ended; or that it was turned away."""
        reason = connection.reason or CloseReason.INTERNAL_ERROR
        (self.rejected if isinstance(reason, RejectReason) else self.closed)[reason] += 1
        self.add(connection)

    def copy(self) -> "Totals":
        """Return the same numbers on their own."""
        other = Totals()
        for name, value in vars(self).items():
            setattr(other, name, Counter(value) if isinstance(value, Counter) else value)
        return other


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the server is well.

    `faults` names the threads that have ended or make no progress; `failure` is why nothing can be stored;
    `draining` tells that an operator has it take nobody new.
    """

    ready: bool
    faults: Sequence[str]
    failure: Exception | None
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is here now, and what was counted since the start. Sizes are in bytes.

    `certificate_seconds` is for how many seconds the certificate is valid; infinite without one.
    """

    health: Health
    connections: int
    totals: Totals
    deliveries: Counters
    users: int
    rooms: int
    absent_sessions: int
    absent_bytes: int
    evicted_sessions: int
    send_queues: Sequence[int]
    backlog_bytes: int
    commits: int
    records: int
    #: How many tries to get in there were, by what became of them.
    logins: Mapping[str, int]
    #: How many bans from the whole chat are in force, and how many acts there were, by kind.
    bans: int
    acts: Mapping[str, int]
    #: What became of what programs posted, and of what they were told.
    hooks: Mapping[str, int]
    relays: Mapping[str, int]
    certificate_seconds: float
