"""The real image under `docker kill -s KILL`: the same load and the same checker as in tests/chaos."""

import os
import random
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from tests.chaos.load import Load
from tests.integration.waiting import eventually
from tests.support.peer import Address

pytestmark = pytest.mark.integration

ROUNDS = 5
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().getrandbits(32))
#: As docker-compose.yml confines it.
CONFINED: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "init": True,
    "pids_limit": 200,
}


class Server:
    """The image on a named volume, at a port of the loopback that changes with each start."""

    def __init__(self, image: str, volume: str) -> None:
        container = DockerContainer(
            image, command="--journal sqlite:/data/chat.db --profile trusted"
        ).with_kwargs(**CONFINED)
        container.with_volume_mapping(volume, "/data", "rw")
        container.ports = {"9090/tcp": ("127.0.0.1", None)}  # type: ignore[dict-item]  # typed too narrowly
        self._started = container.start()
        self._container = container.get_wrapped_container()
        self._port: int | None = None
        self._find()

    def address(self) -> Address:
        """Where the chat is. Raises `ConnectionError` while it is not there."""
        if self._port is None:
            raise ConnectionError("the container is not running")
        return ("127.0.0.1", self._port)

    def kill(self) -> None:
        """Kill the server as `docker kill -s KILL` does, and start the container again."""
        self._port = None
        self._container.kill("KILL")
        assert self._container.wait(timeout=30)["StatusCode"] == 137
        self._container.start()
        self._find()

    def stop(self) -> int:
        """End it in order; return its exit status."""
        self._container.kill("TERM")
        return int(self._container.wait(timeout=30)["StatusCode"])

    def remove(self) -> None:
        """Remove the container, running or not."""
        self._started.stop()

    def _find(self) -> None:
        def published() -> int:
            self._container.reload()
            bindings = self._container.ports.get("9090/tcp")
            return int(bindings[0]["HostPort"]) if bindings else 0

        self._port = eventually(published, 30, "the port is published")


@pytest.fixture
def server(image: str) -> Iterator[Server]:
    """Run the image, and remove it and its volume in the end."""
    volume = DockerClient().client.volumes.create(f"chat-chaos-{secrets.token_hex(3)}")
    try:
        server = Server(image, volume.name)
        try:
            yield server
        finally:
            server.remove()
    finally:
        volume.remove(force=True)


def test_no_promise_is_broken_by_docker_kill(server: Server) -> None:
    """Killed under load and started on the same volume: nothing lost, nothing twice, in order."""
    source = random.Random(SEED)
    with Load("docker kill", SEED, server.address) as load:
        load.wait_for_everybody([0] * len(load.clients))
        for _ in range(ROUNDS):
            load.wait("acknowledged", source.randint(1, 400))
            server.kill()
        outcome = load.judge(load.settle(server.address))
    print(f"seed {SEED}: {dict(outcome.counts)}")  # noqa: T201  # shown where the test fails
    assert not outcome.violations, outcome.report()
    assert outcome.counts["stored"] == outcome.counts["messages"] > 50
    assert server.stop() == 0
