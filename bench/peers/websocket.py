"""WebSocket servers that pass on what a member sends: a room is a path.

They do less than a chat: no names, no ids, no look into what they pass on.
"""

import importlib.metadata
import importlib.util
import os
import platform
import sys
from pathlib import Path

from bench import node
from bench.peers.base import HERE, AnnouncingPeer


class Websockets(AnnouncingPeer):
    """`broadcast` of the library websockets (Python), on asyncio."""

    name = "websockets"
    protocol = "websocket-relay"

    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""
        return "" if importlib.util.find_spec("websockets") else "not installed; `make venv-dev` does it"

    def version(self) -> str:
        """Name the library's version and the Python that runs it."""
        return f"{importlib.metadata.version('websockets')}, Python {platform.python_version()}"

    def command(self, directory: Path, port: int) -> list[str]:  # noqa: ARG002  it needs no file
        """Serve on the port."""
        return [sys.executable, str(HERE / "server_websockets.py"), "--port", str(port)]


class Ws(AnnouncingPeer):
    """The loop over all clients of the library ws (JavaScript), on Node."""

    name = "ws"
    protocol = "websocket-relay"
    library = "ws"
    wanted = "8"

    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""
        return node.missing(self.library)

    def version(self) -> str:
        """Name the library's version and that of Node."""
        return f"{node.version(self.library)}, Node {node.node_version()}"

    def environment(self) -> dict[str, str]:
        """Let Node find the library."""
        return {**os.environ, "NODE_PATH": str(node.MODULES)}

    def command(self, directory: Path, port: int) -> list[str]:  # noqa: ARG002  it needs no file
        """Serve on the port."""
        return ["node", str(HERE / "server_ws.js"), str(port)]
