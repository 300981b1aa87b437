"""Several clients under way on one server, and what the checker says of them in the end."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import gt
from types import TracebackType
from typing import Self

from tests.chaos.checker import Violation, check
from tests.chaos.client import Habits, LoadClient, Progress
from tests.chaos.reading import read_journal
from tests.chaos.records import Acknowledged, Heard, Sent, Stored
from tests.support.peer import Address

ROOMS = ("lobby", "left", "right")
#: Seconds in which all that was said must be acknowledged, and have reached everybody, once all is well.
SETTLE = 60.0
#: For how long something is waited for, in seconds: with cuts and silences one moment may take half a minute.
PATIENCE = 180.0


@dataclass
class Outcome:
    """What a run did, and what was wrong; `extra` is what else is worth a line."""

    name: str
    seed: int
    rounds: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)

    def column(self, name: str) -> int:
        """Return how many violations belong into this column of the summary."""
        return sum(violation.fault.column == name for violation in self.violations)

    def report(self) -> str:
        """Return all that a reader of a failure needs."""
        shown = [str(violation)[:300] for violation in self.violations[:20]]
        return "\n".join(
            [f"{self.name}, seed {self.seed}: {len(self.violations)} violations", *shown, str(self.extra)]
        )


class Load:
    """Clients in `ROOMS`. `address` is where they connect, asked for at each connection."""

    def __init__(
        self, name: str, seed: int, address: Callable[[], Address], clients: int = 5, patience: float = 2.0
    ) -> None:
        source = random.Random(seed)
        self.progress = Progress()
        self.outcome = Outcome(name, seed)
        self.clients = [
            LoadClient(
                f"user{number}",
                address,
                Habits(ROOMS, source.choice((1, 8, 32)), patience),
                source.getrandbits(32),
                self.progress,
            )
            for number in range(clients)
        ]
        self._started = time.monotonic()
        for client in self.clients:
            client.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the clients as they are, where something else went wrong."""
        for client in self.clients:
            client.finish({}, 0)

    def wait(self, what: str, number: int, seconds: float = PATIENCE, since: int | None = None) -> None:
        """Wait until the clients have seen so many more of something, than now or than `since`.

        What happens only once must be counted from before its cause. Raises `AssertionError`.
        """
        if not self.progress.wait(what, number, seconds, since):
            raise AssertionError(
                f"{self.outcome.name}, seed {self.outcome.seed}: not {number} more {what} within {seconds} s"
            )

    def welcomes(self) -> list[int]:
        """Return how often each client was welcomed so far."""
        return [client.welcomes for client in self.clients]

    def wait_for_everybody(self, before: Sequence[int], seconds: float = PATIENCE) -> None:
        """Wait until each client was welcomed more often than `before`. Raises `AssertionError`."""
        if not self.progress.wait_for(lambda: all(map(gt, self.welcomes(), before)), seconds):
            raise AssertionError(
                f"{self.outcome.name}, seed {self.outcome.seed}: welcomed {self.welcomes()} times within"
                f" {seconds} s, {list(before)} before"
            )

    def settle(self, server: Callable[[], Address]) -> list[Stored]:
        """Let the clients finish, and return the journal as HISTORY has it at `server`."""
        deadline = time.monotonic() + SETTLE
        for client in self.clients:
            client.enough.set()
        for client in self.clients:
            client.quiet.wait(max(0.0, deadline - time.monotonic()))
        stored = read_journal(server(), ROOMS)
        goals = {each.room: each.id for each in stored}
        for client in self.clients:
            client.finish(goals, max(0.0, deadline - time.monotonic()))
        return stored

    def judge(self, stored: Sequence[Stored]) -> Outcome:
        """Check everything, once the clients have ended."""
        histories = [client.history for client in self.clients]
        events = [event for history in histories for event in history.events]
        outcome = self.outcome
        outcome.seconds = time.monotonic() - self._started
        outcome.violations += check(histories, stored)
        outcome.counts.update(
            messages=sum(isinstance(event, Sent) for event in events),
            acknowledged=len({event[1:] for event in events if isinstance(event, Acknowledged)}),
            heard=sum(isinstance(event, Heard) for event in events),
            stored=len(stored),
            connections=sum(client.connections for client in self.clients),
        )
        return outcome
