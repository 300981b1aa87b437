"""What is to be reached: that it names what is measured, and is judged by the ratio within a round."""

import pytest

from bench.figures import Figure
from bench.peers import PEERS
from bench.scenarios import BY_KEY, P99, SUBJECT
from bench.targets import TARGETS, Place, Target, against, judge, memory
from tests.bench.samples import measured, sample


def places() -> list[tuple[Place, Target]]:
    """All cells that targets point to."""
    return [
        (place, target) for target in TARGETS for place in (target.over, target.under) if place is not None
    ]


@pytest.mark.parametrize(("place", "target"), places())
def test_targets_point_to_cells_that_exist(place: Place, target: Target) -> None:
    """A misspelt case would never be judged, and nobody would notice."""
    scenario = BY_KEY[place.scenario]
    cases = [case for case in scenario.cases if case.label == place.case]
    assert len(cases) == 1
    assert place.peer in cases[0].peers
    assert target.metric in scenario.metrics_of(cases[0])


def test_all_columns_are_servers() -> None:
    """A case that names nobody's name would silently have one column less."""
    names = {peer.name for peer in PEERS}
    assert {name for scenario in BY_KEY.values() for name in scenario.columns()} == names


def test_a_ratio_is_formed_within_each_round() -> None:
    """Medians alone would say the same here only by chance: each round says 4."""
    assert judge(sample(), TARGETS[0]) == Figure(4.0, 0.0)
    assert TARGETS[0].is_met(Figure(4.0, 0.0))


def test_what_was_not_measured_is_not_judged() -> None:
    """No verdict without figures on both sides."""
    assert judge(sample(), TARGETS[1]) is None


@pytest.mark.parametrize(("median", "met"), [(3.5, True), (3.49, False)])
def test_more_is_to_be_at_least_the_bound(median: float, met: bool) -> None:  # noqa: FBT001  a table's column
    """Deliveries: 3.5 times nats-server's."""
    assert TARGETS[0].wanted() == "at least 3.5"
    assert TARGETS[0].is_met(Figure(median, 0.0)) is met


@pytest.mark.parametrize(("median", "met"), [(1.0, True), (1.01, False)])
def test_a_duration_is_to_be_at_most_the_bound(median: float, met: bool) -> None:  # noqa: FBT001  a table's column
    """p99: no worse than the peer's."""
    target = against("nats-server", "rooms", "50 rooms of 4", P99, 1)
    assert target.wanted() == "at most 1"
    assert target.is_met(Figure(median, 0.0)) is met


def test_a_fixed_bound_needs_no_other_side() -> None:
    """Memory is held against a number of KiB."""
    found = sample()
    found.measurements.append(
        measured("10,000 connections", SUBJECT, 1, scenario="idle", kib_per_connection=24.5)
    )
    target = memory("10,000 connections", 25)
    assert judge(found, target) == Figure(24.5, 0.0)
    assert target.is_met(Figure(24.5, 0.0))
