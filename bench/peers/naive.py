"""The naive chat server beside this file."""

import platform
import sys
from pathlib import Path

from bench.peers.base import HERE, AnnouncingPeer


class Naive(AnnouncingPeer):
    """A lock and a `sendall` loop."""

    name = "naive"
    protocol = "chat"

    def missing(self) -> str:
        """Python is here, so it can always run."""
        return ""

    def version(self) -> str:
        """Name the Python that runs it."""
        return f"Python {platform.python_version()}"

    def command(self, directory: Path, port: int) -> list[str]:  # noqa: ARG002  it needs no file and picks its port
        """Any free port."""
        return [sys.executable, str(HERE / "server_naive.py"), "--port", "0"]
