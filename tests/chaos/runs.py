"""The faults, each under load, each checked in the end; the same for the tests and for `make chaos`."""

import contextlib
import http.client
import os
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.chaos.checker import Fault, Violation
from tests.chaos.load import Load, Outcome
from tests.chaos.process import Server
from tests.chaos.proxy import FaultProxy, draw
from tests.chaos.records import Stored
from tests.chaos.stored import read_file, times_go_back

Say = Callable[[str], None]
#: The tmpfs of the disk-full run, and what is left of it for the journal until room is made. In bytes.
DISK = 32 << 20
LEFT = 1 << 20
BLOCK = 4096


def kills(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """Kill -9 at random moments, and start again on the same file."""
    source = random.Random(seed)
    with (
        serving(Server(folder / "chat.db")) as server,
        Load("kill -9", seed, lambda: server.address) as load,
    ):
        _kill(load, server, source, rounds, say)
        return _judge(load, server, folder / "chat.db")


def kills_and_cuts(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """Kill -9 while connections are cut as well."""
    source = random.Random(seed)
    with (
        serving(Server(folder / "chat.db")) as server,
        _proxy(server, source) as proxy,
        Load("kill -9 and cuts", seed, lambda: proxy.address, patience=1.0) as load,
    ):
        _kill(load, server, source, rounds, say)
        proxy.calm()
        return _judge(load, server, folder / "chat.db")


def _kill(load: Load, server: Server, source: random.Random, rounds: int, say: Say) -> None:
    welcomed = 0
    for number in range(1, rounds + 1):
        _moment(load, source, welcomed)
        welcomed = load.progress.counts["welcome"]
        server.kill()
        server.start()
        load.outcome.rounds = number
        say(f"{load.outcome.name}: {number} of {rounds}")
    load.wait("acknowledged", 100)  # the moments may all have been early ones, with little said


def cuts(folder: Path, seed: int, faults: int, say: Say) -> Outcome:
    """Cut, reset, black-hole, delay and cut up connections, within frames."""
    source = random.Random(seed)
    with (
        serving(Server(folder / "chat.db")) as server,
        _proxy(server, source) as proxy,
        Load("cuts", seed, lambda: proxy.address, patience=0.7) as load,
    ):
        while sum(proxy.ended.values()) < faults:
            load.wait("acknowledged", 20)
            say(f"cuts: {sum(proxy.ended.values())} of {faults}")
        load.outcome.rounds = sum(proxy.ended.values())
        load.outcome.extra = {fate.name.lower(): number for fate, number in proxy.ended.items() if number}
        proxy.calm()
        return _judge(load, server, folder / "chat.db")


def drains(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """SIGTERM under load; everybody is told when to come back, and does."""
    source = random.Random(seed)
    with (
        serving(Server(folder / "chat.db")) as server,
        Load("SIGTERM", seed, lambda: server.address) as load,
    ):
        load.wait_for_everybody([0] * len(load.clients))
        for number in range(1, rounds + 1):
            load.wait("acknowledged", source.randint(50, 400))
            told = [client.drained for client in load.clients]
            there = [client.welcomed for client in load.clients]
            before = load.welcomes()
            server.stop()
            server.start()
            load.wait_for_everybody(before)
            for client, drained, present in zip(load.clients, told, there, strict=True):
                if present and client.drained == drained:
                    text = f"round {number}: was not told when to come back"
                    load.outcome.violations.append(Violation(Fault.UNEXPECTED, client.history.client, text))
            load.outcome.rounds = number
            say(f"SIGTERM: {number} of {rounds}")
        return _judge(load, server, folder / "chat.db")


def clock(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """Step the system's clock, mostly back, under load and before a restart."""
    source = random.Random(seed)
    server = Server(folder / "chat.db", clocked=True)
    with serving(server), Load("clock", seed, lambda: server.address) as load:
        for number in range(1, rounds + 1):
            load.wait("acknowledged", source.randint(50, 200))
            server.step(source.choice((-7200.0, -60.0, -0.5, 30.0)))
            load.wait("acknowledged", source.randint(20, 100))
            server.kill()
            server.start()
            load.outcome.rounds = number
            say(f"clock: {number} of {rounds}")
        outcome = _judge(load, server, folder / "chat.db")
        outcome.violations += [
            Violation(Fault.TIME, "journal", text) for text in times_go_back(folder / "chat.db")
        ]
        return outcome


def disk_full(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """Fill the journal's disk; then make room, and the server goes on by itself."""
    disk = folder / "disk"
    with (
        _tmpfs(disk),
        serving(Server(disk / "chat.db")) as server,
        Load("disk full", seed, lambda: server.address) as load,
    ):
        ballast = disk / "ballast"
        for number in range(1, rounds + 1):
            load.wait("acknowledged", 100)
            _fill(ballast, LEFT)
            load.wait("refused", 1, 60.0)
            _expect_ready(load, server, ready=False)
            ballast.unlink()
            load.wait("acknowledged", 50, 60.0)
            _expect_ready(load, server, ready=True)
            load.outcome.rounds = number
            say(f"disk full: {number} of {rounds}")
        stored = load.settle(lambda: server.address)
        _fill(ballast, 0)
        server.stop()  # in order, with nowhere to write
        ballast.unlink()
        outcome = _compare(load, server, stored, disk / "chat.db", expected="journal_failed")
        outcome.extra["refused"] = load.progress.counts["refused"]
        return outcome


def may_mount(folder: Path) -> str | None:
    """Return why no small disk can be made here; none where it can."""
    try:
        with _tmpfs(folder / "probe"):
            return None
    except OSError as error:
        return f"a small tmpfs cannot be mounted: {error}"


# What the runs share


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Have the server run meanwhile."""
    server.start()
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def _proxy(server: Server, source: random.Random) -> Iterator[FaultProxy]:
    plans = random.Random(source.getrandbits(32))
    proxy = FaultProxy(lambda: server.address, partial(draw, plans))
    try:
        yield proxy
    finally:
        proxy.stop()


def _moment(load: Load, source: random.Random, welcomed: int) -> None:
    """Wait for a random moment: under full load, while clients come back, or at once.

    `welcomed` is how often clients were before the server last went away: some may be back already.
    """
    kind = source.randrange(6)
    if kind == 0:
        load.wait("welcome", source.randint(1, len(load.clients) - 1), since=welcomed)
    elif kind > 1:
        load.wait("acknowledged", source.randint(1, 400))


def _judge(load: Load, server: Server, journal: Path) -> Outcome:
    """Let the clients finish, end the server, and check."""
    stored = load.settle(lambda: server.address)
    server.stop()
    return _compare(load, server, stored, journal)


def _compare(
    load: Load, server: Server, stored: list[Stored], journal: Path, expected: str = "\0"
) -> Outcome:
    """Check everything: the file must say what HISTORY said, and the log of no error but the `expected`."""
    in_file = read_file(journal)
    outcome = load.judge(stored)
    if in_file != stored:
        outcome.violations.append(Violation(Fault.DISAGREED, "journal", difference(in_file, stored)))
    outcome.violations += [
        Violation(Fault.UNEXPECTED, "server", line) for line in server.errors if expected not in line
    ]
    return outcome


def difference(in_file: Sequence[Stored], told: Sequence[Stored]) -> str:
    """Say how the file differs from what HISTORY told."""
    only = sorted(set(in_file) ^ set(told))
    return f"{len(in_file)} messages in the file, {len(told)} in HISTORY; only one has {only[:3]}"


@contextlib.contextmanager
def _tmpfs(folder: Path) -> Iterator[None]:
    """Mount a small disk. Raises `OSError` where that is not allowed."""
    if os.geteuid() != 0:
        raise PermissionError("only root may mount")
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={DISK}", "chaos", str(folder))
        yield
    finally:
        if folder.is_mount():
            _run("umount", "--lazy", str(folder))
        folder.rmdir()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # mount, umount
    if done.returncode:
        raise OSError(done.stderr.strip())


def _fill(ballast: Path, left: int) -> None:
    """Fill the disk but for so many bytes."""
    state = os.statvfs(ballast.parent)
    blocks = max(0, state.f_bavail * state.f_frsize - left) // BLOCK
    # The journal may take some of it meanwhile, so it may be full before it is filled.
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        for _ in range(blocks + (left == 0)):
            file.write(bytes(BLOCK))


def _expect_ready(load: Load, server: Server, *, ready: bool) -> None:
    """Hold /readyz to what it must say."""
    asked = http.client.HTTPConnection(*server.metrics_address, timeout=5)
    try:
        asked.request("GET", "/readyz")
        answer = asked.getresponse()
        if (answer.status == http.client.OK) is not ready:
            text = f"/readyz answers {answer.status} {answer.read()[:100]!r}, expected ready: {ready}"
            load.outcome.violations.append(Violation(Fault.UNEXPECTED, "server", text))
    finally:
        asked.close()
