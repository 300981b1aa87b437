# ruff: noqa: S603, S607 - starts docker, found as a shell finds it, with what the tests say
"""The running Compose stack, and how to ask it things."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.integration.waiting import Lines, eventually
from tests.support.peer import Peer, joined

START_SECONDS = 60.0


@dataclass(frozen=True)
class Stack:
    """The services of docker-compose.yml under a project name of their own."""

    root: Path
    #: What `docker compose` finds in its environment, beside what the tests were started with.
    environment: tuple[str, ...]

    def command(self, *arguments: str) -> list[str]:
        """Return a `docker compose` command for this stack."""
        return ["env", *self.environment, "docker", "compose", *arguments]

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

    def starts(self, *arguments: str) -> None:
        """Run a `docker compose` command that must exit with status 0 in good time."""
        done = self.run(*arguments, seconds=2 * START_SECONDS)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()

    def types(self, page: str, folder: Path) -> None:
        """Type the commands of a page, those after `$`, in a folder; each must succeed."""
        production = self.root / "deploy/production.env"
        files = f"COMPOSE_FILE={self.root}/docker-compose.yml", f"COMPOSE_ENV_FILES={production}"
        script = "\n".join(re.findall(r"^    \$ (.*)$", page, re.MULTILINE))
        assert script
        done = subprocess.run(
            ["env", *self.environment, *files, "sh", "-exc", script],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=2 * START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()

    def follow(self, service: str) -> Lines:
        """Follow what a service prints, from its start."""
        return Lines(self.command("logs", "--follow", "--no-log-prefix", service), str(self.root))

    def port(self, service: str, inside: int) -> int:
        """Return the port of this machine under which a service's port is published."""
        return int(self.run("port", service, str(inside)).stdout.rpartition(b":")[2])

    def containers(self) -> dict[str, tuple[str, str]]:
        """Return id and health of each service's container that runs."""
        listed = self.run("ps", "--format", "json").stdout.decode().splitlines()
        return {each["Service"]: (each["ID"], each["Health"]) for each in map(json.loads, listed)}

    def healthy(self, service: str) -> None:
        """Wait until a service's own health check is content."""
        eventually(lambda: self.containers()[service][1] == "healthy", START_SECONDS, f"{service} is healthy")

    def peer(self, name: str) -> Peer:
        """Join the chat through the published port."""
        self.healthy("server")
        return joined(self.port("server", 9090), name)

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
