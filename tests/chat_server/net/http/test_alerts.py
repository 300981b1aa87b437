"""Alerts as people read them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import BadFieldError
from chat_server.net.http.alerts import told

#: What Alertmanager 0.33 posts, but for what is not read.
ALERTMANAGER = {
    "version": "4",
    "status": "firing",
    "receiver": "chat",
    "groupLabels": {"alertname": "ChatDown"},
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "ChatDown",
                "severity": "critical",
                "instance": "server:9464",
                "job": "chat",
            },
            "annotations": {
                "summary": "The chat is down",
                "description": "It was not\nscraped for a minute.",
            },
            "startsAt": "2026-01-02T03:04:05Z",
            "fingerprint": "c0ffee",
        },
        {"status": "resolved", "labels": {"alertname": "ChatSlow"}, "annotations": {}},
    ],
}
#: What Grafana 12 posts likewise.
GRAFANA = {
    "status": "firing",
    "state": "alerting",
    "title": "[FIRING:1] High load",
    "message": "**Firing**",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "High load",
                "grafana_folder": "infra",
                "__alert_rule_uid__": "x",
                "host": "a",
            },
            "annotations": {"description": "load is 9"},
            "valueString": "[ var='A' value=9 ]",
        }
    ],
}


def test_what_alertmanager_posts() -> None:
    """A line for each alert: what fires and what is over, how bad it is, what it says, where."""
    assert told(ALERTMANAGER, 1000).splitlines() == [
        "FIRING ChatDown (critical): The chat is down [instance=server:9464, job=chat]",
        "    It was not scraped for a minute.",
        "RESOLVED ChatSlow",
    ]


def test_what_grafana_posts() -> None:
    """Without what it keeps for itself."""
    assert told(GRAFANA, 1000) == "FIRING High load: load is 9 [host=a]"


def test_what_does_not_fit_is_counted() -> None:
    """Together with what the sender left out."""
    alerts = [{"status": "firing", "labels": {"alertname": f"alert{number}"}} for number in range(100)]
    lines = told({"alerts": alerts, "truncatedAlerts": 5}, 200).splitlines()
    assert lines[0] == "FIRING alert0"
    assert lines[-1] == f"and {100 - (len(lines) - 1) + 5} more alerts"
    assert 160 < len("\n".join(lines)) <= 200


def test_a_long_note_is_shortened() -> None:
    """So that one alert fits a message."""
    labels = {f"l{number}": "x" * 1000 for number in range(99)}
    line = told({"alerts": [{"labels": labels, "annotations": {"summary": "y" * 9999}}]}, 16384)
    assert "\u2026" in line
    assert len(line) < 2000


@pytest.mark.parametrize("alerts", [[], ["x"], "x", None])
def test_there_must_be_an_alert(alerts: object) -> None:
    """Else nothing is said."""
    with pytest.raises(BadFieldError, match="no alert"):
        told({"alerts": alerts}, 1000)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.integers(250, 600))
def test_an_alert_is_a_line_or_two(summary: str, description: str, label: str, most: int) -> None:
    """Whatever it says."""
    one = {"labels": {"alertname": label}, "annotations": {"summary": summary, "description": description}}
    text = told({"alerts": [one]}, most)
    assert len(text.split("\n")) <= 2
    many = told(json.loads(json.dumps({"alerts": [one] * 20})), most)
    assert len(many.encode("utf-8", "replace")) <= max(most, len(text.encode("utf-8", "replace")) + 40)
