"""What the operating system grants the process: CPUs, descriptors, threads."""

import contextlib
import os
import resource
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

#: Descriptors beside those of the connections: listeners, journal, metrics, the standard streams.
SPARE_DESCRIPTORS = 64


def hold_standard_descriptors() -> None:
    """Open 0 to 2 on nothing, if whoever started the process closed them.

    A socket or a file of the journal that got such a number would also get what is meant for a standard
    stream, such as the last words of the interpreter.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free (open(2))


def pin(cpus: str) -> set[int]:
    """Keep the process on the CPUs chosen; return which those are.

    `auto` keeps a process with the GIL on one: handing the lock from core to core costs small rooms
    half their speed (measured). It is the one that the fewest other processes are pinned to, and of
    those the last, since interrupts favour the first.
    A CPU that the process may not use raises `OSError`.
    """
    allowed = os.sched_getaffinity(0)
    if cpus == "all" or (cpus == "auto" and sysconfig.get_config_var("Py_GIL_DISABLED")):
        return allowed
    chosen = {_least_pinned(allowed)} if cpus == "auto" else {int(each) for each in cpus.split(",")}
    os.sched_setaffinity(0, chosen)
    return chosen


def _least_pinned(allowed: set[int]) -> int:
    """Return the CPU that the fewest processes are pinned to alone: other servers on this host, mostly."""
    pinned: Counter[int] = Counter()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if int(entry.name) != os.getpid() and len(cpus := os.sched_getaffinity(int(entry.name))) == 1:
                pinned.update(cpus)
    return min(allowed, key=lambda cpu: (pinned[cpu], -cpu))


def raise_descriptors(connections: int) -> None:
    """Raise the soft limit of open files to what the connections need, as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ceiling), hard))


def capacity(connections: int, read: Callable[[Path], str] = Path.read_text) -> int:
    """Return how many of so many connections the limits allow, each with a descriptor and a thread.

    A reserve stays for everything else, so that metrics and health answer also when the server is full.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = [] if soft == resource.RLIM_INFINITY else [soft]
    limits += [limit for path in _pids_files(read) if (limit := _number(str(path), read)) is not None]
    return max(1, min([connections, *[limit - min(SPARE_DESCRIPTORS, limit // 2) for limit in limits]]))


def _pids_files(read: Callable[[Path], str]) -> Iterator[Path]:
    """Return where the limits of threads are: of this process's cgroups, version 1 and 2, and those above."""
    try:
        lines = read(Path("/proc/self/cgroup")).splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "pids"):
            root = Path("/sys/fs/cgroup", controllers)
            inner = root / path.lstrip("/")
            yield from (each / "pids.max" for each in (inner, *inner.parents) if each.is_relative_to(root))
    yield Path("/sys/fs/cgroup/pids.max")


def shortages(connections: int, read: Callable[[Path], str] = Path.read_text) -> Iterator[str]:
    """Say which limits are too low for so many connections, and what raises each."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < connections + SPARE_DESCRIPTORS:
        yield f"open files are limited to {soft}: raise it with ulimit -n {connections + SPARE_DESCRIPTORS}"
    processes, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if processes != resource.RLIM_INFINITY and processes < connections:
        wanted = connections + SPARE_DESCRIPTORS
        yield f"threads of this user are limited to {processes}: ulimit -u {wanted} raises it"
    for path, factor, remedy in (
        ("/sys/fs/cgroup/pids.max", 1, "raise pids_limit (Docker) or TasksMax (systemd)"),
        ("/proc/sys/kernel/threads-max", 1, "raise it with sysctl kernel.threads-max"),
        (
            "/proc/sys/vm/max_map_count",
            2,
            "raise it with sysctl vm.max_map_count: a thread's stack takes two",
        ),
    ):
        limit = _number(path, read)
        if limit is not None and limit < connections * factor:
            yield f"{path} is {limit}, and {connections} connections need {connections * factor}: {remedy}"


def _number(path: str, read: Callable[[Path], str]) -> int | None:
    try:
        return int(read(Path(path)))
    except (OSError, ValueError):  # not there, or "max"
        return None
