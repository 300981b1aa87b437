"""The real docker-compose.yml: people who talk, people who join, and Prometheus that watches."""

import json
import re
from pathlib import Path

import pytest

from tests.integration.stack import START_SECONDS, Stack
from tests.integration.terminal import Terminal
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

PERSONAS = ("alice", "bob", "carol")
RECEIVED = 'sum(chat_messages_received_total{job="chat"})'


def test_the_personas_hold_a_conversation(stack: Stack) -> None:
    """The first one's log shows what each of the others says."""
    with stack.follow("alice") as lines:
        for name in PERSONAS[1:]:
            lines.until(f" {name}: ", START_SECONDS)


def test_whoever_joins_hears_every_persona(stack: Stack) -> None:
    """Over the published port the conversation arrives live."""
    with stack.peer("listener") as listener:
        silent = set(PERSONAS)
        while silent:
            silent.discard(listener.until(lambda frame: frame["type"] == "MSG", 60)["from"])


def test_a_scripted_client_takes_part_and_leaves(stack: Stack, tmp_path: Path) -> None:
    """`docker compose run` plays a script: others hear it, and it exits with status 0."""
    script = tmp_path / "dave.script"
    script.write_text("say Good morning from the script\n")
    script.chmod(0o644)
    with stack.peer("witness") as witness:
        arguments = ["--name", "dave", "--script", "/scripts/dave.script"]
        done = stack.run("run", "--rm", "-T", "-v", f"{script}:/scripts/dave.script:ro", "client", *arguments)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        assert witness.hears("Good morning from the script")["from"] == "dave"
    assert b"Good morning from the script" in done.stdout


def test_a_person_at_a_terminal_talks_and_leaves_with_exit(stack: Stack) -> None:
    """`docker compose run --rm client --name erin`: sees others, is seen, leaves with `exit`."""
    with (
        stack.peer("friend") as friend,
        Terminal(stack.command("run", "--rm", "client", "--name", "erin"), stack.root) as terminal,
    ):
        joined = {"type": "JOINED", "name": "erin"}
        friend.until(lambda frame: frame | joined == frame, START_SECONDS)
        friend.say("Can you see me, erin?")
        terminal.shows("Can you see me, erin?", 20)
        terminal.types("Yes, loud and clear\r")
        assert friend.hears("Yes, loud and clear", 20)["from"] == "erin"
        terminal.types("exit\r")
        assert terminal.status(30) == 0
        left = friend.until(lambda frame: frame["type"] == "LEFT" and frame["name"] == "erin", 20)
    assert left["reason"] == "exit"


def test_prometheus_scrapes_the_server(stack: Stack) -> None:
    """Its own API calls the target up, and the counters rise while people talk."""
    stack.healthy("prometheus")
    eventually(lambda: stack.ask_prometheus('up{job="chat"}') == 1.0, START_SECONDS, "the target is up")
    before = eventually(lambda: stack.ask_prometheus(RECEIVED), START_SECONDS, "messages are counted")
    assert before is not None
    eventually(lambda: (stack.ask_prometheus(RECEIVED) or 0.0) > before, START_SECONDS, "the counter rises")


def test_no_alert_fires_on_a_healthy_stack(stack: Stack) -> None:
    """The rules are loaded, each evaluates without an error, and none fires."""
    stack.healthy("prometheus")

    def groups() -> list[dict[str, object]]:
        body = json.loads(stack.get("prometheus", 9090, "/api/v1/rules"))
        rules: list[dict[str, object]] = [rule for group in body["data"]["groups"] for rule in group["rules"]]
        return rules if all(rule["health"] == "ok" for rule in rules) else []

    rules = eventually(groups, START_SECONDS, "every rule is evaluated")
    assert {rule["state"] for rule in rules} == {"inactive"}


def test_the_alerts_watch_metrics_that_exist(stack: Stack) -> None:
    """Every metric that a rule names is served: a renamed one would silence its alert."""
    stack.healthy("server")
    rules = (stack.root / "deploy/prometheus/rules.yml").read_text()
    named = set(re.findall(r"((?:chat|process)_[a-z_]+)\{", rules))
    served = set(re.findall(r"^([a-z_]+)", stack.get("server", 9464, "/metrics").decode(), re.MULTILINE))
    assert named
    assert named <= served


def test_prometheus_shows_its_page(stack: Stack) -> None:
    """The published port has the page that a person opens."""
    stack.healthy("prometheus")
    assert b"<title>Prometheus" in stack.get("prometheus", 9090, "/query")


@pytest.mark.parametrize(
    "check",
    [("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")],
    ids=["config", "rules"],
)
def test_promtool_is_content_with_the_files(stack: Stack, check: tuple[str, str, str]) -> None:
    """The configuration is valid, and every alert fires when, and only when, its test says so."""
    what, kind, name = check
    done = stack.run("exec", "-T", "prometheus", "promtool", what, kind, f"/etc/prometheus/{name}")
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_promtool_is_content_with_the_metrics(stack: Stack) -> None:
    """Names, types and help texts of what the server serves follow the conventions: no complaint at all."""
    stack.healthy("server")
    metrics = stack.get("server", 9464, "/metrics")
    done = stack.run("exec", "-T", "prometheus", "promtool", "check", "metrics", stdin=metrics)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
