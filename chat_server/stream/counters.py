"""What deliveries count: plain numbers where the work is done, added up when somebody asks."""

from bisect import bisect_left
from collections.abc import Container, Sequence

from chat_server.stream.outgoing import Outgoing
from chat_server.stream.publication import Publication

#: Upper bounds of the broadcast histogram, in seconds; one more bucket holds what is above.
BUCKETS = (
    *(1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3),
    *(1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
KINDS = ("msg", "dm", "edit", "delete", "presence", "topic", "name")


class Counters:
    """Numbers of one room's deliveries, or a sum of them. Who may change it is its owner's rule."""

    __slots__ = ("buckets", "delivered", "dropped", "refused", "seconds")

    def __init__(self) -> None:
        self.delivered = dict.fromkeys(KINDS, 0)
        #: Messages dropped beyond a member's soft limit, and those for members already cut off.
        self.dropped = 0
        self.refused = 0
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float, messages: int) -> None:
        """Count a broadcast of so many messages that took so long."""
        self.buckets[bisect_left(BUCKETS, seconds)] += messages
        self.seconds += seconds * messages

    def handed_out(  # noqa: PLR0913, PLR0917  # one call a pass; a tuple of them would cost more than they do
        self,
        taken: Sequence[Publication],
        now: float,
        recipients: int,
        absent: Container[Outgoing],
        refused: int,
        dropped: int,
    ) -> None:
        """Count a pass, and tell whoever waits for its end. Senders who are `absent` were no recipients."""
        others = recipients - refused - dropped
        for each in taken:
            number = each.count
            if number:
                self.observe(now - each.received, number)
            elif each.frames:
                number = 1
            own = each.sender is not None and each.sender.outbox not in absent
            if others > own:
                self.delivered[each.kind] += number * (others - own)
            if refused or dropped:
                self.refused += number * refused
                self.dropped += number * dropped
            if each.delivered is not None:
                each.delivered.set()

    def add(self, other: "Counters") -> None:
        """Add another's numbers to these."""
        for kind, number in other.delivered.items():
            self.delivered[kind] += number
        self.dropped += other.dropped
        self.refused += other.refused
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]
        self.seconds += other.seconds
