"""The tests mirror the source, say what they show, and never sleep."""

import ast
from pathlib import Path

import pytest

from tests.support.source import ROOT, modules, tree

#: Files of the source that no test mirrors, each with the reason.
UNMIRRORED = {
    "chat_server/__main__.py": "one line; the conformance tests start it",
    "chat_server/signals.py": "the tests of the command send them",
    "chat_server/net/dialects/irc/numerics.py": "names of numbers, without code",
    "chat_server/net/dialects/irc/settings.py": "names and texts; the tests of the tables make them",
    "chat_client/__main__.py": "one line; the tests of the command start it",
    "chat_client/errors.py": "names and texts; each is raised and tested where it belongs",
    "chat_client/protocol/events.py": "what a session tells, without code",
}
TESTS = modules("tests")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(path: Path) -> list[ast.FunctionDef]:
    """Return the test functions of a file."""
    return [
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.mark.parametrize(
    "path",
    [
        each
        for each in [*modules("chat_protocol"), *modules("chat_server"), *modules("chat_client")]
        if each.name != "__init__.py"
    ],
    ids=str,
)
def test_every_file_has_its_tests(path: Path) -> None:
    """In the same place below `tests`; the exceptions are listed above."""
    mirrored = (ROOT / "tests" / path.with_name(f"test_{path.name}")).is_file()
    assert mirrored is (str(path) not in UNMIRRORED)


@pytest.mark.parametrize("path", sorted({each.parent for each in TESTS}), ids=str)
def test_every_folder_is_a_package(path: Path) -> None:
    """So that two files of the same name do not collide."""
    assert (ROOT / path / "__init__.py").is_file()


@pytest.mark.parametrize("path", [each for each in TESTS if each.name.startswith("test_")], ids=str)
def test_every_test_says_what_it_shows(path: Path) -> None:
    """In a docstring; and a file of tests has some."""
    found = functions_of(path)
    assert found
    assert [each.name for each in found if not ast.get_docstring(each)] == []


@pytest.mark.parametrize(
    "path", [each for each in TESTS if "integration" not in each.parts and "chaos" not in each.parts], ids=str
)
def test_no_test_sleeps(path: Path) -> None:
    """An event, a barrier, a fake clock: a sleep is too short on a slow machine, too long on a fast one."""
    names = {ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}
    assert not names & {"time.sleep", "sleep"}


@pytest.mark.parametrize("path", [each for each in TESTS if each.name.startswith("test_")], ids=str)
def test_no_two_tests_of_a_file_share_a_name(path: Path) -> None:
    """The second would hide the first."""
    top = [node.name for node in tree(path).body if isinstance(node, ast.FunctionDef)]
    assert len(top) == len(set(top))
