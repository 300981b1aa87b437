"""Medians, spreads, ratios within a round, and numbers as people read them."""

import pytest

from bench.figures import Figure, human, human_duration, ratio, summarize


def test_the_median_comes_with_half_of_the_range() -> None:
    """One wild round moves the spread and not the median."""
    assert summarize([90.0, 100.0, 150.0]) == Figure(100.0, 0.3)


def test_nothing_measured_is_no_figure() -> None:
    """There is no median of nothing."""
    assert summarize([]) is None


def test_a_median_of_zero_has_no_spread() -> None:
    """A share of nothing cannot be told."""
    assert summarize([0.0, 0.0]) == Figure(0.0, 0.0)


def test_a_drift_from_round_to_round_cancels_out() -> None:
    """Both servers at double speed in one round leave the ratio as it is."""
    assert ratio({1: 8.0, 2: 16.0}, {1: 2.0, 2: 4.0}) == Figure(4.0, 0.0)


def test_only_rounds_that_both_have_count() -> None:
    """A round in which one failed, or did nothing at all, gives no ratio."""
    assert ratio({1: 8.0, 2: 100.0, 3: 7.0}, {1: 2.0, 3: 0.0}) == Figure(4.0, 0.0)
    assert ratio({1: 8.0}, {2: 2.0}) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (99.4, "99.4"), (617.2, "617"), (1000, "1 k"), (4_912_000, "4.91 M"), (2.5e9, "2.5 G")],
)
def test_numbers_keep_three_digits(value: float, text: str) -> None:
    """More digits would claim more than was measured."""
    assert human(value) == text


@pytest.mark.parametrize(
    ("microseconds", "text"), [(85.0, "85 us"), (2670.0, "2.67 ms"), (3_100_000.0, "3.1 s")]
)
def test_durations_get_the_unit_that_fits(microseconds: float, text: str) -> None:
    """From microseconds to seconds."""
    assert human_duration(microseconds) == text
