"""The table itself: every test of this folder is a row, has the row's name, and comes out as it went."""

import ast
from pathlib import Path

import pytest

from tests.security.table import WIDTHS, Case, Row, name_for, rendered, row, row_of
from tests.support.source import modules, tree

FIRST, SECOND = Row("a long attack " * 6, "a wall", "10 s"), Row("another", "a moat", "always")
FILES = [each for each in modules("tests/security") if each.name.startswith("test_")]


def named_attacks(path: Path) -> dict[str, str]:
    """Return the name of each test of a file, and the attack that its row names; empty without a row."""
    found = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            calls = [each for each in node.decorator_list if isinstance(each, ast.Call)]
            named = [ast.literal_eval(each.args[0]) for each in calls if ast.unparse(each.func) == "row"]
            found[node.name] = "".join(named)
    return found


@pytest.mark.parametrize("path", [each for each in FILES if each.name != "test_table.py"], ids=str)
def test_each_test_is_a_row_of_its_name(path: Path) -> None:
    """Whoever reads the table finds the test, and the other way round."""
    assert [name for name, attack in named_attacks(path).items() if name != name_for(attack)] == []


def test_one_failure_outweighs_all() -> None:
    """A row stands once, however many cases it has."""
    lines = rendered([Case(FIRST, "passed"), Case(SECOND, "passed"), Case(FIRST, "failed")])
    assert [line for line in lines if "NOT HELD" in line] == [lines[2]]
    assert [line for line in lines if line.endswith("held")] == [lines[-1]]
    assert all(len(line) <= sum(WIDTHS) + 30 for line in lines)


def test_a_result_says_how_much_was_tried() -> None:
    """In how many ways; and not that something held which was not tried."""
    assert rendered([Case(SECOND, "passed")] * 3)[-1].endswith("held, 3 ways")
    assert rendered([Case(SECOND, "skipped")])[-1].endswith("not tried here")


def test_a_row_is_found_by_its_test() -> None:
    """And what is no row is none."""

    @row("an attack", defence="a wall")
    def attack() -> None:
        pass

    assert row_of(attack) == Row("an attack", "a wall", "always")
    assert row_of(test_a_row_is_found_by_its_test) is None
