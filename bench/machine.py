"""What the benchmark runs on: its cores, and the facts that a reader needs beside a figure."""

import contextlib
import os
import platform
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOPOLOGY = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Cores:
    """The core of the server and the core of the generator: the same where there is one only."""

    server: int
    generator: int

    @property
    def shared(self) -> bool:
        """Whether both must share one core: then no figure means much."""
        return self.server == self.generator


def siblings(core: int) -> set[int]:
    """Find the logical cores that share a physical one with `core`."""
    try:
        text = (TOPOLOGY / f"cpu{core}/topology/thread_siblings_list").read_text()
    except OSError:
        return {core}
    return parse_core_list(text)


def parse_core_list(text: str) -> set[int]:
    """Read the kernel's notation: `0-2,5` is 0, 1, 2 and 5."""
    cores: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return cores


def choose_cores() -> Cores:
    """Two physical cores, of those this process may use. Interrupts favour the first: it gets no server."""
    allowed = sorted(os.sched_getaffinity(0), reverse=True)
    server = allowed[0]
    others = [core for core in allowed if core not in siblings(server)] or allowed[1:] or allowed
    return Cores(server, others[0])


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep processes that are started inside on `core`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_file_limit() -> None:
    """Let this process, and all that it starts, open as many files as the hard limit allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def processor() -> str:
    """Name of the processor's model."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib() -> float:
    """Installed memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def first_line(*command: str) -> str:
    """Take the first line that a command prints, or an empty text."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    lines = done.stdout.splitlines()
    return lines[0].strip() if lines else ""


def describe() -> dict[str, str]:
    """Describe the machine, in the words of the report."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": first_line("cc", "--version"),
    }
