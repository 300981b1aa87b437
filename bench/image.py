"""The image's Python: what ships runs on it, so the server that is measured does too."""

import resource
import subprocess
from functools import cache
from pathlib import Path

TREE = Path(__file__).parents[1]
TAG = "threaded-chat-bench"
PYTHON = "/opt/chat/bin/python"


@cache
def built() -> bool:
    """Build the image that has this Python and its libraries; return whether there is an engine to do so."""
    return _done("docker", "info") and _done("docker", "build", "--quiet", "--tag", TAG, str(TREE))


def python_version() -> str:
    """Return the version of the image's Python."""
    answer = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", PYTHON, TAG, "--version"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return answer.stdout.strip()


def command(name: str, core: int, tree: Path, directory: Path, arguments: list[str]) -> list[str]:
    """Return what runs a tree's server in the image: on one core, on the host's network, unfiltered.

    A filter of system calls (seccomp) costs each send some time that no peer pays.
    """
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [
        *("docker", "run", "--rm", "--name", name, "--network", "host", "--cpuset-cpus", str(core)),
        *("--user", "0", "--ulimit", f"nofile={files}", "--pids-limit", "-1"),
        *("--security-opt", "seccomp=unconfined"),
        *(
            "--volume",
            f"{tree}:/tree:ro",
            "--volume",
            f"{directory}:{directory}",
            "--env",
            "PYTHONPATH=/tree",
        ),
        *("--entrypoint", PYTHON, TAG, "-m", "chat_server", *arguments),
    ]


def pid(name: str) -> int | None:
    """Return the process of a container, as the host sees it; none while it does not run."""
    asked = ["docker", "inspect", "--format", "{{.State.Pid}}", name]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return int(answer.stdout) if answer.returncode == 0 and answer.stdout.strip() not in ("", "0") else None


def _done(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
