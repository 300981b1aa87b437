"""Cores and facts of the machine."""

import os

from bench.machine import choose_cores, describe, first_line, parse_core_list, pinned


def test_the_kernels_core_lists_are_read() -> None:
    """Single cores and ranges."""
    assert parse_core_list("0-2,5\n") == {0, 1, 2, 5}


def test_the_server_gets_the_last_core() -> None:
    """And the generator another, where there is one."""
    allowed = os.sched_getaffinity(0)
    cores = choose_cores()
    assert cores.server == max(allowed)
    assert cores.shared is (len(allowed) == 1)


def test_pinning_ends_with_its_block() -> None:
    """What is started later may run anywhere again."""
    before = os.sched_getaffinity(0)
    with pinned(max(before)):
        assert os.sched_getaffinity(0) == {max(before)}
    assert os.sched_getaffinity(0) == before


def test_a_program_that_is_not_there_has_no_version() -> None:
    """Rather than an error in the middle of a report."""
    assert first_line("no-such-program", "--version") == ""


def test_the_machine_is_described() -> None:
    """Enough for a reader to place the figures."""
    assert {"processor", "memory", "kernel", "python"} <= describe().keys()
