"""This project's server, in the forms that are compared."""

import contextlib
import functools
import os
import platform
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import image
from bench.build import missing_openssl
from bench.machine import first_line
from bench.peers.base import Peer, Running, free_port
from chat_server import dev_cert

REPOSITORY = Path(__file__).resolve().parents[2]
SCRAPE_SECONDS = 1.0
# In an option, this stands for the run's own directory.
DIRECTORY = "@DIRECTORY@"
UNLIMITED = ("--profile", "trusted")


#: What an endpoint is called in `--listen`, by what the generator speaks there.
SCHEMES = {"chat": "chat", "irc": "irc", "websocket": "http"}


@functools.cache
def _ask(
    tree: Path, environment: tuple[tuple[str, str], ...], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Ask the server of a tree something about itself, once."""
    command = [sys.executable, "-m", "chat_server", *arguments]
    return subprocess.run(
        command, cwd=tree, env=dict(environment), capture_output=True, text=True, check=False
    )


@dataclass
class ChatServer(Peer):
    """The chat server of a source tree, by default as it comes: the journal in memory, logs to a file.

    But it slows nobody down: the load is far above what one user may send by default.
    """

    name: str = "chat-server"
    options: tuple[str, ...] = ()
    tree: Path = REPOSITORY
    scraped: bool = False
    metrics_port: int = 0
    # Whether it runs on the image's Python, in a container; else on the one that runs the benchmark.
    in_image: bool = False
    core: int = 0
    tls: bool = False
    # What the members speak: one of `SCHEMES`.
    protocol: str = "chat"

    def missing(self) -> str:
        """Why it cannot run here; empty when it can."""
        if not (self.tree / "chat_server" / "__main__.py").is_file():
            return "there is no chat_server in this revision"
        if self.tls and (reason := missing_openssl()):
            return reason
        if self.protocol != "chat" and self.ask("--print-config", *self.endpoint(free_port())).returncode:
            return f"this revision has no {SCHEMES[self.protocol]}://"
        known = self.help()
        unknown = [option for option in self.options if option.startswith("--") and option not in known]
        return f"this revision has no {', '.join(unknown)}" if unknown else ""

    def help(self) -> str:
        """Ask the server for its options."""
        return self.ask("--help").stdout

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the server with options that have it only say something."""
        return _ask(self.tree, tuple(self.environment().items()), *arguments)

    def endpoint(self, port: int) -> tuple[str, ...]:
        """Build the options that say where it listens, in words that older revisions know for JSON lines."""
        if self.protocol == "chat":
            return ("--host", "127.0.0.1", "--port", str(port))
        return ("--listen", f"{SCHEMES[self.protocol]}://127.0.0.1:{port}")

    def version(self) -> str:
        """Name the revision, once for all forms."""
        if self.options or self.protocol != "chat":
            return ""
        described = first_line("git", "-C", str(self.tree), "describe", "--always", "--dirty")
        python = image.python_version() if self.in_image else f"Python {platform.python_version()}"
        return f"revision {described or 'unknown'}, {python}"

    def environment(self) -> dict[str, str]:
        """Put the tree first on the path, and let no setting of the caller's leak in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
        return {**kept, "PYTHONPATH": str(self.tree)}

    def command(self, directory: Path, port: int) -> list[str]:
        """Serve on free ports; what it stores goes into the run's own directory."""
        arguments = [
            *self.endpoint(port),
            *("--metrics-host", "127.0.0.1", "--metrics-port", str(self.metrics_port)),
            *(UNLIMITED if UNLIMITED[0] in self.help() else ()),  # an older revision knows no limits
            *(option.replace(DIRECTORY, str(directory)) for option in self.options),
        ]
        if self.in_image:
            return image.command(self.container, self.core, self.tree, directory, arguments)
        return [sys.executable, "-m", "chat_server", *arguments]

    @property
    def container(self) -> str:
        """The name of the container that it runs in."""
        return f"chat-bench-{os.getpid()}"

    @contextlib.contextmanager
    def start(self, core: int, directory: Path) -> Iterator[Running]:
        """Run the server, and scrape its metrics where that is wanted."""
        self.metrics_port, self.core = free_port(), core
        if self.tls:
            dev_cert.make(directory / "tls")
        scraper = scraping(self.metrics_port) if self.scraped else contextlib.nullcontext()
        with super().start(core, directory) as running, scraper:
            yield running

    def look(self, pid: int, log: Path, port: int) -> Running | None:
        """See whether the server is up by now; in a container it has another process than what started it."""
        process = image.pid(self.container) if self.in_image else pid
        return super().look(process, log, port) if process is not None else None


def scrape_until(over: threading.Event, url: str) -> None:
    """Fetch `url` each second; a scrape that fails is Prometheus's everyday life too."""
    while not over.wait(SCRAPE_SECONDS):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  http, from this file
            answer.read()


@contextlib.contextmanager
def scraping(metrics_port: int) -> Iterator[None]:
    """Fetch the metrics each second, as Prometheus would."""
    over = threading.Event()
    url = f"http://127.0.0.1:{metrics_port}/metrics"
    thread = threading.Thread(target=scrape_until, args=(over, url), name="scraper")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
