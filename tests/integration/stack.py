# ruff: noqa: S603 - starts docker, with what the tests say
"""The running Compose stack, and how to ask it things."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from testcontainers.compose import DockerCompose

from tests.integration.peer import Peer
from tests.integration.waiting import Lines, eventually

START_SECONDS = 60.0


@dataclass(frozen=True)
class Stack:
    """The services of docker-compose.yml under a project name of their own."""

    compose: DockerCompose
    root: Path

    def command(self, *arguments: str) -> list[str]:
        """Return a `docker compose` command for this stack."""
        return [*self.compose.docker_compose_command(), *arguments]

    def run(
        self, *arguments: str, stdin: bytes = b"", seconds: float = 60.0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a `docker compose` command to its end and return what it printed."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            input=stdin,
            capture_output=True,
            timeout=seconds,
            check=False,
        )

    def follow(self, service: str) -> Lines:
        """Follow what a service prints, from its start."""
        return Lines(self.command("logs", "--follow", "--no-log-prefix", service), str(self.root))

    def port(self, service: str, inside: int) -> int:
        """Return the port of this machine under which a service's port is published."""
        port = self.compose.get_service_port(service, inside)
        assert port, f"{service} publishes no port {inside}"
        return port

    def healthy(self, service: str) -> None:
        """Wait until a service's own health check is content."""
        eventually(
            lambda: self.compose.get_container(service).Health == "healthy",
            START_SECONDS,
            f"{service} is healthy",
        )

    def peer(self, name: str) -> Peer:
        """Join the chat through the published port."""
        self.healthy("server")
        return Peer(self.port("server", 9090), name)

    def get(self, service: str, inside: int, path: str) -> bytes:
        """Return the body of what a service answers to a GET; any status but 200 is an error."""
        with urlopen(f"http://127.0.0.1:{self.port(service, inside)}{path}", timeout=10) as answer:
            body: bytes = answer.read()
            return body

    def ask_prometheus(self, query: str) -> float | None:
        """Return the value of a query that has one sample, or None where it has none yet."""
        body = json.loads(self.get("prometheus", 9090, "/api/v1/query?" + urlencode({"query": query})))
        samples: list[Any] = body["data"]["result"]
        return float(samples[0]["value"][1]) if samples else None
