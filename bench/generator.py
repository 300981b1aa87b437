"""Runs the load generator and reads what it says."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.errors import RunFailedError
from bench.machine import pinned
from bench.peers.base import Running

# A run that takes so much longer than it was asked to is stuck.
PATIENCE_SECONDS = 120

Event = dict[str, Any]


def parse_events(output: str) -> dict[str, Event]:
    """Sort the generator's lines by their event: `ready` and `result`."""
    events = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    return {event["event"]: event for event in events}


class Generator:
    """The compiled generator on its core."""

    def __init__(self, program: Path, core: int) -> None:
        self.program = program
        self.core = core

    def command(self, server: Running, options: list[str]) -> list[str]:
        """Build the command line that loads `server`."""
        return [
            str(self.program),
            *("--protocol", server.protocol),
            *("--port", str(server.port)),
            *("--server-pid", str(server.pid)),
            *("--handshakes", str(server.handshakes)),
            *(("--tls",) if server.tls else ()),
            *options,
        ]

    def start(self, server: Running, options: list[str]) -> subprocess.Popen[str]:
        """Start a run without waiting for it."""
        with pinned(self.core):
            return subprocess.Popen(
                self.command(server, options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def run(self, server: Running, options: list[str]) -> Event:
        """One run: the connecting and the result, as one record."""
        return self.finish(self.start(server, options))

    def finish(self, process: subprocess.Popen[str]) -> Event:
        """Wait for a run's end and read its events."""
        try:
            output, complaint = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise RunFailedError(f"no result within {PATIENCE_SECONDS} s") from None
        if process.returncode:
            raise RunFailedError(complaint.strip() or f"generator status {process.returncode}")
        events = parse_events(output)
        return {**events["ready"], **events["result"]}

    def hold(self, server: Running, options: list[str], look: Callable[[], Event]) -> Event:
        """Connect, call `look` while all connections are idle, and let go."""
        process = self.start(server, options)
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        ready = process.stdout.readline()
        seen = look() if ready else {}
        result = self.finish_held(process, ready)
        return {**result, **seen}

    def finish_held(self, process: subprocess.Popen[str], ready: str) -> Event:
        """Close the run's stdin, which ends it, and read its events."""
        output, complaint = process.communicate()
        if process.returncode:
            raise RunFailedError(complaint.strip())
        events = parse_events(ready + output)
        return {**events["result"], **events["ready"], "event": "result"}
