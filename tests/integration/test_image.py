"""The image alone: what a person gets who runs it without Compose."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from testcontainers.core.container import DockerContainer

from tests.integration.confined import running
from tests.integration.waiting import eventually
from tests.support.peer import joined

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(image: str) -> Iterator[DockerContainer]:
    """One server for the tests that leave it as it was."""
    with running(image) as container:
        yield container


def logged(container: DockerContainer) -> list[dict[str, Any]]:
    """Return the log: each line of it must be a JSON object."""
    stdout, _ = container.get_logs()
    entries = [json.loads(line) for line in stdout.decode().splitlines()]
    assert all(isinstance(entry, dict) for entry in entries)
    return entries


def test_nobody_is_root_and_nothing_can_be_written(server: DockerContainer) -> None:
    """The program runs as a numeric, unprivileged user, and the root filesystem cannot be changed."""
    assert server.exec(["id", "-u"]).output.strip() == b"10001"
    attempt = server.exec(["python", "-c", "open('/data/new', 'w')"])
    assert (attempt.exit_code, b"Read-only file system" in attempt.output) == (1, True)


def test_two_people_chat_over_the_published_port(server: DockerContainer) -> None:
    """What one says, the other hears, and the first is told its id."""
    port = server.get_exposed_port(9090)
    with joined(port, "ann") as ann, joined(port, "ben") as ben:
        ann.send("MSG", text="hello", ref="1")
        heard = ben.hear("hello")
        acknowledged = ann.until("ACK")
    assert (heard["from"], heard["room"]) == ("ann", "lobby")
    assert (acknowledged["ref"], acknowledged["id"]) == ("1", heard["id"])


def test_the_log_is_json_and_opens_with_the_ports(server: DockerContainer) -> None:
    """One JSON object a line with a time and a level; the first says which ports are in use."""
    entries = logged(server)
    assert all(entry["event"] and entry["level"] and entry["timestamp"].endswith("Z") for entry in entries)
    assert (entries[0]["event"], entries[0]["port"], entries[0]["metrics_port"]) == ("listening", 9090, 9464)


def test_sigterm_says_goodbye_and_exits_with_0(image: str) -> None:
    """On SIGTERM who is there gets a NOTICE, a BYE and an end; then the server exits with status 0."""
    with running(image) as server, joined(server.get_exposed_port(9090), "ann") as ann:
        server.get_wrapped_container().kill("SIGTERM")
        ann.until("NOTICE", 25)
        ann.until("BYE", 25)
        ann.rest(25)
        assert server.get_wrapped_container().wait(timeout=30)["StatusCode"] == 0
        assert [entry["event"] for entry in logged(server) if entry["event"].startswith("stop")] == [
            "stopping",
            "stopped",
        ]


def test_the_image_s_own_health_check_is_content(server: DockerContainer) -> None:
    """What `docker ps` shows becomes healthy."""

    def is_healthy() -> bool:
        container = server.get_wrapped_container()
        container.reload()
        return bool(container.health == "healthy")

    eventually(is_healthy, 30, "the container is healthy")


def test_the_health_check_fails_where_no_server_is(image: str) -> None:
    """The command behind HEALTHCHECK can say no."""
    with DockerContainer(image, command="healthcheck") as alone:
        assert alone.wait() == 1


def test_the_image_says_what_it_is(server: DockerContainer) -> None:
    """The OCI labels name title, licence and version."""
    image = server.get_wrapped_container().image
    assert image is not None
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in image.labels.items()}
    assert labels["title"] == "threaded-chat"
    assert labels["licenses"] == "MIT"
    assert labels["version"]
