"""Two revisions: each in a tree of its own, named and put side by side."""

import os
import shutil
from pathlib import Path

import pytest

from bench import compare
from bench.errors import BenchError
from bench.results import Results
from bench.scenarios import FAN_OUT
from tests.bench.samples import fan_out

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with two revisions, in the place of this one."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(compare, "REPOSITORY", tmp_path)
    compare.git("init", "--quiet")
    for name, value in (("name", "Test"), ("email", "test@example.net")):
        compare.git("config", f"user.{name}", value)
    compare.git("config", "commit.gpgsign", "false")
    compare.git("commit", "--quiet", "--allow-empty", "--message=old")
    (tmp_path / "file").write_text("new")
    compare.git("add", "file")
    compare.git("commit", "--quiet", "--message=new")
    return tmp_path


@needs_git
def test_a_revision_gets_a_tree_of_its_own(repository: Path) -> None:
    """It is gone afterwards, and git knows."""
    place = repository / "build" / "before"
    with compare.tree_of("HEAD", "before"), compare.worktree("HEAD", place) as tree:
        assert (tree / "file").read_text() == "new"
    with compare.worktree("HEAD~1", place) as tree:
        assert not (tree / "file").exists()
    assert not place.exists()
    assert len(compare.git("worktree", "list").splitlines()) == 1


@needs_git
def test_what_a_killed_run_left_is_no_hindrance(repository: Path) -> None:
    """The tree is made anew, though git still has it registered."""
    place = repository / "build" / "before"
    compare.git("worktree", "add", "--detach", str(place), "HEAD~1")
    with compare.worktree("HEAD", place) as tree:
        assert (tree / "file").exists()


@needs_git
@pytest.mark.usefixtures("repository")
def test_a_revision_that_is_none_is_told() -> None:
    """In git's words, with the name."""
    with pytest.raises(BenchError, match="no-such-revision"), compare.tree_of("no-such-revision", "before"):
        pass


@needs_git
@pytest.mark.usefixtures("repository")
def test_a_revision_without_a_server_is_told() -> None:
    """Such as one from before there was any."""
    with (
        pytest.raises(BenchError, match=r"before \(HEAD\): there is no chat_server"),
        compare.both("HEAD", "."),
    ):
        pass


def test_the_working_tree_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is copied."""
    monkeypatch.setattr(compare, "REPOSITORY", tmp_path)
    with compare.tree_of(compare.WORKING_TREE, "after") as tree:
        assert tree == tmp_path


def test_the_table_says_how_much_better_the_later_one_is() -> None:
    """`after` is the subject, `before` the one that it is held against."""
    compared = compare.between(FAN_OUT, "before (a)", "after (b)")
    found = Results("", {}, {})
    found.measurements += fan_out("before (a)", 2e6, 4e6) + fan_out("after (b)", 3e6, 6e6)
    text = compare.tables(found, [compared])
    assert "| case | measured | after (b) | before (a) |" in text
    assert "4.5 M ±33% | 3 M ±33% (x 1.50) |" in text
