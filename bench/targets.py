"""What the chat server set out to reach, as ratios within one round."""

from dataclasses import dataclass

from bench import scenarios
from bench.figures import Figure, ratio, summarize
from bench.results import Results
from bench.scenarios import LIMIT, SUBJECT, Metric


@dataclass(frozen=True)
class Place:
    """A cell of a scenario's table."""

    scenario: str
    case: str
    peer: str


@dataclass(frozen=True)
class Target:
    """`over` by `under` is to be at least, or where less is better at most, so much."""

    title: str
    over: Place
    under: Place | None  # without it, `over` itself is held against the bound
    metric: Metric
    bound: float

    def wanted(self) -> str:
        """Say the bound in words."""
        return f"{'at least' if self.metric.more_is_better else 'at most'} {self.bound:g}"

    def is_met(self, figure: Figure) -> bool:
        """Whether the median keeps the bound."""
        if self.metric.more_is_better:
            return figure.median >= self.bound
        return figure.median <= self.bound


def judge(results: Results, target: Target) -> Figure | None:
    """Compute the measured ratio, where both sides were measured."""
    over, under = target.over, target.under
    measured = results.rounds(over.scenario, over.case, over.peer, target.metric)
    if under is None:
        return summarize(list(measured.values()))
    return ratio(measured, results.rounds(under.scenario, under.case, under.peer, target.metric))


def against(peer: str, scenario: str, case: str, metric: Metric, bound: float) -> Target:
    """Hold the chat server against one peer in the same case."""
    title = f"{scenario}, {case}: {metric.title} by {peer}'s"
    return Target(title, Place(scenario, case, SUBJECT), Place(scenario, case, peer), metric, bound)


def frozen(count: int) -> Target:
    """Hold some frozen against none."""
    case = f"{count} frozen"
    over, under = Place("frozen", case, SUBJECT), Place("frozen", "0 frozen", SUBJECT)
    return Target(f"frozen, {case}: p99 by that with none frozen", over, under, scenarios.P99, 1.1)


def within(over: Place, under_peer: str, metric: Metric, bound: float) -> Target:
    """Hold one form of the chat server against another in the same case."""
    title = f"{over.scenario}, {over.case}: {metric.title}, {over.peer} by {under_peer}"
    return Target(title, over, Place(over.scenario, over.case, under_peer), metric, bound)


def growth(scenario: str, first: str, last: str, metric: Metric, peer: str = SUBJECT) -> Target:
    """Hold the largest against the smallest that saturates: it may cost a fifth."""
    title = f"{scenario}: {metric.title} with {last} by that with {first}"
    return Target(title, Place(scenario, last, peer), Place(scenario, first, peer), metric, 0.8)


def memory(connections: str, most_kib: float) -> Target:
    """Hold an idle connection's memory against a fixed number: no peer has anything to do with it."""
    title = f"idle, {connections}: {scenarios.MEMORY.title}"
    return Target(title, Place("idle", connections, SUBJECT), None, scenarios.MEMORY, most_kib)


def over_tls(case: str) -> Target:
    """Return what the server is to reach beside nats-server, both with TLS."""
    return within(
        Place("fan-out-tls", case, scenarios.TLS_SUBJECT), "nats-server, TLS", scenarios.DELIVERIES, 1
    )


BUSY, ROOMS = "1,000 in flight", "50 rooms of 4"
DELIVERIES, MESSAGES, P99 = scenarios.DELIVERIES, scenarios.MESSAGES, scenarios.P99

TARGETS = (
    against("nats-server", "fan-out", BUSY, DELIVERIES, 3.5),
    against("ngIRCd", "fan-out", BUSY, DELIVERIES, 8),
    against("naive", "fan-out", BUSY, DELIVERIES, 100),
    against(LIMIT, "fan-out", BUSY, DELIVERIES, 0.65),
    against("nats-server", "fan-out", "1 in flight", DELIVERIES, 1),
    *(over_tls(f"{window} in flight") for window in ("1", "10", "100", "1,000")),
    against("nats-server", "rooms", ROOMS, MESSAGES, 1),
    against("mosquitto", "rooms", ROOMS, MESSAGES, 1),
    against("nats-server", "rooms", ROOMS, P99, 1),
    against("mosquitto", "rooms", ROOMS, P99, 1),
    against("nats-server", "large-room", "5,000 members", DELIVERIES, 5),
    *(against(peer, "latency", "500 messages/s", P99, 1) for peer in scenarios.OTHERS),
    *(frozen(count) for count in (1, 10, 50)),
    memory("10,000 connections", 25),
    *(
        within(Place("overhead", case, scenarios.ON), scenarios.OFF, metric, 0.85)
        for case, metric in ((BUSY, DELIVERIES), (ROOMS, MESSAGES))
    ),
    growth("growth-members", "100 members", "5,000 members", DELIVERIES),
    growth("growth-rooms", "50 rooms", "2,000 rooms", MESSAGES),
    *(
        growth("growth-history", f"{case}, 0 stored", f"{case}, 1,000,000 stored", metric, "sqlite, os")
        for case, metric in ((BUSY, DELIVERIES), (ROOMS, MESSAGES))
    ),
    within(Place("journal", BUSY, "sqlite, os"), "memory", DELIVERIES, 0.85),
    within(Place("journal", ROOMS, "sqlite, os"), "memory", MESSAGES, 0.6),
)
