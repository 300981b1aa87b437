"""The arithmetic: medians and spreads over rounds, ratios within one."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Rounds = dict[int, float]


@dataclass(frozen=True)
class Figure:
    """The median of several rounds, and half of their range as a share of it."""

    median: float
    spread: float


def summarize(values: Sequence[float]) -> Figure | None:
    """Median and spread; None where nothing was measured."""
    if not values:
        return None
    median = statistics.median(values)
    spread = (max(values) - min(values)) / 2 / median if median else 0.0
    return Figure(median, spread)


def ratio(over: Rounds, under: Rounds) -> Figure | None:
    """`over` by `under` in each round that has both: what drifts from round to round cancels out."""
    shared = [number for number in over if under.get(number)]
    return summarize([over[number] / under[number] for number in shared])


UNITS = ((1e9, " G"), (1e6, " M"), (1e3, " k"))


def human(value: float) -> str:
    """Three digits that matter, with a unit's letter: `4.91 M`."""
    for size, letter in UNITS:
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def human_duration(microseconds: float) -> str:
    """`85 us`, `2.67 ms` or `3.1 s`."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3g} s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3g} ms"
    return f"{microseconds:.3g} us"
