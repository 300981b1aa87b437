"""What is measured: scenarios, their cases, and which servers take part."""

from dataclasses import dataclass

SUBJECT = "chat-server"
OTHERS = ("nats-server", "redis-server", "ngIRCd", "mosquitto", "naive")
EVERYONE = (SUBJECT, *OTHERS)
LIMIT = "loopback limit"


@dataclass(frozen=True)
class Metric:
    """One key of the generator's result, and how to read it."""

    key: str
    title: str
    more_is_better: bool = True
    is_duration: bool = False
    # Whether a ratio of it says anything.
    is_compared: bool = True


DELIVERIES = Metric("deliveries_per_second", "deliveries/s")
MESSAGES = Metric("messages_per_second", "messages/s")
ACKNOWLEDGED = Metric("acknowledged_per_second", "acknowledged/s")
P50, P99, P999, LONGEST = (
    Metric(f"{key}_us", title, more_is_better=False, is_duration=True)
    for key, title in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("max", "longest"))
)
CONNECTS = Metric("connects_per_second", "connects/s")
MEMORY = Metric("kib_per_connection", "KiB a connection", more_is_better=False)
THREADS = Metric("threads", "threads", more_is_better=False, is_compared=False)


@dataclass(frozen=True)
class Case:
    """One set of options for the generator."""

    label: str
    options: tuple[str, ...]
    peers: tuple[str, ...] = EVERYONE
    quick: bool = False
    # So many messages are sent before the run that is measured.
    history: int = 0
    # During the warm-up, fill what the kernel holds for the frozen.
    fills_buffers: bool = False
    # Other servers than the subject take part in the first round only.
    others_once: bool = False
    is_idle: bool = False
    # Instead of the scenario's.
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """Several cases that make one table. Ratios are the subject's to each other column."""

    key: str
    title: str
    metrics: tuple[Metric, ...]
    cases: tuple[Case, ...]
    rounds: int = 5
    subject: str = SUBJECT
    note: str = ""

    def columns(self) -> list[str]:
        """Names of all who take part, the subject first."""
        names = dict.fromkeys(name for case in self.cases for name in case.peers)
        return sorted(names, key=lambda name: name != self.subject)

    def metrics_of(self, case: Case) -> tuple[Metric, ...]:
        """Say what a case measures, the main thing first."""
        return case.metrics or self.metrics


def options(**values: object) -> tuple[str, ...]:
    """Options of the generator: `warmup_size=64` is `--warmup-size 64`."""
    words: list[str] = []
    for name, value in values.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return tuple(words)


SATURATED = options(mode="window", members=100, senders=4, window=1000)
SMALL_ROOMS = options(mode="token", rooms=50, members=4)


def fan_out_case(window: int, peers: tuple[str, ...]) -> Case:
    """One room of 100, 4 senders."""
    load = options(mode="window", members=100, senders=4, window=window)
    return Case(f"{window:,} in flight", load, peers, quick=peers[0] == SUBJECT and window in (1, 1000))


WINDOWS = (1, 10, 100, 1000)
FAN_OUT = Scenario(
    "fan-out",
    "1. One room of 100, 4 senders, 64 bytes, so many messages in flight per sender",
    (DELIVERIES,),
    tuple(fan_out_case(each, (*EVERYONE, LIMIT) if each == WINDOWS[-1] else EVERYONE) for each in WINDOWS),
)

TLS_SUBJECT = "chat-server, TLS"
FAN_OUT_TLS = Scenario(
    "fan-out-tls",
    "1b. The same over TLS 1.3",
    (DELIVERIES,),
    tuple(fan_out_case(each, (TLS_SUBJECT, "nats-server, TLS")) for each in WINDOWS),
    rounds=3,
    subject=TLS_SUBJECT,
)

# The same server, whose members speak JSON lines, stands beside it: the difference is what the dialect costs.
IRC_SUBJECT = "chat-server, IRC"
FAN_OUT_IRC = Scenario(
    "fan-out-irc",
    "1c. The same with members who speak IRC",
    (DELIVERIES,),
    tuple(fan_out_case(each, (IRC_SUBJECT, "ngIRCd", "InspIRCd", SUBJECT)) for each in WINDOWS),
    rounds=3,
    subject=IRC_SUBJECT,
)

WEBSOCKET_SUBJECT = "chat-server, WebSocket"
FAN_OUT_WEBSOCKET = Scenario(
    "fan-out-websocket",
    "1d. The same with members who speak WebSocket",
    (DELIVERIES,),
    tuple(fan_out_case(each, (WEBSOCKET_SUBJECT, "websockets", "ws", SUBJECT)) for each in WINDOWS),
    rounds=3,
    subject=WEBSOCKET_SUBJECT,
)

ROOMS = Scenario(
    "rooms",
    "2. 50 rooms of 4, a token passed round",
    (MESSAGES, P50, P99),
    (Case("50 rooms of 4", SMALL_ROOMS, quick=True),),
)

LARGE_ROOM = Scenario(
    "large-room",
    "3. One room of 5,000, 4 senders, 10 in flight each",
    (DELIVERIES,),
    (
        Case(
            "5,000 members",
            options(mode="window", members=5000, senders=4, window=10, seconds=3),
            tuple(name for name in EVERYONE if name != "ngIRCd"),
        ),
    ),
    rounds=3,
    note="Left out: ngIRCd, which takes half a minute to let 2,000 members join, and for 5,000 many minutes.",
)

SPEAKERS = Scenario(
    "speakers",
    "3b. One room of 1,200 in which everybody speaks, 1 in flight each",
    (DELIVERIES, P99),
    (
        Case(
            "1,200 speakers",
            options(mode="window", members=1200, senders=1200, window=1, seconds=3),
            (SUBJECT, "nats-server"),
        ),
    ),
    rounds=3,
)

LATENCY = Scenario(
    "latency",
    "4. 500 messages/s to 100, open loop, from the intended send time",
    (P50, P99, P999, LONGEST),
    (Case("500 messages/s", options(mode="rate", rate=500, members=100, seconds=3), quick=True),),
)


def frozen_case(frozen: int) -> Case:
    """Load as `latency` does, with some who never read."""
    return Case(
        f"{frozen} frozen",
        options(mode="rate", rate=500, members=100, seconds=15, frozen=frozen),
        EVERYONE if frozen == 10 else (SUBJECT,),
        fills_buffers=True,
        others_once=True,
    )


FROZEN = Scenario(
    "frozen",
    "5. The same with so many of the 100 frozen: latency of the others",
    (P50, P99, P999, LONGEST),
    tuple(frozen_case(frozen) for frozen in (0, 1, 10, 50)),
    rounds=3,
)


def idle_case(connections: int) -> Case:
    """Hold registered connections that say nothing."""
    return Case(
        f"{connections:,} connections",
        options(mode="idle", members=connections),
        is_idle=True,
        quick=connections == 1000,
    )


IDLE = Scenario(
    "idle",
    "6. Idle connections",
    (CONNECTS, MEMORY, THREADS),
    tuple(idle_case(connections) for connections in (1000, 5000, 10000)),
    rounds=1,
)

ON, OFF = "everything on", "everything off"
OVERHEAD = Scenario(
    "overhead",
    "7. Everything on (SQLite, metrics scraped each second, JSON logs) against everything off",
    (DELIVERIES, P99),
    (
        Case("1,000 in flight", SATURATED, (ON, OFF)),
        Case("50 rooms of 4", SMALL_ROOMS, (ON, OFF), metrics=(MESSAGES, P99)),
    ),
    subject=ON,
)


def members_case(members: int) -> Case:
    """100 in flight per sender, so many members."""
    load = options(mode="window", members=members, senders=4, window=100)
    return Case(f"{members:,} members", load, (SUBJECT,))


def rooms_case(rooms: int) -> Case:
    """Pass a token round in each room of 4."""
    peers = (SUBJECT, "nats-server") if rooms in (50, 2000) else (SUBJECT,)
    return Case(f"{rooms:,} rooms", options(mode="token", rooms=rooms, members=4), peers)


GROWTH_MEMBERS = Scenario(
    "growth-members",
    "8a. Cost growth: members of one room",
    (DELIVERIES, MESSAGES),
    tuple(members_case(members) for members in (10, 100, 1000, 5000)),
    rounds=3,
)
GROWTH_ROOMS = Scenario(
    "growth-rooms",
    "8b. Cost growth: rooms of 4, a token passed round in each",
    (MESSAGES, P99),
    tuple(rooms_case(rooms) for rooms in (1, 10, 50, 500, 2000)),
    rounds=3,
    note="nats-server stands beside it since kernel and generator pay for more connections too: "
    "what both lose on the way from 50 rooms to 2,000 is theirs.",
)
JOURNALS = ("memory", "sqlite, none", "sqlite, os", "sqlite, fsync")


HISTORIES = (0, 10_000, 1_000_000)


def history_case(label: str, load: tuple[str, ...], history: int, main: Metric) -> Case:
    """Put a load on a file with so many messages, those of the first room."""
    metrics = (main, P99)
    return Case(f"{label}, {history:,} stored", load, ("sqlite, os",), history=history, metrics=metrics)


GROWTH_HISTORY = Scenario(
    "growth-history",
    "8c. Cost growth: messages that the file has stored",
    (DELIVERIES, P99),
    tuple(
        history_case(label, load, history, main)
        for label, load, main in (
            ("1,000 in flight", SATURATED, DELIVERIES),
            ("50 rooms of 4", SMALL_ROOMS, MESSAGES),
        )
        for history in HISTORIES
    ),
    rounds=3,
    subject="sqlite, os",
)


JOURNAL = Scenario(
    "journal",
    "9. Journals: memory, and SQLite at each durability",
    (DELIVERIES, P99),
    (
        Case("1,000 in flight", SATURATED, JOURNALS),
        Case("50 rooms of 4", SMALL_ROOMS, JOURNALS, metrics=(MESSAGES, P99)),
        Case(
            "one sender, each ACK awaited",
            options(mode="ack", members=2),
            JOURNALS,
            metrics=(ACKNOWLEDGED, P50, P99),
        ),
    ),
    rounds=3,
    subject="memory",
)

SCENARIOS = (
    FAN_OUT, FAN_OUT_TLS, FAN_OUT_IRC, FAN_OUT_WEBSOCKET, ROOMS, LARGE_ROOM, SPEAKERS, LATENCY, FROZEN,
    IDLE, OVERHEAD, GROWTH_MEMBERS, GROWTH_ROOMS, GROWTH_HISTORY, JOURNAL,
)  # fmt: skip

BY_KEY = {scenario.key: scenario for scenario in SCENARIOS}

# What `compare` measures where nothing else is asked for.
COMPARED = (FAN_OUT, ROOMS, SPEAKERS, LATENCY)
