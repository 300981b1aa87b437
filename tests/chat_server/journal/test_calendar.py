"""The calendar: a clock that is wrong for a moment changes no date for good."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.journal.calendar import Calendar, Clocks, uptime
from tests.chat_server.journal.support import Now

DAY = 86_400.0


class Times:
    """A system clock and a monotonic one, and a calendar that looks at both."""

    def __init__(self, doubt: float = 600.0, newest: float = 0.0) -> None:
        self.system = Now(1_000_000.0)
        self.monotonic = Now(50.0)
        self.calendar = Calendar(doubt, newest, Clocks(self.system, self.monotonic))

    def go_on(self, seconds: float) -> float:
        """Let time pass, and return what the calendar says."""
        self.system.now += seconds
        self.monotonic.now += seconds
        return self.calendar()

    def step(self, seconds: float) -> float:
        """Set the system clock, and return what the calendar says."""
        self.system.now += seconds
        return self.calendar()


def test_a_clock_that_goes_on_is_believed() -> None:
    """To the microsecond."""
    times = Times()
    assert times.calendar() == 1_000_000.0
    assert times.go_on(0.25) == 1_000_000.25
    assert times.go_on(40 * DAY) == times.system.now


def test_a_jump_ahead_for_a_moment_is_not_followed() -> None:
    """The time goes on meanwhile, and afterwards agrees again."""
    times = Times()
    assert times.step(40 * DAY) == 1_000_000.0
    assert times.go_on(599.0) == 1_000_599.0
    assert times.step(-40 * DAY) == 1_000_599.0
    assert times.go_on(700.0) == 1_001_299.0


def test_a_jump_ahead_that_lasts_is_followed() -> None:
    """A host that was paused tells the true time again."""
    times = Times()
    times.step(DAY)
    times.go_on(300.0)
    assert times.go_on(300.0) == times.system.now


def test_a_clock_that_jumps_about_is_not_believed() -> None:
    """Each jump begins the doubt anew."""
    times = Times()
    for _ in range(10):
        times.step(DAY)
        assert times.go_on(300.0) < 1_000_000.0 + 3600


def test_a_jump_back_is_believed_at_once() -> None:
    """And the way forward again is none that anybody doubts, unless the clock stayed back."""
    times = Times()
    assert times.step(-DAY) == 1_000_000.0 - DAY
    assert times.step(DAY) == 1_000_000.0
    times.step(-DAY)
    times.go_on(600.0)
    assert times.step(DAY) == 1_000_600.0 - DAY


def test_drift_is_followed() -> None:
    """A clock that is corrected little by little is never far from what is told."""
    times = Times()
    for _ in range(1000):
        times.system.now += 0.02
        assert abs(times.go_on(60.0) - times.system.now) <= 1.5


def test_from_the_newest_message_on_the_clock_must_prove_itself() -> None:
    """A clock that is wrong when the server starts makes nothing old."""
    times = Times(3600.0, newest=999_000.0)
    assert times.calendar() == 999_000.0
    assert times.go_on(60.0) == 999_060.0
    assert times.go_on(3600.0) == times.system.now


@pytest.mark.parametrize("newest", [2_000_000.0, 1e12])
def test_a_newest_message_from_the_future_vouches_for_nothing(newest: float) -> None:
    """An earlier time by the clock is believed."""
    assert Times(3600.0, newest).calendar() == 1_000_000.0


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(-1e6, 1e6)), max_size=20))
def test_it_is_never_ahead_of_what_the_clock_says(steps: list[tuple[float, float]]) -> None:
    """Whatever happens: what is told is at most the system clock's time."""
    times = Times()
    for seconds, step in steps:
        times.step(step)
        assert times.go_on(seconds) <= times.system.now


def test_the_uptime_goes_on() -> None:
    """It is the system's, and no date."""
    assert 0 < uptime() <= uptime() < time.time()
