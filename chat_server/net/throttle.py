"""How fast one connection may go: the bytes that are read of it, and what its user asks for."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from chat_protocol.errors import PeerError
from chat_protocol.messages import ClientMessage
from chat_protocol.server_messages import Notice
from chat_server.chat.bucket import Bucket, Rate
from chat_server.chat.conversation import Conversation
from chat_server.chat.rates import price, total
from chat_server.config import Config
from chat_server.net.dialects import Heard

log = structlog.get_logger()

#: A user is told of a delay of so many seconds: less comes about by a network that hands over late.
TOLD_SECONDS = 1.0
#: No single wait is longer, in seconds: a bucket that others share is looked at again.
WAIT_SECONDS = 60.0
#: A read takes so many bytes at most.
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes of a connection, tokens of a user (none: any number), and seconds of debt that are too many."""

    input: Rate | None = None
    user: Rate | None = None
    flood_seconds: float = 30.0

    @classmethod
    def of(cls, config: Config) -> "Rates | None":
        """Return what the settings say; none if nothing is limited."""
        if config.profile == "trusted":
            return None
        bytes_, messages = config.input_bytes_per_second, config.messages_per_second
        return cls(
            Rate(max(config.line_bytes, bytes_), bytes_) if bytes_ else None,
            Rate(float(config.messages_at_once), messages) if messages else None,
            config.flood_seconds,
        )


class Delays:
    """How often one limit made a connection wait, and for how many seconds in all."""

    __slots__ = ("count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0


class Throttle:
    """Slows one connection down. Its reading thread calls everything but `interrupt`.

    1. A delay loses nothing and changes no order: the thread waits, reads no further, and so the peer's TCP
       window closes. Nobody else waits.
    2. `interrupt` ends a wait, and has nothing wait any more; whoever is interrupted does no more.
    3. A user is in debt for what was read and cannot be afforded yet. What would have to wait for longer than
       `flood_seconds` is not taken: `perform` does what comes before it, and then tells that it was a flood.
    4. The user is told at the beginning of a debt, once until the bucket is full again.
    """

    __slots__ = (
        "_bucket",
        "_clock",
        "_conversation",
        "_input_bucket",
        "_interrupted",
        "_rates",
        "_told",
        "_wait_for",
        "_waits",
        "input_delays",
        "resumed_at",
        "user_delays",
    )

    def __init__(
        self,
        rates: Rates,
        conversation: Conversation,
        clock: Callable[[], float],
        wait: Callable[[threading.Event, float], object],
    ) -> None:
        self._rates = rates
        self._conversation = conversation
        self._clock = clock
        self._wait_for = wait
        self._input_bucket = Bucket()
        # Of somebody without a name.
        self._bucket = Bucket()
        self._told = False
        self._interrupted = False
        self._waits: threading.Event | None = None
        #: When the last wait ended, on the monotonic clock.
        self.resumed_at = 0.0
        self.input_delays = Delays()
        self.user_delays = Delays()

    @property
    def waiting(self) -> bool:
        """Whether the thread waits now."""
        return self._waits is not None

    @property
    def read_bytes(self) -> int:
        """How many bytes a read may take."""
        rate = self._rates.input
        return READ_BYTES if rate is None else min(READ_BYTES, int(rate.burst))

    def retry_after(self) -> float:
        """Return for how many seconds to stay away: until the bucket is full."""
        rate = self._rates.user
        if rate is None:
            return 0.0
        return rate.seconds - self._current().level(rate, self._clock()) / rate.per_second

    def on_input(self, size: int) -> None:
        """Count bytes that were read, and wait until they are paid for.

        So at most the burst, what time has brought, and one read are taken.
        """
        if (rate := self._rates.input) is None:
            return
        if (owed := self._input_bucket.spend(size, rate, self._clock())) > 0:
            self._wait(owed, self.input_delays)

    def perform(self, heard: Heard, received_at: float) -> bool:
        """Have what was heard done, as fast as its user may go; return whether all was taken."""
        conversation, rate = self._conversation, self._rates.user
        if rate is not None:
            cost = total(heard)
            if (
                not conversation.has_session
                or cost > rate.burst
                or conversation.session.identity.bucket.take(cost, rate, received_at) > 0
            ):
                return self._perform_slowly(heard, rate)
        conversation.handle(heard, received_at)
        return True

    def interrupt(self) -> None:
        """Have nothing wait any more. Any thread may call this; it takes no lock and never waits."""
        self._interrupted = True
        if (waits := self._waits) is not None:
            waits.set()

    def _perform_slowly(self, heard: Heard, rate: Rate) -> bool:
        taken = heard[: self._look_ahead(heard, rate)]
        conversation, start = self._conversation, 0
        while start < len(taken) and conversation.over is None:
            if (seconds := self._current().take(price(taken[start]), rate, self._clock())) > 0:
                if not self._wait(seconds, self.user_delays):
                    return True
                continue
            end = start + 1
            while end < len(taken) and self._affords_too(taken[end], rate):
                end += 1
            conversation.handle(taken[start:end], self._clock())
            start = end
        return len(taken) == len(heard)

    def _affords_too(self, message: ClientMessage | PeerError, rate: Rate) -> bool:
        """Pay for a message that is done together with the one before; one by one until there is a name."""
        bucket, now = self._current(), self._clock()
        return self._conversation.has_session and bucket.take(price(message), rate, now) <= 0

    def _look_ahead(self, heard: Heard, rate: Rate) -> int:
        """Return how much may be taken, and tell the user if it comes to a debt."""
        level = self._current().level(rate, self._clock())
        if level >= rate.burst:
            self._told = False
        debt = (total(heard) - level) / rate.per_second
        if debt > TOLD_SECONDS and not self._told:
            self._told = True
            self._tell(debt, rate)
        if debt <= self._rates.flood_seconds:
            return len(heard)
        bearable = level + self._rates.flood_seconds * rate.per_second
        for count, message in enumerate(heard):
            bearable -= price(message)
            if bearable < 0:
                return count
        return len(heard)

    def _tell(self, debt: float, rate: Rate) -> None:
        text = (
            f"slow down: {rate.burst:g} messages are taken at once, then {rate.per_second:g} a second;"
            f" yours wait, the last for {debt:.0f} s, and beyond {self._rates.flood_seconds:g} s"
            " the connection ends"
        )
        self._conversation.send(Notice(text))
        log.info("slowed", seconds=round(debt, 1))

    def _current(self) -> Bucket:
        """Return the bucket that is paid from: until there is a name, the connection has its own."""
        conversation = self._conversation
        return conversation.session.identity.bucket if conversation.has_session else self._bucket

    def _wait(self, seconds: float, delays: Delays) -> bool:
        """Wait; return false if that was interrupted."""
        begun = self._clock()
        self._waits = event = threading.Event()
        if not self._interrupted:  # looked at after `_waits` is set: `interrupt` does it the other way round
            self._wait_for(event, min(seconds, WAIT_SECONDS))
        self.resumed_at = self._clock()
        self._waits = None
        delays.count += 1
        delays.seconds += self.resumed_at - begun
        return not self._interrupted
