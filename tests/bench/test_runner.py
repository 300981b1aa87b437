"""The plan: who is measured when, and with which options."""

import dataclasses
import os
import time
from pathlib import Path

import pytest

from bench.generator import Generator
from bench.machine import Cores
from bench.peers import PEERS
from bench.peers.limit import Limit
from bench.runner import Runner, Step, cpu_seconds, kernel_buffer_bytes, plan
from bench.scenarios import FAN_OUT, FROZEN, JOURNAL, JOURNALS, ROOMS, SUBJECT

ALL = list(PEERS)


def names(steps: list[Step]) -> list[str]:
    """Who is measured, in order."""
    return [step.peer.name for step in steps]


def test_each_round_begins_with_another_server() -> None:
    """So that none is always measured after the same one."""
    steps = plan([ROOMS], ALL, 5)
    firsts = [names([step for step in steps if step.round == number])[0] for number in range(1, 6)]
    assert len(set(firsts)) == 5
    assert set(firsts) <= set(ROOMS.columns())


def test_rounds_rotate_over_those_who_take_part() -> None:
    """Servers of other scenarios do not count as places."""
    steps = plan([JOURNAL], ALL, 2)
    first, second = ([one for one in steps if one.round == number] for number in (1, 2))
    assert names(first[:4]) == list(JOURNALS)
    assert names(second[:4]) == [*JOURNALS[1:], JOURNALS[0]]


def test_rounds_are_interleaved() -> None:
    """All servers come once before any comes twice."""
    rounds = [step.round for step in plan([ROOMS], ALL, 3)]
    assert rounds == sorted(rounds)
    assert len(rounds) == 3 * len(ROOMS.columns())


def test_no_more_rounds_than_asked_for_or_than_the_scenario_has() -> None:
    """The smaller number holds."""
    assert {step.round for step in plan([FROZEN], ALL, 5)} == {1, 2, 3}
    assert {step.round for step in plan([FROZEN], ALL, 1)} == {1}


def test_others_may_take_part_once() -> None:
    """Where a round is long and the others' figures are only for orientation."""
    later = [step for step in plan([FROZEN], ALL, 3) if step.round > 1]
    assert set(names(later)) == {SUBJECT}


def test_nobody_able_means_nothing_to_do() -> None:
    """All peers left out: an empty plan and no error."""
    assert plan([ROOMS], [], 3) == []


def options(step: Step, *extra: str) -> list[str]:
    """Collect the generator's options of one step."""
    return Runner(Generator(Path("load"), 0), Cores(0, 1), extra).options(step)


def test_the_quick_form_shortens_what_a_case_asks_for() -> None:
    """The last of two equal options counts."""
    step = Step(FROZEN, dataclasses.replace(FROZEN.cases[0], fills_buffers=False), PEERS[0], 1)
    words = options(step, "--seconds", "0.5")
    assert words[-2:] == ["--seconds", "0.5"]
    assert "15" in words


def test_the_loopback_limit_is_only_read() -> None:
    """It takes no messages, whatever the case."""
    assert options(Step(FAN_OUT, FAN_OUT.cases[-1], Limit(), 1)) == ["--mode", "receive"]


def test_buffers_are_filled_by_long_texts() -> None:
    """As many as the kernel's buffers take, no longer than the protocol allows."""
    words = options(Step(FROZEN, FROZEN.cases[1], PEERS[0], 1))
    assert words[words.index("--warmup-size") + 1] == "4096"
    assert float(words[words.index("--warmup") + 1]) > 0


def test_processor_time_is_read_from_the_kernel() -> None:
    """As the process itself knows it, to within the kernel's ticks."""
    assert cpu_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=0.2)


def test_the_kernel_takes_something_for_who_does_not_read() -> None:
    """At least a socket buffer's worth, which is what filling it must send."""
    assert kernel_buffer_bytes() > 64 * 1024
