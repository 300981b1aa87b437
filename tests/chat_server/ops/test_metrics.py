"""Metrics and health: every series from the start, closed labels, and numbers that are right."""

import socket
import threading
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from chat_protocol.reasons import CloseReason, RejectReason
from chat_server import log
from chat_server.chat.access import RESULTS
from chat_server.chat.audit import ACTS
from chat_server.chat.hooks import RESULTS as POSTS
from chat_server.config import Config
from chat_server.errors import JournalError
from chat_server.journal.memory import MemoryJournal
from chat_server.net.server import Server
from chat_server.ops.http import Answer
from chat_server.ops.metrics import RECEIVED_KINDS
from chat_server.ops.routes import routes
from chat_server.stream.counters import BUCKETS

PATIENCE = 5.0
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
LABELS = {
    "chat_connections_closed_total": ("reason", set(map(str, CloseReason))),
    "chat_connections_rejected_total": ("reason", set(map(str, RejectReason))),
    "chat_messages_received_total": ("kind", {each.lower() for each in RECEIVED_KINDS}),
    "chat_messages_delivered_total": ("kind", {"msg", "dm", "presence", "topic", "name"}),
    "chat_messages_dropped_total": ("reason", {"soft_limit", "cut_off", "slow_consumer"}),
    "chat_send_queue_bytes": ("stat", {"sum", "max"}),
    "chat_acts_total": ("act", set(ACTS)),
    "chat_hook_posts_total": ("result", set(POSTS)),
    "chat_relay_posts_total": ("result", {"delivered", "failed", "dead", "skipped"}),
    "chat_logins_total": ("result", set(RESULTS)),
}
PLAIN = {
    "chat_connections",
    "chat_connections_opened_total",
    "chat_received_bytes_total",
    "chat_sent_bytes_total",
    "chat_rooms",
    "chat_bans",
    "chat_users",
    "chat_sessions_absent",
    "chat_sessions_absent_bytes",
    "chat_sessions_evicted_total",
    "chat_backlog_bytes",
    "chat_threads_stuck",
    "chat_journal_commits_total",
    "chat_journal_records_total",
    "chat_journal_failing",
    "chat_log_lines_lost_total",
    "chat_tls_certificate_expiry_seconds",
    "process_threads",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
}
HISTOGRAM = "chat_broadcast_duration_seconds"

Samples = dict[tuple[str, str], float]


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that runs."""
    server = Server(Config(host="127.0.0.1", port=0, metrics_port=0, drain_timeout=2.0), MemoryJournal())
    server.start()
    yield server
    if server.ready:
        server.stop()


def ask(server: Server, path: str = "/metrics", accept: str = "") -> Answer:
    """Ask as a scraper does, without the HTTP."""
    return routes(server.snapshot, server.health)[path](accept)


def scrape(server: Server) -> Samples:
    """Return name and label value -> number."""
    families = parse_text(ask(server).body.decode())
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


class Talker:
    """A client that says a line and waits until the server has dealt with it."""

    def __init__(self, server: Server, name: str) -> None:
        self.sent = self.read = 0
        self._socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self.say(f'{{"type":"REG_NAME","name":"{name}"}}')

    def say(self, line: str) -> None:
        """Say it, then read up to the PONG behind it."""
        data = line.encode() + b'\n{"type":"PING","ref":"fence"}\n'
        self._socket.sendall(data)
        self.sent += len(data)
        self.hear(b'"fence"}\n')

    def hear(self, wanted: bytes) -> None:
        """Read until this has come in the last line."""
        received = b""
        while not (received.endswith(b"\n") and wanted in received.splitlines(keepends=True)[-1]):
            received += self._socket.recv(1 << 16)
        self.read += len(received)

    def end(self, line: bytes = b"") -> None:
        """Say the last line, and read to the end."""
        self._socket.sendall(line)
        self.sent += len(line)
        self._socket.shutdown(socket.SHUT_WR)
        while data := self._socket.recv(1 << 16):
            self.read += len(data)
        self._socket.close()


def test_every_series_is_there_from_the_start(server: Server) -> None:
    """Also what never happened has a zero, so that rates and alerts work from the first scrape."""
    samples = scrape(server)
    expected = {(name, value) for name, (_, values) in LABELS.items() for value in values}
    assert expected <= set(samples)
    assert {(name, "") for name in PLAIN} <= set(samples)
    assert all(samples[each] == 0 for each in expected)
    assert samples["chat_rooms", ""] == 1
    assert samples[f"{HISTOGRAM}_count", ""] == 0


def test_labels_come_from_closed_lists(server: Server) -> None:
    """After a conversation with all kinds of names there is no other label value than before."""
    before = set(scrape(server))
    ann = Talker(server, "ann")
    ann.say('{"type":"JOIN","room":"secret-room"}')
    ann.say('{"type":"WHATEVER"}')
    ann.end(b'{"type":"EXIT"}\n')
    body = ask(server).body.decode()
    assert set(scrape(server)) == before
    for word in ("ann", "secret-room", "WHATEVER", "127.0.0.1"):
        assert f'"{word}"' not in body


def test_names_are_those_of_our_own(server: Server) -> None:
    """Everything but the process's and Python's own series begins with chat_, and each has a help text."""
    for family in parse_text(ask(server).body.decode()):
        assert family.name.startswith(("chat_", "process_", "python_"))
        assert family.documentation


def test_a_small_conversation_is_counted_exactly(server: Server) -> None:
    """Two people who say a little of everything: each number is what was said."""
    ann, bob = Talker(server, "ann"), Talker(server, "bob")
    ann.hear(b'"JOINED","room":"lobby","name":"bob"}\n')
    ann.say('{"type":"MSG","text":"one"}\n{"type":"MSG","text":"two","ref":"r"}')
    bob.hear(b'"text":"two"}\n')
    ann.say('{"type":"DM","to":"bob","text":"psst"}')
    bob.say("nonsense")
    bob.say('{"type":"TOPIC","topic":"bees"}')
    ann.hear(b'"by":"bob"')
    gauges = scrape(server)
    ann.end(b'{"type":"EXIT"}\n')
    bob.hear(b'"reason":"exit"}\n')
    bob.end()
    server.stop()  # every thread has counted what it did
    samples = scrape(server)

    def nonzero(series: str) -> dict[str, float]:
        return {label: number for (name, label), number in samples.items() if name == series and number}

    assert nonzero("chat_messages_received_total") == {
        "reg_name": 2,
        "ping": 6,
        "msg": 2,
        "dm": 1,
        "topic": 1,
        "exit": 1,
        "invalid": 1,
    }
    assert nonzero("chat_messages_delivered_total") == {"msg": 2, "dm": 1, "presence": 2, "topic": 1}
    assert nonzero("chat_connections_closed_total") == {"exit": 1, "peer_closed": 1}
    assert nonzero("chat_connections_rejected_total") == nonzero("chat_messages_dropped_total") == {}
    assert samples["chat_connections_opened_total", ""] == 2
    assert samples["chat_received_bytes_total", ""] == ann.sent + bob.sent
    assert samples["chat_sent_bytes_total", ""] == ann.read + bob.read
    assert samples[f"{HISTOGRAM}_count", ""] == 3
    now = ("chat_users", "chat_connections", "chat_rooms")
    assert [gauges[each, ""] for each in now] == [2, 2, 1]
    assert [samples[each, ""] for each in now] == [0, 0, 1]


def test_the_histogram_adds_up(server: Server) -> None:
    """Buckets from 10 us to 10 s, cumulative, the last is the count, and the sum is plausible."""
    ann = Talker(server, "ann")
    for _ in range(10):
        ann.say('{"type":"MSG","text":"x"}')
    samples = scrape(server)
    bounds = [float(bound) for name, bound in samples if name == f"{HISTOGRAM}_bucket"]
    counts = [number for (name, _), number in samples.items() if name == f"{HISTOGRAM}_bucket"]
    assert bounds == [*BUCKETS, float("inf")]
    assert (bounds[0], bounds[-2]) == (1e-5, 10.0)
    assert counts == sorted(counts)
    assert counts[-1] == samples[f"{HISTOGRAM}_count", ""] == 10
    assert 0 < samples[f"{HISTOGRAM}_sum", ""] < 10
    ann.end()


def test_threads_are_counted(server: Server) -> None:
    """A connection is a thread more."""
    before = scrape(server)["process_threads", ""]
    assert before == threading.active_count()
    ann = Talker(server, "ann")
    assert scrape(server)["process_threads", ""] == before + 1
    ann.end()


def test_lost_lines_of_the_log_are_told(server: Server) -> None:
    """It is the one place that is left to tell it."""
    assert scrape(server)["chat_log_lines_lost_total", ""] == 0
    with open("/dev/full", "w") as full:  # noqa: PTH123  # no path of the tests' own
        log.configure("info", "json", full)
        structlog.get_logger().info("connected")
        assert log.flush(PATIENCE)
        try:
            assert scrape(server)["chat_log_lines_lost_total", ""] == 1
        finally:
            structlog.reset_defaults()


def test_the_build_is_told(server: Server) -> None:
    """Version and Python are labels of a series that is always 1."""
    (family,) = [each for each in parse_text(ask(server).body.decode()) if each.name == "chat_build_info"]
    assert [(set(sample.labels), sample.value) for sample in family.samples] == [({"version", "python"}, 1)]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain"),
        ("text/plain", "text/plain"),
        ("*/*", "text/plain"),
        (OPENMETRICS, "application/openmetrics-text"),
    ],
)
def test_the_format_follows_the_accept_header(server: Server, accept: str, content_type: str) -> None:
    """OpenMetrics to who asks for it, else text, and each parses."""
    answer = ask(server, accept=accept)
    assert answer.status == 200
    assert answer.content_type.startswith(content_type)
    body = answer.body.decode()
    parse = parse_openmetrics if "openmetrics" in content_type else parse_text
    parsed = list(parse(body))  # type: ignore[no-untyped-call, unused-ignore]  # the library's own
    assert "chat_connections" in {family.name for family in parsed}


def test_what_is_wrong_is_a_gauge_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that has ended, a journal that fails: an alert is made of it."""
    assert scrape(server)["chat_threads_stuck", ""] == 0
    server.keeper.stop()
    monkeypatch.setattr(server.hub.shared.commit, "retry", lambda: None)  # else it recovers at once
    server.hub.shared.commit.failure = JournalError("no space left on device")
    samples = scrape(server)
    assert (samples["chat_threads_stuck", ""], samples["chat_journal_failing", ""]) == (1, 1)
    server.hub.shared.commit.failure = None
