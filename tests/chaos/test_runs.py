"""The faults under load, in their short form; `make chaos` runs them longer.

A failure prints its seed: `CHAOS_SEED=N` runs it again with the same choices. What the threads make of
them differs from run to run.
"""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos import runs
from tests.chaos.load import Outcome

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().getrandbits(32))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Make a folder that is emptied at once: journals are large beside the disk of a confined container."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def judged(outcome: Outcome) -> Outcome:
    """Assert that no promise was broken, and that there was something to break."""
    print(f"seed {outcome.seed}: {dict(outcome.counts)}")  # noqa: T201  # shown where a test fails
    assert not outcome.violations, outcome.report()
    assert outcome.counts["stored"] == outcome.counts["messages"] > 50, outcome.report()
    return outcome


@pytest.mark.parametrize(
    ("run", "rounds"),
    [
        (runs.kills, 8),
        (runs.kills_and_cuts, 2),
        (runs.cuts, 8),
        (runs.drains, 1),
        (runs.clock, 4),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_no_promise_is_broken(
    run: Callable[[Path, int, int, runs.Say], Outcome], rounds: int, folder: Path
) -> None:
    """Whatever happens to the server, to connections and to the clock: nothing lost, twice or disordered."""
    outcome = judged(run(folder, SEED, rounds, print))
    assert outcome.rounds >= rounds
    assert outcome.counts["connections"] > 5, "nobody had to come back"


def test_a_full_disk_costs_nothing(folder: Path) -> None:
    """What cannot be stored is not acknowledged; with room again the server goes on by itself."""
    if reason := runs.may_mount(folder):
        pytest.skip(reason)
    outcome = judged(runs.disk_full(folder, SEED, 1, print))
    assert outcome.extra["refused"]
