"""The real docker-compose.yml: people who talk, people who join, and Prometheus that watches."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.page import section
from tests.integration.conftest import new_stack
from tests.integration.stack import START_SECONDS, Stack
from tests.integration.terminal import Terminal
from tests.integration.waiting import eventually
from tests.support.peer import PATIENCE

pytestmark = pytest.mark.integration

PERSONAS = ("alice", "bob", "carol")
UP_OWN = ("--env-file", "deploy/production.env", "up", "-d", "--wait")
RECEIVED = 'sum(chat_messages_received_total{job="chat"})'


@pytest.fixture(scope="module")
def own(image: str) -> Iterator[Stack]:
    """Bring up a server of one's own."""
    assert image
    with new_stack() as stack:
        stack.starts(*UP_OWN)
        yield stack


def test_up_and_wait_has_everybody_healthy(stack: Stack) -> None:
    """`docker compose up -d --wait` exited with status 0; a second one too, and starts nothing anew."""
    before = stack.containers()
    assert set(before) == {"server", "prometheus", *PERSONAS}
    assert {health for _, health in before.values()} == {"healthy"}
    stack.starts("up", "-d", "--wait")
    assert stack.containers() == before


def test_a_server_of_one_s_own_has_no_personas(own: Stack) -> None:
    """With deploy/production.env nobody stands in the lobby, and what was said outlives `down` and `up`."""
    assert set(own.containers()) == {"server", "prometheus"}
    say_and_wait(own, "remember this")
    own.starts("down")
    own.starts(*UP_OWN)
    with own.peer("ben") as ben:
        ben.hear("remember this")
        ben.send("WHO")
        assert ben.until("USERS")["names"] == ["ben"]


def test_the_recipes_of_backup_and_restore_work(own: Stack, tmp_path: Path) -> None:
    """Word for word: what was said after the backup is gone after the restore, and nothing else."""
    told = section("docs/operations.md", "Back up and restore with Compose")
    backup, restore = told.split("To restore it")
    say_and_wait(own, "before the backup")
    own.types(backup, tmp_path)
    say_and_wait(own, "after the backup")
    own.types(restore, tmp_path)
    say_and_wait(own, "after the restore")
    with own.peer("ben") as ben:
        ben.hear("after the restore")
    said = [frame["text"] for frame in ben.seen if frame["type"] == "MSG"]
    assert said[-2:] == ["before the backup", "after the restore"]


def say_and_wait(stack: Stack, text: str) -> None:
    """Say something, and wait until it is stored."""
    with stack.peer("ann") as ann:
        ann.send("MSG", text=text, ref="1")
        ann.until("ACK")
        ann.send("EXIT")
        ann.rest()


def test_the_page_is_served(stack: Stack) -> None:
    """On a port of its own, under the name that people type; alice's view begins with where it is."""
    stack.healthy("server")
    with stack.follow("alice") as seen:
        assert "http://localhost:0" in seen.until("To join, open", START_SECONDS)
    assert b"<!doctype html>" in stack.get("server", 8080, "/").lower()


def test_an_irc_client_takes_part(stack: Stack) -> None:
    """Beside those who speak JSON."""
    stack.healthy("server")
    address = ("127.0.0.1", stack.port("server", 6667))
    with stack.peer("ann") as ann, socket.create_connection(address, PATIENCE) as irene:
        irene.sendall(b"NICK irene\r\nUSER irene 0 * :Irene\r\nJOIN #lobby\r\n")
        ann.until("JOINED", name="irene")
        irene.sendall(b"PRIVMSG #lobby :hello from IRC\r\n")
        assert ann.hear("hello from IRC")["from"] == "irene"


def test_without_a_profile_there_are_no_personas(stack: Stack) -> None:
    """However the profile is turned off."""
    services = {b"server", b"prometheus"}
    assert set(stack.run("--profile", "", "config", "--services").stdout.split()) == services
    without = Stack(stack.root, (*stack.environment, "COMPOSE_PROFILES="))
    assert set(without.run("config", "--services").stdout.split()) == services


def test_where_the_chat_is_published(stack: Stack) -> None:
    """This machine alone, or the address and port that are asked for; metrics never leave this machine."""

    def published(*settings: str) -> list[tuple[str, str]]:
        one = Stack(stack.root, (*stack.environment, *settings))
        ports = json.loads(one.run("config", "--format", "json").stdout)["services"]["server"]["ports"]
        return [(port["host_ip"], port["published"]) for port in ports]

    assert published() == [("127.0.0.1", "0")] * 4
    ports = "CHAT_PUBLISH_PORT=19090", "CHAT_PUBLISH_WEB_PORT=18080", "CHAT_PUBLISH_IRC_PORT=16667"
    assert published("CHAT_PUBLISH_HOST=127.0.0.2", *ports) == [
        *(("127.0.0.2", "19090"), ("127.0.0.2", "18080"), ("127.0.0.2", "16667")),
        ("127.0.0.1", "0"),
    ]


@pytest.mark.parametrize(
    ("prepare", "status"),
    [
        ("", 1),
        ("touch /tmp/pulse", 0),
        ("touch -d '-3 minutes' /tmp/pulse", 1),
    ],
    ids=["never spoke", "just spoke", "fell silent"],
)
def test_a_persona_s_health_check_can_fail(stack: Stack, prepare: str, status: int) -> None:
    """Only who took part within two minutes is healthy."""
    config = json.loads(stack.run("config", "--format", "json").stdout)
    kind, check = config["services"]["alice"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    script = f"{prepare}\n{check}"
    done = stack.run("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "alice", "-c", script)
    assert done.returncode == status, done.stderr.decode()


def test_no_registry_is_asked_for_our_image(stack: Stack) -> None:
    """Whoever has the name there could run anything here."""
    config = json.loads(stack.run("--profile", "*", "config", "--format", "json").stdout)
    ours = {
        name: service["pull_policy"]
        for name, service in config["services"].items()
        if service["image"].startswith("threaded-chat")
    }
    assert set(ours) == {"server", "client", "hook", "tests", *PERSONAS}
    assert set(ours.values()) <= {"never", "build"}


def test_whatever_stays_is_bounded(stack: Stack) -> None:
    """Each service that goes on by itself has a limit of memory, of processes and of its log."""
    config = json.loads(stack.run("config", "--format", "json").stdout)
    for service in config["services"].values():
        assert {"mem_limit", "pids_limit"} <= set(service)
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_the_personas_hold_a_conversation(stack: Stack) -> None:
    """The first one's log tells how to join, and shows what each of the others says."""
    with stack.follow("alice") as lines:
        lines.until("docker compose run --rm client --name", START_SECONDS)
        for name in PERSONAS[1:]:
            lines.until(f" {name}: ", START_SECONDS)


def test_whoever_joins_hears_every_persona(stack: Stack) -> None:
    """Over the published port the conversation arrives live."""
    with stack.peer("listener") as listener:
        silent = set(PERSONAS)
        while silent:
            silent.discard(listener.until("MSG", 60)["from"])


def test_a_scripted_client_takes_part_and_leaves(stack: Stack, tmp_path: Path) -> None:
    """`docker compose run` plays a script: others hear it, and it exits with status 0."""
    script = tmp_path / "dave.script"
    script.write_text("say Good morning from the script\n")
    script.chmod(0o644)
    with stack.peer("witness") as witness:
        arguments = ["--name", "dave", "--script", "/scripts/dave.script"]
        done = stack.run("run", "--rm", "-T", "-v", f"{script}:/scripts/dave.script:ro", "client", *arguments)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        assert witness.hear("Good morning from the script")["from"] == "dave"
    assert b"Good morning from the script" in done.stdout


def test_a_person_at_a_terminal_talks_and_leaves_with_exit(stack: Stack) -> None:
    """`docker compose run --rm client --name erin`: nothing comes before the chat; `exit` leaves."""
    with (
        stack.peer("friend") as friend,
        Terminal(stack.command("run", "--rm", "client", "--name", "erin"), stack.root) as terminal,
    ):
        first, *_ = terminal.text_until("\n", 20).split("\n")
        assert "connected as erin" in first
        friend.until("JOINED", START_SECONDS, name="erin")
        friend.say("Can you see me, erin?")
        terminal.shows("Can you see me, erin?", 20)
        terminal.types("Yes, loud and clear\r")
        assert friend.hear("Yes, loud and clear", timeout=20)["from"] == "erin"
        terminal.types("exit\r")
        assert terminal.status(30) == 0
        left = friend.until("LEFT", 20, name="erin")
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
