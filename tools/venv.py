"""Make the project's virtual environment from the lock files; does nothing where it is current."""

from __future__ import annotations  # so that a Python that is too old lives to be told so

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STATE = VENV / "made-from.json"
OLDEST = (3, 11)
VERSION = sys.version.split()[0]


def say(text: str) -> None:
    """Tell the person what is going on."""
    print(f"venv: {text}", flush=True)


def quietly(*command: str | Path) -> None:
    """Run a command whose output matters only when it fails; then show its end and give up."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(*(done.stdout + done.stderr).splitlines()[-25:], sep="\n", file=sys.stderr)
        sys.exit(f"venv: this failed: {' '.join(map(str, command))}")


def digest(*names: str) -> str:
    """Return a digest of these files' contents."""
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in names)).hexdigest()


def pip(*arguments: str) -> None:
    """Install into the virtual environment."""
    quietly(VENV / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", *arguments)


def install_locked(*names: str) -> None:
    """Install exactly what the lock files name, each file checked against its hash."""
    say(f"installing from {' and '.join(names)}")
    pip("--require-hashes", *(f"--requirement={name}" for name in names))


def install_project() -> None:
    """Install the project itself so that the code in the tree is what runs."""
    pip("--no-deps", "--no-build-isolation", "--editable", ".")


def need_ensurepip() -> None:
    """See to it that a virtual environment can be made: Debian packs `ensurepip` apart from Python."""
    try:
        import ensurepip  # noqa: F401, PLC0415 - may be missing, which is the question
    except ImportError:
        package = f"python3.{sys.version_info.minor}-venv"
        if os.geteuid() or not shutil.which("apt-get"):
            sys.exit(f"venv: Python's venv module is missing. Run: sudo apt-get install {package}")
        say(f"installing {package} with apt-get")
        quietly("apt-get", "update")
        quietly("apt-get", "install", "-y", "--no-install-recommends", package)


def make() -> None:
    """Make the virtual environment anew, with what the server and the client need to run."""
    need_ensurepip()
    say(f"making {VENV.name} with Python {VERSION}")
    shutil.rmtree(VENV, ignore_errors=True)
    quietly(sys.executable, "-m", "venv", VENV)
    install_locked("requirements-build.lock", "requirements.lock")


def sources() -> dict[str, str]:
    """Return what an environment is made from, each part as a text that changes with it."""
    return {
        "python": f"{sys.version} {ROOT}",
        "run": digest("requirements-build.lock", "requirements.lock"),
        "dev": digest("requirements-dev.lock"),
        "project": digest("pyproject.toml"),
    }


def found() -> dict[str, str]:
    """Return what the environment at hand was made from: nothing, where it was never finished."""
    try:
        state: dict[str, str] = json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {}
    return state if (VENV / "bin/python").exists() else {}


def refresh(want: dict[str, str], have: dict[str, str]) -> None:
    """Bring the environment from what it was made from to what it should be made from."""
    started = time.monotonic()
    if not have:
        make()
    if "dev" in want and "dev" not in have:
        install_locked("requirements-dev.lock")
    install_project()
    STATE.write_text(json.dumps(have | want, indent=1))
    say(f"ready after {time.monotonic() - started:.0f} s")


@contextmanager
def alone() -> Iterator[None]:
    """Let one of several `make` calls at a time work on the environment."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main() -> None:
    """Make or refresh the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests, lint, types and benchmarks need")
    dev = parser.parse_args().dev
    if sys.version_info < OLDEST:
        sys.exit(f"venv: Python {VERSION} is too old, 3.11 or later is needed: make PYTHON=python3.11")
    with alone():
        now, have = sources(), found()
        if any(have[part] != now[part] for part in have.keys() - {"project"}):
            have = {}
        want = {part: now[part] for part in now if dev or part != "dev"}
        if any(have.get(part) != want[part] for part in want):
            refresh(want, have)


if __name__ == "__main__":
    main()
