"""Libraries for Node: brought once, and none of them installed for the machine."""

import json
import subprocess
from pathlib import Path

import pytest

from bench import node


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collect what would be run, by an npm that brings what it is asked for."""
    run: list[list[str]] = []

    def npm(command: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        run.append(command)
        bring(command[-1].partition("@")[0], "8.1.2")
        return subprocess.CompletedProcess(command, 0)

    def bring(library: str, version: str) -> None:
        (node.MODULES / library).mkdir(parents=True)
        (node.MODULES / library / "package.json").write_text(json.dumps({"version": version}))

    monkeypatch.setattr(node, "FOLDER", tmp_path)
    monkeypatch.setattr(node, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(subprocess, "run", npm)
    return run


def test_a_library_is_brought_once(commands: list[list[str]]) -> None:
    """In the version that is wanted, without a script of its own being run."""
    assert node.version("ws") == ""
    assert node.install("ws", "8")
    assert node.install("ws", "8")
    assert len(commands) == 1
    assert commands[0][-1] == "ws@8"
    assert "--ignore-scripts" in commands[0]
    assert node.version("ws") == "8.1.2"


def test_without_npm_nothing_is_brought(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """And the peer is left out later, by name."""

    def absent(*_arguments: object, **_options: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", absent)
    assert not node.install("ws", "8")
    assert commands == []
