"""What the system grants: read from stand-ins, so that no test changes the machine."""

import os
import resource
import sysconfig
from pathlib import Path

import pytest

from chat_server.net import system

ENDLESS = resource.RLIM_INFINITY


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Grant CPUs 1, 2 and 5, and keep what the process is pinned to."""
    chosen: list[set[int]] = []

    def choose(_pid: int, cpus: set[int]) -> None:
        if not cpus <= {1, 2, 5}:
            raise OSError(22, "Invalid argument")
        chosen.append(cpus)

    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1, 2, 5})
    monkeypatch.setattr(os, "sched_setaffinity", choose)
    return chosen


def free_threaded(monkeypatch: pytest.MonkeyPatch, *, yes: bool) -> None:
    """Pretend that this Python has no GIL, or has one."""
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": int(yes)}.get)


def test_with_a_gil_auto_is_the_last_cpu(monkeypatch: pytest.MonkeyPatch, pinned: list[set[int]]) -> None:
    """One core, since the lock is dear to hand across."""
    free_threaded(monkeypatch, yes=False)
    assert system.pin("auto") == {5}
    assert pinned == [{5}]


def test_without_a_gil_auto_is_all(monkeypatch: pytest.MonkeyPatch, pinned: list[set[int]]) -> None:
    """A free-threaded build uses what it is granted."""
    free_threaded(monkeypatch, yes=True)
    assert system.pin("auto") == {1, 2, 5}
    assert pinned == []


def test_all_changes_nothing(pinned: list[set[int]]) -> None:
    """The process stays where the operator put it."""
    assert system.pin("all") == {1, 2, 5}
    assert pinned == []


def test_a_list_is_taken_at_its_word(pinned: list[set[int]]) -> None:
    """Those CPUs and no others."""
    assert system.pin("1,5") == {1, 5}
    assert pinned == [{1, 5}]


@pytest.mark.usefixtures("pinned")
def test_a_cpu_that_is_not_granted_is_an_error() -> None:
    """The caller says it in plain words."""
    with pytest.raises(OSError, match="Invalid"):
        system.pin("3")


@pytest.mark.parametrize(
    ("soft", "hard", "wanted"),
    [
        (256, 4096, (1064, 4096)),
        (256, 512, (512, 512)),
        (256, ENDLESS, (1064, ENDLESS)),
        (5000, 5000, None),
        (ENDLESS, ENDLESS, None),
    ],
)
def test_descriptors_are_raised_as_far_as_they_may(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, wanted: tuple[int, int] | None
) -> None:
    """Up to what a thousand connections need, never lower than before, never past the hard limit."""
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: set_to.append(limits))
    system.raise_descriptors(1000)
    assert set_to == ([] if wanted is None else [wanted])


def limited(monkeypatch: pytest.MonkeyPatch, descriptors: int, processes: int) -> None:
    """Set what the process limits seem to be."""
    limits = {resource.RLIMIT_NOFILE: descriptors, resource.RLIMIT_NPROC: processes}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limits[which], ENDLESS))


def plenty(path: Path) -> str:
    """Grant everything."""
    return "max" if path.name == "pids.max" else "1000000\n"


def test_where_all_suffices_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a limit is `max` or infinite."""
    limited(monkeypatch, ENDLESS, ENDLESS)
    assert list(system.shortages(10_000, plenty)) == []


def test_low_process_limits_are_said_with_their_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open files and threads of the user."""
    limited(monkeypatch, 1024, 500)
    files, threads = system.shortages(10_000, plenty)
    assert "open files are limited to 1024" in files
    assert "ulimit -n 10064" in files
    assert "limited to 500" in threads
    assert "ulimit -u 10064" in threads


@pytest.mark.parametrize(
    ("name", "needed", "remedy"),
    [
        ("pids.max", 10_000, "pids_limit"),
        ("threads-max", 10_000, "sysctl"),
        ("max_map_count", 20_000, "sysctl"),
    ],
)
def test_low_system_limits_are_said_with_their_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, needed: int, remedy: str
) -> None:
    """Each of the files is looked at; a thread's stack takes two mappings."""
    limited(monkeypatch, ENDLESS, ENDLESS)

    def read(path: Path) -> str:
        return f"{needed - 1}\n" if path.name == name else plenty(path)

    (said,) = system.shortages(10_000, read)
    assert f"{name} is {needed - 1}" in said
    assert str(needed) in said
    assert remedy in said


def test_a_limit_that_is_just_enough_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds are those that are needed."""
    limited(monkeypatch, 10_064, 10_000)
    enough = {"pids.max": "10000", "threads-max": "10000", "max_map_count": "20000"}
    assert list(system.shortages(10_000, lambda path: enough[path.name])) == []


def test_a_file_that_is_not_there_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a container there is no pids.max."""
    limited(monkeypatch, ENDLESS, ENDLESS)

    def missing(_path: Path) -> str:
        raise FileNotFoundError

    assert list(system.shortages(10_000, missing)) == []


def test_auto_leaves_a_cpu_to_whom_it_belongs(
    monkeypatch: pytest.MonkeyPatch, pinned: list[set[int]]
) -> None:
    """The last of those that the fewest are pinned to: several servers on a host do not share one."""
    free_threaded(monkeypatch, yes=False)
    above = 1 << 22  # the kernel gives no process a number above it
    others = {above + 1: {5}, above + 2: {5}, above + 3: {2}, above + 4: {1, 2, 5}, os.getpid(): {1}}

    def affinity(pid: int) -> set[int]:
        if pid == above:
            raise ProcessLookupError
        return others.get(pid, {1, 2, 5})

    monkeypatch.setattr(os, "sched_getaffinity", affinity)
    monkeypatch.setattr(
        Path, "glob", lambda _path, _pattern: [Path(f"/proc/{pid}") for pid in (*others, above)]
    )
    assert system.pin("auto") == {1}
    others[above + 5] = {1}
    others[above + 6] = {1}
    assert system.pin("auto") == {2}
    assert pinned == [{1}, {2}]


@pytest.mark.parametrize(
    ("descriptors", "files", "expected"),
    [
        (ENDLESS, {}, 1000),
        (100_000, {"/sys/fs/cgroup/pids.max": "max"}, 1000),
        (564, {}, 500),
        (64, {}, 32),
        (1, {}, 1),
        (ENDLESS, {"/sys/fs/cgroup/pids.max": "164"}, 100),
        (ENDLESS, {"/proc/self/cgroup": "0::/a/b", "/sys/fs/cgroup/a/b/pids.max": "264"}, 200),
        (ENDLESS, {"/proc/self/cgroup": "0::/a/b", "/sys/fs/cgroup/a/pids.max": "364"}, 300),
        (ENDLESS, {"/proc/self/cgroup": "4:pids:/x\n3:cpu:/y", "/sys/fs/cgroup/pids/x/pids.max": "20"}, 10),
    ],
)
def test_connections_are_capped_by_what_there_is(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, files: dict[str, str], expected: int
) -> None:
    """Less a reserve, for metrics and health; of both versions of cgroups, here and above."""
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (descriptors, descriptors))

    def read(path: Path) -> str:
        try:
            return files[str(path)]
        except KeyError:
            raise FileNotFoundError from None

    assert system.capacity(1000, read) == expected
