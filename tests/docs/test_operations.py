"""docs/operations.md lists exactly the settings, metrics, alerts and events of the code."""

import re
from dataclasses import fields

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric

from chat_server.config import PREFIX, Config, default_of
from chat_server.errors import JournalError
from chat_server.journal.memory import MemoryJournal
from chat_server.journal.sqlite.journal import SYNCHRONOUS
from chat_server.log import EVENTS
from chat_server.net.server import Server
from chat_server.net.system import SPARE_DESCRIPTORS
from chat_server.ops.metrics import ServerCollector
from chat_server.ops.routes import routes
from tests.docs.page import ROOT, code, only_code, rows, section, text

PAGE_NAME = "docs/operations.md"


def test_every_setting_is_listed_with_its_three_forms_and_default() -> None:
    """In the order of `--print-config`."""
    listed = [tuple(map(only_code, row[:4])) for row in rows(PAGE_NAME, "Settings")]
    assert listed == [
        (f"--{name.replace('_', '-')}", PREFIX + name.upper(), name, default)
        for name, default in ((each.name, default_of(each.default)) for each in fields(Config))
    ]


def test_every_setting_says_what_it_means() -> None:
    """No meaning is left empty."""
    assert all(row[4] for row in rows(PAGE_NAME, "Settings"))


def test_every_durability_is_listed() -> None:
    """Those that the journal knows, the strictest first; and memory."""
    listed = [code(row[0])[0] for row in rows(PAGE_NAME, "Durability")]
    assert listed == [*SYNCHRONOUS, "memory"]


def families() -> list[Metric]:
    """Return what a scrape has, in its order."""
    server = Server(Config(), MemoryJournal())
    registry = CollectorRegistry()
    registry.register(ServerCollector(server.snapshot))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    try:
        return list(registry.collect())
    finally:
        server.flusher.stop()


def test_every_metric_is_listed_with_its_labels() -> None:
    """In the order of a scrape, by the name under which Prometheus knows it."""
    listed = [(only_code(row[0]), set(code(row[1]))) for row in rows(PAGE_NAME, "Metrics")]
    assert listed == [
        (
            family.name + ("_total" if family.type == "counter" else ""),
            {label for sample in family.samples for label in sample.labels},
        )
        for family in families()
    ]


def test_every_alert_is_listed() -> None:
    """In the order of the rules."""
    rules = (ROOT / "deploy/prometheus/rules.yml").read_text(encoding="utf-8")
    listed = [only_code(row[0]) for row in rows(PAGE_NAME, "Alerts")]
    assert listed == re.findall(r"- alert: (\w+)", rules)


def test_every_event_is_listed() -> None:
    """In the order of the code's own table."""
    assert [only_code(row[0]) for row in rows(PAGE_NAME, "Logs")] == list(EVENTS)


def test_an_event_has_the_level_of_the_code() -> None:
    """As it is logged; a fault with a traceback is an error."""
    sources = "\n".join(path.read_text() for path in (ROOT / "chat_server").rglob("*.py"))
    logged = re.findall(r'\blog(?:ger)?\.(\w+)\(\s*"(\w+)"', sources)
    levels = {event: {"exception": "error"}.get(level, level) for level, event in logged}
    assert {only_code(row[0]): row[1] for row in rows(PAGE_NAME, "Logs")} == levels


def test_the_descriptors_that_are_needed_are_the_code_s() -> None:
    """One for each connection, and some beside them."""
    assert f"| open files | {Config.connections + SPARE_DESCRIPTORS:,} |" in text(PAGE_NAME)


def test_the_answer_of_a_full_disk_is_the_server_s() -> None:
    """What /readyz says, word for word."""
    server = Server(Config(), MemoryJournal())
    server.flusher.stop()
    server.ready = True
    advice = "chat.db: the disk is full; make room (database or disk is full)"
    server.hub.shared.commit.failure = JournalError(advice)
    status, _, body = routes(server.snapshot, server.health)["/readyz"]("")
    told = section(PAGE_NAME, "When the disk is full, or fails")
    assert body.decode() in told
    assert f"status {status}" in " ".join(told.split())
