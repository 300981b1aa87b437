"""The image under pressure: little memory, few threads, a pause, and an environment that is not its own."""

import socket
from contextlib import ExitStack, closing
from urllib.request import urlopen

import pytest
from testcontainers.core.container import DockerContainer

from tests.integration.confined import running
from tests.integration.waiting import eventually
from tests.support.peer import joined

pytestmark = pytest.mark.integration

#: As many as a session may have.
REFS = 10_000
#: They took 2.93 MiB each before sessions were bounded: more than the container has.
ABANDONED = 100


def ask(server: DockerContainer, path: str) -> str:
    """Return the body of a GET; any status but 200 is an error."""
    with urlopen(f"http://127.0.0.1:{server.get_exposed_port(9464)}{path}", timeout=10) as answer:
        body: bytes = answer.read()
        return body.decode()


def metric(server: DockerContainer, name: str) -> float:
    """Return the value of a metric without labels."""
    lines = ask(server, "/metrics").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def abandon(port: int, name: str) -> None:
    """Send as much with a ref as a session may, read what is acknowledged, and go without a word."""
    with joined(port, name) as peer:
        for first in range(0, REFS, 1000):
            lines = [{"type": "MSG", "text": "x", "ref": f"{ref:064}"} for ref in range(first, first + 1000)]
            peer.send_frames(*lines)
            peer.skip_until(f'"ref":"{first + 999:064}"'.encode())


def test_abandoned_sessions_do_not_fill_the_memory(image: str) -> None:
    """With 256 MiB the server outlives any number of them, counts them, and serves the next."""
    with running(image, "--profile", "trusted", mem_limit="256m", memswap_limit="256m") as server:
        port = server.get_exposed_port(9090)
        for number in range(ABANDONED):
            abandon(port, f"guest-{number}")
        eventually(lambda: metric(server, "chat_connections") == 0, 10, "all of them are gone")
        assert 0 < metric(server, "chat_sessions_absent_bytes") <= 64 * 1024 * 1024
        with joined(port, "ann") as ann, joined(port, "ben") as ben:
            ann.say("still here")
            ben.hear("still here")


def test_out_of_threads_whoever_is_in_stays_in(image: str) -> None:
    """With 20 tasks in all: health answers, who is in chats on, and once there is room the next gets in."""
    with running(image, pids_limit=20) as server:
        port, health_port = server.get_exposed_port(9090), server.get_exposed_port(9464)
        with joined(port, "ann") as ann, joined(port, "ben") as ben, ExitStack() as others:
            for where in [health_port] * 40 + [port] * 40:
                others.enter_context(closing(socket.create_connection(("127.0.0.1", where), 10)))
            assert ask(server, "/healthz")
            ann.say("with all taken")
            ben.hear("with all taken")
        eventually(lambda: metric(server, "chat_connections") == 0, 10, "all of them are gone")
        with joined(port, "cat") as cat:
            cat.hear("with all taken")


def test_a_pause_of_the_container_costs_nobody_the_connection(image: str) -> None:
    """Paused for longer than a PING may take to be answered, it reads the answer before it judges."""
    settings = {"CHAT_PING_INTERVAL": "1", "CHAT_PING_TIMEOUT": "1"}
    with running(image, environment=settings) as server, joined(server.get_exposed_port(9090), "ann") as ann:
        container = server.get_wrapped_container()
        ann.until("PING")
        ann.send("PONG")
        ann.until("PING")
        container.pause()
        try:
            ann.send("PONG")
            with pytest.raises(TimeoutError):
                ann.until("BYE", 3)
        finally:
            container.unpause()
        for _ in range(2):
            ann.until("PING")
            ann.send("PONG")
        assert all(frame["type"] != "BYE" for frame in ann.seen)


def test_the_variables_of_others_are_left_alone(image: str) -> None:
    """Kubernetes sets these for a service named chat, and Compose has its own in the same file."""
    others = {
        "CHAT_PORT": "tcp://10.0.0.7:9090",
        "CHAT_SERVICE_HOST": "10.0.0.7",
        "CHAT_SERVICE_PORT": "9090",
        "CHAT_PORT_9090_TCP": "tcp://10.0.0.7:9090",
        "CHAT_PORT_9090_TCP_ADDR": "10.0.0.7",
        "CHAT_PUBLISH_HOST": "0.0.0.0",  # noqa: S104  # the server must not look at it
        "CHAT_PUBLISH_PORT": "19090",
        "CHAT_PUBLISH_METRICS_PORT": "19464",
        "CHAT_CLIENT_HOST": "server",
    }
    with running(image, environment=others) as server, joined(server.get_exposed_port(9090), "ann") as ann:
        ann.say("hello")
        assert ask(server, "/healthz")
