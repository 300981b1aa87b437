"""Runs the plan: each server afresh for each case, rounds interleaved over the servers."""

import os
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import RunFailedError
from bench.generator import Generator
from bench.machine import Cores
from bench.peers.base import Peer, Running
from bench.results import Measurement
from bench.scenarios import Case, Scenario, options

FILL_OPTIONS = options(mode="window", members=2, senders=1, window=1000, warmup=0, seconds=60)
# What a message's frame adds to its text, about, in any of the protocols.
FRAME_BYTES = 60
# So much of the frozen clients' buffers is full when the measuring starts: they overflow during it.
FILLED_SHARE = 0.95
WARMUP_RATE = 500
# A server that uses less than this share of its core for so long is idle.
IDLE_SHARE = 0.1
IDLE_WINDOW_SECONDS = 0.5
IDLE_PATIENCE_SECONDS = 40


@dataclass(frozen=True)
class Step:
    """One measurement to be made."""

    scenario: Scenario
    case: Case
    peer: Peer
    round: int


def takes_part(case: Case, name: str, subject: str, round_number: int) -> bool:
    """Whether a server is measured in this round."""
    return name in case.peers and (name == subject or not case.others_once or round_number == 1)


def lineup(scenario: Scenario, case: Case, peers: list[Peer], round_number: int) -> list[Peer]:
    """Who is measured, another first in each round, so that none always follows the same one."""
    chosen = [peer for peer in peers if takes_part(case, peer.name, scenario.subject, round_number)]
    shift = (round_number - 1) % len(chosen) if chosen else 0
    return chosen[shift:] + chosen[:shift]


def plan(scenarios: list[Scenario], peers: list[Peer], most_rounds: int) -> list[Step]:
    """All steps, in order: by scenario, round and case, and within a case by server."""
    return [
        Step(scenario, case, peer, number)
        for scenario in scenarios
        for number in range(1, min(scenario.rounds, most_rounds) + 1)
        for case in scenario.cases
        for peer in lineup(scenario, case, peers, number)
    ]


def kernel_buffer_bytes() -> int:
    """How much the kernel takes for a peer on this machine who does not read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        writer = socket.create_connection(listener.getsockname())
        reader, _ = listener.accept()
    with writer, reader:
        writer.setblocking(False)
        taken = 0
        try:
            while True:
                taken += writer.send(bytes(FRAME_BYTES + 4096))
        except BlockingIOError:
            return taken


def buffer_filling_options(longest_text: int) -> tuple[str, ...]:
    """Warm up with long texts that nearly fill the buffers of those who do not read."""
    messages = FILLED_SHARE * kernel_buffer_bytes() / (longest_text + FRAME_BYTES)
    return options(warmup_size=longest_text, warmup=f"{messages / WARMUP_RATE:.2f}")


def process_status(pid: int) -> dict[str, int]:
    """Numbers from /proc/PID/status: memory in KiB and counts."""
    fields = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in fields if len(words) > 1 and words[1].isdigit()}


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, from /proc/PID/stat."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(pid: int) -> None:
    """Let a server finish what follows behind what it stored (an index), within reason."""
    deadline = time.monotonic() + IDLE_PATIENCE_SECONDS
    used = cpu_seconds(pid)
    while time.monotonic() < deadline:
        time.sleep(IDLE_WINDOW_SECONDS)
        before, used = used, cpu_seconds(pid)
        if used - before < IDLE_SHARE * IDLE_WINDOW_SECONDS:
            return


class Runner:
    """Makes one measurement after the other."""

    def __init__(self, generator: Generator, cores: Cores, extra: tuple[str, ...] = ()) -> None:
        self.generator = generator
        self.cores = cores
        self.extra = extra

    def measure(self, step: Step) -> Measurement:
        """One measurement; what goes wrong in it is part of it."""
        measurement = Measurement(step.scenario.key, step.case.label, step.peer.name, step.round)
        try:
            with tempfile.TemporaryDirectory(prefix="chat-bench-") as directory:
                measurement.result = self.run_case(step, Path(directory))
        except RunFailedError as error:
            measurement.error = " ".join(str(error).split())
        return measurement

    def run_case(self, step: Step, directory: Path) -> dict[str, Any]:
        """Start the server, put history into it where wanted, and load it."""
        with step.peer.start(self.cores.server, directory) as server:
            if step.case.is_idle:
                return self.hold_idle(step.case, server)
            if step.case.history:
                self.generator.run(server, [*FILL_OPTIONS, "--messages", str(step.case.history)])
                wait_until_idle(server.pid)
            return self.generator.run(server, self.options(step))

    def options(self, step: Step) -> list[str]:
        """Collect the generator's options for this step."""
        if step.peer.protocol == "raw":
            return [*options(mode="receive"), *self.extra]
        filling = buffer_filling_options(step.peer.longest_text) if step.case.fills_buffers else ()
        return [*step.case.options, *self.extra, *filling]

    def hold_idle(self, case: Case, server: Running) -> dict[str, Any]:
        """Memory and threads while the connections are held."""
        before = process_status(server.pid)
        seen: dict[str, int] = {}
        result = self.generator.hold(
            server, list(case.options), lambda: seen.update(process_status(server.pid)) or {}
        )
        grown = seen["VmRSS"] - before["VmRSS"]
        return {
            **result,
            "kib_per_connection": round(grown / result["connections"], 2),
            "resident_kib": seen["VmRSS"],
            "threads": seen["Threads"],
        }
