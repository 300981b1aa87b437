"""Brings libraries for Node, below build/bench: nothing is installed for the machine."""

import json
import shutil
import subprocess

from bench.build import OUTPUT
from bench.machine import first_line

FOLDER = OUTPUT / "node"
MODULES = FOLDER / "node_modules"
#: Debian's packages, by the programs that are needed.
PACKAGES = {"node": "nodejs", "npm": "npm"}
#: Only what was asked for, from where npm is set up to take it, and no script of it is run.
NPM = (
    *("npm", "install", "--silent", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"),
    *("--ignore-scripts", "--prefix", str(FOLDER)),
)


def missing_packages() -> list[str]:
    """Name the Debian packages that would bring the programs that are missing."""
    return [package for program, package in PACKAGES.items() if not shutil.which(program)]


def version(library: str) -> str:
    """Return a library's version; empty when it is not here."""
    try:
        about = json.loads((MODULES / library / "package.json").read_text())
    except OSError:
        return ""
    return str(about["version"])


def missing(library: str) -> str:
    """Why a library cannot be used; empty when it can."""
    if not shutil.which("node"):
        return f"not installed; `sudo apt-get install {' '.join(PACKAGES.values())}` does it"
    return "" if version(library) else f"not installed; `npm install --prefix {FOLDER} {library}` does it"


def node_version() -> str:
    """Ask Node itself."""
    return first_line("node", "--version")


def install(library: str, wanted: str) -> bool:
    """Bring the newest of a library's versions that are `wanted`, unless one is here; say whether one is."""
    if version(library):
        return True
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run([*NPM, f"{library}@{wanted}"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0 and bool(version(library))
