"""What commit and deliveries of a server share."""

from collections.abc import Callable
from dataclasses import dataclass

from chat_server.stream.handover import HandOver
from chat_server.stream.pacing import MEASURED, Pacing


@dataclass(frozen=True, slots=True)
class StreamContext:
    """Clock, helping hands and pace. `clock` is monotonic, in seconds.

    `hand_over` takes the work of a publisher whose turn is over; `yield_cpu` lets the threads run that are
    ready to (sched_yield(2)).
    """

    clock: Callable[[], float]
    hand_over: HandOver
    yield_cpu: Callable[[], None]
    pacing: Pacing = MEASURED
