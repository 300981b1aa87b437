"""Reads the documents: their sections, tables and code."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@cache
def text(page: str) -> str:
    """Return a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Return what stands below a heading, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {heading!r}"
    return found[1]


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the section's only table, without its head."""
    lines = [line for line in section(page, heading).splitlines() if line.startswith("|")]
    assert len(lines) > 2, f"{page}, {heading}: no table"
    assert set(lines[1]) <= set("|-: "), f"{page}, {heading}: a table without its head"
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({len(row) for row in table}) == 1, f"{page}, {heading}: rows of different length"
    return table[2:]


def code(cell: str) -> list[str]:
    """Return what a cell has between back quotes."""
    return re.findall(r"`([^`]+)`", cell)


def only_code(cell: str) -> str:
    """Return the one thing that a cell has between back quotes."""
    (found,) = code(cell)
    return found


def names_of_tests(path: str) -> set[str]:
    """Return the names of a test file's tests."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
