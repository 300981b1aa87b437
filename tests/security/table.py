"""The table of attacks: each row is a test, and `make security` prints what became of it.

To add a row, write a test in this folder, with `row` above it, and name it for the attack.
"""

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

Test = TypeVar("Test", bound=Callable[..., object])

#: Characters of each column but the last.
WIDTHS = (36, 46, 26)
HEAD = ("attack", "defence", "default", "result")


class Row(NamedTuple):
    """What is tried, what stands against it, and the bound that holds by default."""

    attack: str
    defence: str
    default: str


class Case(NamedTuple):
    """What became of a row, once: a test with several parameters has several cases."""

    row: Row
    outcome: str


_ROWS: dict[tuple[str, str], Row] = {}


def row(attack: str, *, defence: str, default: str = "always") -> Callable[[Test], Test]:
    """Make a test a row of the table."""

    def mark(test: Test) -> Test:
        _ROWS[test.__module__, test.__name__] = Row(attack, defence, default)
        return test

    return mark


def row_of(test: Callable[..., object]) -> Row | None:
    """Return the row that a test is, if it is one."""
    return _ROWS.get((test.__module__, test.__name__))


def name_for(attack: str) -> str:
    """Return how the test of an attack is called."""
    return "test_" + "_".join(re.findall(r"[a-z0-9]+", attack.lower()))


def rendered(cases: Iterable[Case]) -> list[str]:
    """Return the table's lines, a row once, in the order in which they are given."""
    outcomes: dict[Row, list[str]] = {}
    for case in cases:
        outcomes.setdefault(case.row, []).append(case.outcome)
    lines = [*_cells(HEAD), "-" * (sum(WIDTHS) + 3 * len(WIDTHS) + 12)]
    for each, results in outcomes.items():
        lines += _cells((*each, _result(results)))
    return lines


def _result(outcomes: Sequence[str]) -> str:
    if "failed" in outcomes:
        return "NOT HELD"
    if "passed" not in outcomes:
        return "not tried here"
    return "held" if len(outcomes) == 1 else f"held, {len(outcomes)} ways"


def _cells(cells: Sequence[str]) -> list[str]:
    """Return the lines of one row, each cell wrapped in its column."""
    wrapped = [textwrap.wrap(text, width) or [""] for text, width in zip(cells, WIDTHS, strict=False)]
    height = max(map(len, wrapped))
    lines = []
    for number in range(height):
        parts = [
            (cell[number] if number < len(cell) else "").ljust(width)
            for cell, width in zip(wrapped, WIDTHS, strict=True)
        ]
        lines.append("   ".join([*parts, cells[-1] if not number else ""]).rstrip())
    return lines
