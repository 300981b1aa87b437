"""The profile `alerts` of docker-compose.yml: what fires is said in the chat."""

import json
import time
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from tests.integration.conftest import new_stack
from tests.integration.stack import START_SECONDS, Stack
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def alerts(image: str) -> Iterator[Stack]:
    """Bring the stack up with its Alertmanager."""
    assert image
    with new_stack("COMPOSE_PROFILES=alerts") as stack:
        stack.starts("--env-file", "deploy/production.env", "up", "-d", "--wait")
        yield stack


def fire(stack: Stack, name: str, summary: str, **fields: str) -> None:
    """Have an alert fire, as Prometheus has it."""
    alert = {
        "labels": {"alertname": name, "severity": "critical", "instance": "server:9464"},
        "annotations": {"summary": summary},
        **fields,
    }
    asked = Request(
        f"http://127.0.0.1:{stack.port('alertmanager', 9093)}/api/v2/alerts",
        json.dumps([alert]).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=10) as answer:  # noqa: S310  # likewise
        assert answer.status == 200


def test_what_fires_is_said_in_the_chat(alerts: Stack) -> None:
    """By the one name of the hook, as a program's, in a room that people come into; and when it is over."""
    with alerts.peer("ann") as ann:
        ann.join("ops")
        fire(alerts, "ChatTest", "this is a test")
        said = ann.hear("FIRING ChatTest (critical): this is a test [instance=server:9464]", "ops", 60)
        assert (said["from"], said["room"], said["notice"]) == ("alerts", "ops", True)
        fire(alerts, "ChatTest", "this is a test", endsAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        ann.hear("RESOLVED ChatTest (critical): this is a test [instance=server:9464]", "ops", 150)


def test_prometheus_knows_its_alertmanager(alerts: Stack) -> None:
    """And would send it what fires."""

    def active() -> list[str]:
        body = json.loads(alerts.get("prometheus", 9090, "/api/v1/alertmanagers"))
        return [each["url"] for each in body["data"]["activeAlertmanagers"]]

    found = eventually(active, START_SECONDS, "Alertmanager is found")
    assert found == ["http://alertmanager:9093/api/v2/alerts"]


def test_a_second_start_makes_no_second_hook(alerts: Stack) -> None:
    """The address of the first is good."""
    alerts.starts("--env-file", "deploy/production.env", "up", "-d", "--wait")
    listed = alerts.run("exec", "-T", "server", "chat-server", "hook", "list").stdout.decode()
    assert listed.count("alerts") == 1


def test_the_address_is_nowhere_to_be_read(alerts: Stack) -> None:
    """But in its volume: in no setting and no log."""
    secret = alerts.run("exec", "-T", "alertmanager", "cat", "/hook/alerts.url").stdout.decode().strip()
    token = secret.rpartition("/")[2]
    assert token.startswith("hook-")
    seen = [alerts.run(*command) for command in (("config",), ("logs", "--no-color"))]
    assert all(token not in each.stdout.decode() + each.stderr.decode() for each in seen)
