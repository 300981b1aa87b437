"""What Prometheus reads: plain numbers of the server, added up at the scrape."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from chat_protocol.base import tag
from chat_protocol.reasons import CloseReason, RejectReason
from chat_server import __version__, log
from chat_server.chat.commands import COMMANDS
from chat_server.net.totals import Health, Snapshot, Totals
from chat_server.ops.http import Answer
from chat_server.stream.counters import BUCKETS, Counters

RECEIVED_KINDS = (*map(tag, COMMANDS), "invalid")


def metrics(look: Callable[[], Snapshot]) -> Callable[[str], Answer]:
    """Return what answers a scrape: the server's series, the process's and Python's."""
    registry = CollectorRegistry()
    registry.register(ServerCollector(look))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)

    def scrape(accept: str) -> Answer:
        encode, content_type = choose_encoder(accept)
        return Answer(200, content_type, encode(registry))

    return scrape


class ServerCollector(Collector):
    """The series of a snapshot, taken at each scrape. Every label comes from a closed list."""

    def __init__(self, look: Callable[[], Snapshot]) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Say nothing ahead: the registry need not scrape to check for duplicates."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return all series, the ones that are still zero too."""
        now = self._look()
        yield from _connection_metrics(now.connections, now.totals)
        yield from _delivery_metrics(now.deliveries, now.totals)
        yield GaugeMetricFamily("chat_rooms", "Rooms that exist now.", now.rooms)
        yield GaugeMetricFamily("chat_users", "Users with a name who are connected now.", now.users)
        yield from _session_metrics(now)
        yield from _queue_metrics(now)
        yield GaugeMetricFamily(
            "chat_tls_certificate_expiry_seconds",
            "Seconds until the certificate expires; below zero it has, +Inf without one.",
            now.certificate_seconds,
        )
        yield from _process_metrics(now.health)


def _session_metrics(now: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily("chat_sessions_absent", "Sessions without a connection.", now.absent_sessions)
    yield GaugeMetricFamily("chat_sessions_absent_bytes", "Bytes that those take, about.", now.absent_bytes)
    yield CounterMetricFamily(
        "chat_sessions_evicted",
        "Sessions forgotten early, since too many were absent.",
        now.evicted_sessions,
    )


def _queue_metrics(now: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily("chat_backlog_bytes", "Bytes that wait to be stored.", now.backlog_bytes)
    queue = GaugeMetricFamily(
        "chat_send_queue_bytes", "Bytes that wait to be sent to clients.", labels=["stat"]
    )
    queue.add_metric(["sum"], sum(now.send_queues))
    queue.add_metric(["max"], max(now.send_queues, default=0))
    yield queue
    yield _labelled(
        "chat_logins", "Tries to come in, by what became of them.", "result", now.logins, now.logins
    )
    yield GaugeMetricFamily("chat_bans", "Bans and mutes of the whole chat that are in force.", now.bans)
    yield _labelled("chat_acts", "Acts of operators and moderators.", "act", now.acts, now.acts)
    yield _labelled(
        "chat_hook_posts",
        "What programs posted to hooks, by what became of it.",
        "result",
        now.hooks,
        now.hooks,
    )
    yield _labelled(
        "chat_relay_posts",
        "Messages that programs are told of, and tries that failed.",
        "result",
        now.relays,
        now.relays,
    )
    yield CounterMetricFamily("chat_journal_commits", "Commits of the journal.", now.commits)
    yield CounterMetricFamily("chat_journal_records", "Records (batches of messages) stored.", now.records)
    yield GaugeMetricFamily(
        "chat_journal_failing", "1 while messages cannot be stored.", now.health.failure is not None
    )


def _process_metrics(health: Health) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "chat_log_lines_lost", "Lines of the log that could not be written.", log.lines_lost()
    )
    yield GaugeMetricFamily(
        "chat_threads_stuck", "Threads that have ended or make no progress.", len(health.faults)
    )
    build = GaugeMetricFamily("chat_build_info", "The version that runs.", labels=["version", "python"])
    build.add_metric([__version__, sys.version.partition(" ")[0]], 1)
    yield build
    yield GaugeMetricFamily("process_threads", "Threads of the process.", threading.active_count())


def _connection_metrics(connections: int, totals: Totals) -> Iterator[Metric]:
    yield GaugeMetricFamily("chat_connections", "Connections that are open now.", connections)
    yield CounterMetricFamily("chat_connections_opened", "Connections opened.", totals.opened)
    yield _labelled("chat_connections_closed", "Connections closed.", "reason", CloseReason, totals.closed)
    yield _labelled(
        "chat_connections_rejected", "Connections turned away.", "reason", RejectReason, totals.rejected
    )
    delays = {"input": totals.input_delays, "user": totals.user_delays}
    yield _labelled("chat_delays", "Times that a connection was delayed.", "limit", delays, delays)
    seconds = {"input": totals.input_seconds, "user": totals.user_seconds}
    yield _labelled("chat_delay_seconds", "Seconds of those delays.", "limit", seconds, seconds)
    yield _labelled("chat_messages_received", "Messages received.", "kind", RECEIVED_KINDS, totals.received)
    yield CounterMetricFamily("chat_received_bytes", "Bytes received from clients.", totals.bytes_received)
    yield CounterMetricFamily("chat_sent_bytes", "Bytes handed to the kernel for clients.", totals.bytes_sent)


def _delivery_metrics(counters: Counters, totals: Totals) -> Iterator[Metric]:
    yield _labelled(
        "chat_messages_delivered",
        "Messages handed to the kernel or an outbox.",
        "kind",
        counters.delivered,
        counters.delivered,
    )
    dropped = {"soft_limit": counters.dropped, "cut_off": counters.refused, "slow_consumer": totals.lost}
    yield _labelled("chat_messages_dropped", "Messages not delivered.", "reason", dropped, dropped)
    yield HistogramMetricFamily(
        "chat_broadcast_duration_seconds",
        "For each message: from its bytes read to the last recipient's handed to the kernel or kept.",
        buckets=list(_cumulated(counters.buckets)),
        sum_value=counters.seconds,
    )


def _cumulated(counts: Iterable[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(repr, BUCKETS), "+Inf"), counts, strict=True):
        total += count
        yield bound, total


def _labelled(
    name: str, text_: str, label: str, values: Iterable[str], counts: Mapping[str, float]
) -> Metric:
    family = CounterMetricFamily(name, text_, labels=[label])
    for value in values:
        family.add_metric([value.lower()], counts.get(value, 0))
    return family
