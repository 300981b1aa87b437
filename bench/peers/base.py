"""What every server under test has in common: it can be started on a core, and stopped."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from bench.errors import RunFailedError
from bench.machine import first_line, pinned

START_SECONDS = 20
STOP_SECONDS = 30
POLL_SECONDS = 0.02
HERE = Path(__file__).parent
# Packages that are unpacked here instead of installed.
UNPACKED = HERE.parents[1] / "build/bench/testing"


@dataclass(frozen=True)
class Running:
    """A server that is up: where it listens, and how it wants to be connected to."""

    pid: int
    port: int
    protocol: str
    handshakes: int
    tls: bool = False


def free_port() -> int:
    """Find a port that nobody uses just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Whether something listens on `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end; kill it when it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Peer(ABC):
    """A server under test."""

    name: str
    protocol: str
    # Bytes of text that a line or packet of its protocol may surely hold.
    longest_text: ClassVar[int] = 4096
    # Connections under way at once: fewer than the server's listen backlog.
    handshakes: ClassVar[int] = 64
    # Whether it is connected to with TLS.
    tls: bool = False

    @abstractmethod
    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""

    @abstractmethod
    def version(self) -> str:
        """Its version, for the report."""

    @abstractmethod
    def command(self, directory: Path, port: int) -> list[str]:
        """Build the command line that starts it; its files go into `directory`."""

    def environment(self) -> dict[str, str]:
        """Build the environment it runs in."""
        return dict(os.environ)

    @contextlib.contextmanager
    def start(self, core: int, directory: Path) -> Iterator[Running]:
        """Run the server on `core` for as long as the context lasts."""
        port = free_port()
        log = directory / "server.log"
        with log.open("wb") as output:
            process = self.spawn(core, self.command(directory, port), output)
        try:
            yield self.wait_until_up(process, log, port)
        finally:
            stop(process)

    def spawn(self, core: int, command: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the process on its core."""
        with pinned(core):
            return subprocess.Popen(
                command,
                cwd=Path(output.name).parent,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_up(self, process: subprocess.Popen[bytes], log: Path, port: int) -> Running:
        """Wait until the server can be connected to."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            running = self.look(process.pid, log, port)
            if running:
                return running
            time.sleep(POLL_SECONDS)
        said = log.read_text(errors="replace").replace(f"{log.parent}/", "")
        raise RunFailedError(f"{self.name} did not start: {said[-500:]}")

    def look(self, pid: int, log: Path, port: int) -> Running | None:  # noqa: ARG002  others read the log
        """See whether the server is up by now."""
        return Running(pid, port, self.protocol, self.handshakes, self.tls) if answers(port) else None


class InstalledPeer(Peer):
    """A server from the distribution's packages, with a configuration file beside this one."""

    program: ClassVar[str]
    package: ClassVar[str]
    # Whether Debian's testing suite is asked first: the stable one's is years old, and it needs no library.
    newer: ClassVar[bool] = False
    configuration: ClassVar[str]
    # What has it stay in the foreground and read the configuration that follows.
    flags: ClassVar[tuple[str, ...]]
    version_flag: ClassVar[str]

    def path(self) -> str | None:
        """Where its program is: daemons are in directories that a user's PATH may lack."""
        own = f"{UNPACKED}/usr/sbin:{UNPACKED}/usr/bin:"
        return shutil.which(self.program, path=f"{own}{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""
        return "" if self.path() else f"not installed; `sudo apt-get install {self.package}` does it"

    def version(self) -> str:
        """Ask the program itself."""
        return first_line(self.path() or self.program, self.version_flag).removeprefix(f"{self.program}: ")

    def command(self, directory: Path, port: int) -> list[str]:
        """Foreground, with the configuration beside this file."""
        return [self.path() or self.program, *self.flags, str(self.configure(directory, port))]

    def configure(self, directory: Path, port: int) -> Path:
        """Write the configuration with the port filled in."""
        template = (HERE / self.configuration).read_text()
        path = directory / self.configuration
        path.write_text(template.replace("@PORT@", str(port)).replace("@DIRECTORY@", str(directory)))
        return path


class AnnouncingPeer(Peer):
    """A server that picks its port and says so in a `listening` line of JSON."""

    def look(self, pid: int, log: Path, port: int) -> Running | None:  # noqa: ARG002  it picks its own
        """Find the `listening` line in the log."""
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                event = json.loads(line)
                if event.get("event") == "listening":
                    return Running(pid, int(event["port"]), self.protocol, self.handshakes, self.tls)
        return None
