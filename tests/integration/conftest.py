# ruff: noqa: S603, S607 - starts docker, found as a shell finds it
"""What the container tests share: an engine, the image built from this tree, the running stack."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Ryuk would be one more image to fetch; every test here removes what it started.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")

from tests.integration.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "threaded-chat"


def missing() -> str | None:
    """Return what stands in the way of running containers, if anything does."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            return f"`{' '.join(command)}` fails: {answer.stderr.strip() or answer.stdout.strip()}"
    return None


#: Whether these tests must run, all of them: so in .ci/run.
REQUIRED = os.environ.get("CHAT_REQUIRE_ENGINE") == "1"


@pytest.fixture(scope="session", autouse=True)
def _engine() -> None:
    """Skip if no Docker engine answers, or fail if one must."""
    text = missing()
    if not text:
        return
    if REQUIRED:
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that had to run all these tests and skipped one, for whatever reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if REQUIRED and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def image(_engine: None) -> str:
    """Build the image as `docker compose up` builds it."""
    subprocess.run(["docker", "compose", "build", "--quiet", "server"], cwd=ROOT, check=True)
    return IMAGE


@pytest.fixture(scope="session")
def stack(image: str) -> Iterator[Stack]:
    """Bring the real docker-compose.yml up as its users do, with its `.env`, personas and all."""
    assert image
    with new_stack() as stack:
        stack.starts("up", "-d", "--wait")
        yield stack


@contextmanager
def new_stack(*settings: str) -> Iterator[Stack]:
    """Give a stack a project name of its own and free ports; remove whatever was started of it.

    `settings` are further variables of its environment.
    """
    stack = Stack(
        ROOT,
        (
            f"COMPOSE_PROJECT_NAME=chat-test-{secrets.token_hex(3)}",
            "CHAT_PUBLISH_PORT=0",
            "CHAT_PUBLISH_METRICS_PORT=0",
            "CHAT_PUBLISH_WEB_PORT=0",
            "CHAT_PUBLISH_IRC_PORT=0",
            "CHAT_PUBLISH_PROMETHEUS_PORT=0",
            "CHAT_PUBLISH_ALERTMANAGER_PORT=0",
            *settings,
        ),
    )
    try:
        yield stack
    finally:
        stack.run("--profile", "*", "down", "--volumes", "--timeout", "0")
