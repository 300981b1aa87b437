"""The server in the image: how it is run there."""

from pathlib import Path

from bench import image
from bench.peers.chat import ChatServer


def test_it_is_on_its_core_and_finds_its_files(tmp_path: Path) -> None:
    """The tree is there to be read, the run's own directory to be written to."""
    command = image.command("name", 1, Path("/some/tree"), tmp_path, ["--port", "1"])
    assert command[:2] == ["docker", "run"]
    assert command[command.index("--cpuset-cpus") + 1] == "1"
    assert "/some/tree:/tree:ro" in command
    assert f"{tmp_path}:{tmp_path}" in command
    assert command[-4:] == ["-m", "chat_server", "--port", "1"]


def test_a_form_says_where_it_runs(tmp_path: Path) -> None:
    """On this Python, or in a container with its own name."""
    here, there = ChatServer(), ChatServer(in_image=True)
    assert here.command(tmp_path, 1)[1:3] == ["-m", "chat_server"]
    assert there.container in there.command(tmp_path, 1)


def test_a_container_that_is_not_there_has_no_process() -> None:
    """Whether or not there is an engine to ask."""
    assert image.pid("chat-bench-that-never-was") is None
