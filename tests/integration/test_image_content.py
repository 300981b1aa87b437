"""What the built image has in it, and what it must not have."""

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

pytestmark = pytest.mark.integration

BASE = "python:3.14-slim"
#: What builds or fetches programs, without the version and the platform in its name.
TOOLS = {
    "pip",
    "gcc",
    "g++",
    "cc",
    "clang",
    "ld",
    "as",
    "make",
    "cmake",
    "cargo",
    "git",
    "curl",
    "wget",
}
#: A private key with its content: libraries have the first line of one as a text to look for.
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\r\n]{64}")
SECRET = re.compile(r"passw|secret|token|api_?key|private_?key", re.IGNORECASE)


def docker(*arguments: str) -> str:
    """Return what a docker command prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607  # as a shell finds it
    assert done.returncode == 0, done.stderr
    return done.stdout


def inspected(image: str) -> dict[str, Any]:
    """Return what `docker image inspect` tells."""
    (told,) = json.loads(docker("image", "inspect", image))
    return dict(told)


@pytest.fixture(scope="module")
def files(image: str) -> list[PurePosixPath]:
    """List every file of the image, with the eyes of root."""
    listed = docker(
        "run", "--rm", "--user", "0", "--entrypoint", "find", image, "/", "-xdev", "!", "-type", "d"
    )
    return [PurePosixPath(line) for line in listed.splitlines()]


@pytest.fixture(scope="module")
def added(image: str, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """Return each file of each layer that our Dockerfile adds to its base, also if a later one hides it."""
    path = tmp_path_factory.mktemp("image") / "image.tar"
    docker("save", "--output", str(path), image)
    ours = len(inspected(image)["RootFS"]["Layers"]) - len(inspected(BASE)["RootFS"]["Layers"])
    assert ours > 0
    return list(contents(path, ours))


def contents(path: Path, layers: int) -> Iterator[tuple[str, bytes]]:
    """Return name and content of the files of the last so many layers of a saved image."""
    with tarfile.open(path) as saved:
        manifest = saved.extractfile("manifest.json")
        assert manifest is not None
        for name in json.load(manifest)[0]["Layers"][-layers:]:
            with tarfile.open(fileobj=saved.extractfile(name)) as layer:
                for each in layer:
                    file = layer.extractfile(each) if each.isfile() else None
                    yield each.name, file.read() if file is not None else b""


def test_the_user_is_not_root(image: str) -> None:
    """A number, so that whoever runs it can check that it is not root."""
    assert inspected(image)["Config"]["User"] == "10001:10001"


def test_nothing_builds_or_fetches_programs(files: list[PurePosixPath]) -> None:
    """No pip, neither ours nor the base's, no compiler, no make, no git."""
    programs = {each for each in files if each.parent.name in {"bin", "sbin"}}
    assert programs
    assert {each for each in programs if bare(each.name) in TOOLS} == set()
    assert {each for each in files if {"pip", "ensurepip"} & set(each.parts)} == set()


def bare(name: str) -> str:
    """Return `gcc` of `x86_64-linux-gnu-gcc-14`."""
    return re.sub(r"[-.\d]+$", "", name).rpartition("-")[2]


def test_the_image_has_no_tests_and_no_sources_of_the_build(files: list[PurePosixPath]) -> None:
    """What ships is the installed packages alone."""
    inside = [each for each in files if each.is_relative_to("/opt/chat")]
    assert any(each.name == "session.py" for each in inside)
    assert [each for each in inside if re.search(r"/tests/|/test_\w+\.py$", str(each))] == []
    assert [each for each in files if each.is_relative_to("/src") or each.is_relative_to("/wheels")] == []


def test_no_layer_has_a_secret(added: list[tuple[str, bytes]]) -> None:
    """No key, no settings, no history of the tree, not even in a layer that a later one hides."""
    assert any(name.endswith("chat_server/cli.py") for name, _ in added)
    bad = re.compile(r"(^|/)(\.git|\.env|\.netrc|\.pypirc|\.ssh|id_[a-z0-9]+|key\.pem|.*\.key|.*\.db)(/|$)")
    assert [name for name, _ in added if bad.search(name)] == []
    assert [name for name, content in added if PRIVATE_KEY.search(content)] == []
    assert [name for name, _ in added if name.startswith("private/") and name.count("/") > 1] == []


def test_no_setting_has_a_secret(image: str) -> None:
    """Neither the environment, nor the labels, nor the steps that made the image."""
    config = inspected(image)["Config"]
    steps = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    told = [*config["Env"], *(config["Labels"] or {}).values(), *steps.splitlines()]
    assert [each for each in told if SECRET.search(each)] == []
