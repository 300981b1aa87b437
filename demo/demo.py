"""A server and a few scripted people on this machine, with their conversation on the screen."""

import argparse
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "demo/scripts"
PROGRAMS = Path(sys.executable).parent
START_SECONDS = 15.0
LEAVE_SECONDS = 5.0
DRAIN_SECONDS = 25.0
#: How often to look up: a signal that comes just before the wait for an event does not end that.
LOOK_SECONDS = 1.0
#: Each stops all in order: what is left behind would hold the ports.
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT
PORT, WEB_PORT, METRICS_PORT = 9090, 8080, 9464

WELCOME = """\
The chat is running, and this is what {viewer} sees of it. Logs are in {logs}/.

  join       http://localhost:{web_port}/     in a browser
  or         {client} --name you     (`exit` leaves, `/help` says more)
  or plain   nc localhost {port}     then type {{"type":"REG_NAME","name":"you"}}
  metrics    http://localhost:{metrics_port}/metrics
  stop       {stop}
"""


class DemoError(Exception):
    """The demo cannot go on; the text tells the person what to do."""


@dataclass(frozen=True)
class Listening:
    """The server is up, on these ports."""

    port: int
    web_port: int
    metrics_port: int


@dataclass(frozen=True)
class Ended:
    """A program is over."""

    program: "Program"
    status: int


@dataclass(frozen=True)
class Interrupted:
    """The demo is to stop: the person wants it, or it cannot go on, for this reason."""

    error: OSError | None = None


Event = Listening | Ended | Interrupted
Events = queue.SimpleQueue[Event]


class Program:
    """A program that runs; a thread reads what it prints, keeps it in a log, and reports its end.

    It has a process group of its own: Ctrl-C reaches the demo alone, which then stops all in order.
    """

    def __init__(self, log: Path, command: list[str], events: Events, watch: Callable[[str], None]) -> None:
        self.name = log.stem
        self.log = log
        self._events = events
        self._watch = watch
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=without_settings(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        self._reader = Thread(target=self._read, name=f"reads-{log.stem}")
        self._reader.start()

    def _read(self) -> None:
        output: IO[str] | None = self._process.stdout
        try:
            if output is not None:
                with output, self.log.open("w", buffering=1) as log:
                    for line in output:
                        log.write(line)
                        self._watch(line.rstrip("\n"))
        except OSError as error:  # a full disk, a terminal that is gone
            self._events.put(Interrupted(error))
        self._events.put(Ended(self, self._process.wait()))

    def last_lines(self) -> str:
        """Return the end of what it printed."""
        return "\n".join(self.log.read_text().splitlines()[-8:])

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def join(self, seconds: float) -> int:
        """Wait for its end, kill it when it takes longer than `seconds`, and return its status."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join()
        return self._process.wait()


class Demo:
    """The server, the people and what they report."""

    def __init__(self, ports: Listening, duration: float | None, folder: Path) -> None:
        self._ports = ports
        self._duration = duration
        self._folder = folder / str(ports.port)
        self._events: Events = queue.SimpleQueue()
        self._server: Program | None = None
        self._people: list[Program] = []

    def interrupt(self, *_: object) -> None:
        """Stop soon; fit to be called from a signal handler."""
        self._events.put(Interrupted())

    def run(self) -> None:
        """Run until the duration is over, the person interrupts, or something dies.

        Raises:
            DemoError: something died; the text says what, and what it said last.
        """
        for port in vars(self._ports).values():
            need_free(port)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        deadline = time.monotonic() + (self._duration or float("inf"))
        try:
            listening = self._start_server()
            if listening is not None:
                self._start_people(listening)
                self._watch(deadline)
        finally:
            status = self._stop()
        if status:
            raise DemoError(f"the server stopped with status {status}, see {self._folder}/server.log")

    def _start_server(self) -> Listening | None:
        ports = self._ports
        command = ["chat_server", f"--listen=chat://localhost:{ports.port}"]
        command += [f"--listen=http://localhost:{ports.web_port}", f"--metrics-port={ports.metrics_port}"]
        command += [f"--journal=sqlite:{self._folder / 'chat.db'}"]
        self._server = Program(self._folder / "server.log", command, self._events, self._watch_server)
        try:
            event = self._events.get(timeout=START_SECONDS)
        except queue.Empty:
            raise DemoError(f"The server did not start:\n{self._server.last_lines()}") from None
        if isinstance(event, Ended):
            raise DemoError(died(event))
        return event if isinstance(event, Listening) else None

    def _watch_server(self, line: str) -> None:
        if '"listening"' in line:
            entry = json.loads(line)
            web_port = next(
                int(each.rpartition(":")[2]) for each in entry["endpoints"] if each.startswith("http://")
            )
            self._events.put(Listening(entry["port"], web_port, entry["metrics_port"]))

    def _start_people(self, listening: Listening) -> None:
        scripts = sorted(SCRIPTS.glob("*.script"))
        viewer = scripts[0].stem
        self._welcome(listening, viewer)
        for script in scripts:
            shown = script.stem == viewer
            colour = "always" if shown and sys.stdout.isatty() and not os.environ.get("NO_COLOR") else "never"
            command = ["chat_client", f"--port={listening.port}", f"--name={script.stem}"]
            command += [f"--script={script}", f"--color={colour}"]
            log = self._folder / f"{script.stem}.log"
            self._people.append(Program(log, command, self._events, show if shown else ignore))

    def _welcome(self, listening: Listening, viewer: str) -> None:
        client = str(PROGRAMS / "chat-client").removeprefix(f"{ROOT}/")
        if listening.port != PORT:
            client += f" --port {listening.port}"
        stop = "Ctrl-C" if self._duration is None else f"Ctrl-C, or by itself after {self._duration:g} s"
        logs = str(self._folder).removeprefix(f"{ROOT}/")
        print(
            WELCOME.format(**vars(listening), viewer=viewer, client=client, logs=logs, stop=stop), flush=True
        )

    def _watch(self, deadline: float) -> None:
        while True:
            remaining = deadline - time.monotonic()
            try:
                event = self._events.get(timeout=min(max(remaining, 0), LOOK_SECONDS))
            except queue.Empty:
                if remaining > 0:
                    continue
                return
            if isinstance(event, Interrupted):
                if event.error is not None:
                    raise DemoError(f"it cannot go on: {event.error}")
                return
            if isinstance(event, Ended) and (event.status or event.program is self._server):
                raise DemoError(died(event))

    def _stop(self) -> int:
        """Stop all, the people first; return the server's exit status."""
        for person in self._people:
            person.terminate()
        for person in self._people:
            person.join(LEAVE_SECONDS)
        if self._server is None:
            return 0
        self._server.terminate()
        return self._server.join(DRAIN_SECONDS)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the settings of another server or client: the demo has its own."""
    return {name: value for name, value in environment.items() if not name.startswith("CHAT_")}


def died(event: Ended) -> str:
    """Return what a person should know of a program's end."""
    program = event.program
    return f"{program.name} ended with status {event.status}; it said last:\n{program.last_lines()}"


def ignore(_line: str) -> None:
    """Show nothing of what a program prints."""


def show(line: str) -> None:
    """Show what a program prints."""
    print(line, flush=True)


def need_free(port: int) -> None:
    """See to it that nothing listens on this port yet.

    Raises:
        DemoError: something does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OSError as error:
            raise DemoError(
                f"Port {port} cannot be used: {error.strerror}. Choose other ports, for instance:\n"
                "  make demo PORT=9190 WEB_PORT=8180 METRICS_PORT=9564"
            ) from None


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=PORT, help="of the chat; 0 picks a free one (%(default)s)")
    add("--web-port", type=int, default=WEB_PORT, help="of the page for browsers, likewise (%(default)s)")
    add(
        "--metrics-port", type=int, default=METRICS_PORT, help="of metrics and health, likewise (%(default)s)"
    )
    add("--duration", type=float, help="end after this many seconds; without it, at Ctrl-C")
    add("--folder", type=Path, default=ROOT / ".demo", help="for the logs (.demo)")
    arguments = parser.parse_args()
    ports = Listening(arguments.port, arguments.web_port, arguments.metrics_port)
    demo = Demo(ports, arguments.duration, arguments.folder)
    for each in SIGNALS:
        signal.signal(each, demo.interrupt)
    try:
        demo.run()
        print("demo: stopped", flush=True)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except OSError as error:  # nobody reads what it says
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"demo: {error}")


if __name__ == "__main__":
    main()
