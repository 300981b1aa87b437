"""What the client may use."""

import ast
from pathlib import Path

import pytest

import chat_client

SOURCES = sorted(Path(chat_client.__file__).parent.glob("*.py"))
#: What knows no socket, thread, clock or file of its own.
PURE = (
    *("commands", "errors", "events", "exchange", "liveness", "membership", "paint", "pending", "player"),
    *("positions", "reconnect", "safe", "mention", "naming", "terms", "toolbar", "typed", "wrapping"),
)


def imported(path: Path) -> set[str]:
    """Return the modules that a source imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("name", PURE)
def test_pure_parts_are_pure(name: str) -> None:
    """They are given what they need to know of the world."""
    path = Path(chat_client.__file__).with_name(f"{name}.py")
    assert not imported(path) & {"os", "select", "socket", "threading", "time", "chat_client.link"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_part_has_its_tests(path: Path) -> None:
    """Tests mirror the source; what holds no code of its own needs none."""
    without = {"__init__", "__main__", "errors", "events"}
    assert path.stem in without or (Path(__file__).with_name(f"test_{path.stem}.py")).exists()
