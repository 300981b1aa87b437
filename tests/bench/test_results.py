"""What a run leaves behind: kept, found again, and honest about what went wrong."""

from pathlib import Path

import pytest

from bench.results import Measurement, load
from bench.scenarios import DELIVERIES, SUBJECT
from tests.bench.samples import BUSY, measured, sample


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    """Nothing is lost on the way through JSON."""
    sample().save(tmp_path / "deep" / "latest.json")
    assert load(tmp_path / "deep" / "latest.json") == sample()


def test_a_metric_is_found_by_round() -> None:
    """Each round under its number, other servers' not among them."""
    assert sample().rounds("fan-out", BUSY, SUBJECT, DELIVERIES) == {1: 8e6, 2: 16e6, 3: 12e6}


def test_a_round_without_a_result_is_left_out() -> None:
    """A failure is no zero."""
    found = sample()
    found.measurements[0] = Measurement("fan-out", BUSY, SUBJECT, 1, error="did not start")
    assert found.rounds("fan-out", BUSY, SUBJECT, DELIVERIES) == {2: 16e6, 3: 12e6}


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"ok": True}, ""),
        ({"ok": False, "lost": 1200, "misplaced": 3}, "1,200 lost, 3 misplaced"),
        ({"ok": False, "repeated_or_late": 1}, "1 repeated or late"),
        ({"ok": False, "lost": 0, "closed": 0}, "not all acknowledged"),
        ({}, "not all acknowledged"),
    ],
)
def test_a_run_that_is_not_ok_says_why(result: dict[str, object], problem: str) -> None:
    """Also one that says nothing at all about being ok."""
    assert Measurement("fan-out", BUSY, SUBJECT, 1, result).problem() == problem


def test_an_error_comes_before_the_counts() -> None:
    """What kept a run from its end explains all else."""
    broken = measured(BUSY, SUBJECT, 1, lost=5)
    broken.error = "no result"
    assert broken.problem() == "no result"
