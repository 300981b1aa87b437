"""Two revisions of the chat server against each other, rounds interleaved."""

import contextlib
import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import build, report
from bench.errors import BenchError
from bench.peers.base import Peer
from bench.peers.chat import REPOSITORY, ChatServer
from bench.progress import measure_all
from bench.results import Results
from bench.runner import Runner, plan
from bench.scenarios import Scenario

WORKING_TREE = "."


def git(*words: str) -> str:
    """Run git in this repository."""
    done = subprocess.run(["git", "-C", str(REPOSITORY), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


@contextlib.contextmanager
def worktree(revision: str, directory: Path) -> Iterator[Path]:
    """Give a revision a tree of its own, in the place of what a killed run may have left."""
    commit = git("rev-parse", "--verify", f"{revision}^{{commit}}")
    shutil.rmtree(directory, ignore_errors=True)
    git("worktree", "add", "--force", "--detach", str(directory), commit)
    try:
        yield directory
    finally:
        git("worktree", "remove", "--force", str(directory))


@contextlib.contextmanager
def tree_of(revision: str, side: str) -> Iterator[Path]:
    """Find the sources of a revision: the working tree is there already."""
    if revision == WORKING_TREE:
        yield REPOSITORY
        return
    with worktree(revision, build.OUTPUT / side) as tree:
        yield tree


def described(revision: str) -> str:
    """Name a revision for a table's head."""
    return "working tree" if revision == WORKING_TREE else revision


@contextlib.contextmanager
def both(before: str, after: str) -> Iterator[list[Peer]]:
    """Set both servers up, each in a tree of its own."""
    with tree_of(before, "before") as old, tree_of(after, "after") as new:
        peers: list[Peer] = [
            ChatServer(f"before ({described(before)})", tree=old),
            ChatServer(f"after ({described(after)})", tree=new),
        ]
        for peer in peers:
            if reason := peer.missing():
                raise BenchError(f"{peer.name}: {reason}")
        yield peers


def between(scenario: Scenario, before: str, after: str) -> Scenario:
    """Make the two revisions the scenario's only servers."""
    cases = tuple(dataclasses.replace(case, peers=(after, before)) for case in scenario.cases)
    return dataclasses.replace(scenario, cases=cases, subject=after)


def tables(found: Results, compared: list[Scenario]) -> str:
    """Show what was measured; a factor says how many times better `after` is."""
    return "\n\n".join(report.scenario_section(found, one) for one in compared)


def run(before: str, after: str, scenarios: list[Scenario], runner: Runner, rounds: int) -> str:
    """Compare two revisions, their rounds interleaved; return the tables."""
    with both(before, after) as peers:
        names = [peer.name for peer in peers]
        print("bench: comparing", " with ".join(names), file=sys.stderr)
        compared = [between(one, *names) for one in scenarios]
        found = Results("", {}, {})
        measure_all(runner, plan(compared, peers, rounds), found)
        return tables(found, compared)
