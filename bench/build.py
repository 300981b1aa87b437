"""Compiles the load generator and the loopback limit, when their sources are newer."""

import shutil
import subprocess
from pathlib import Path

from bench.errors import BenchError

SOURCE = Path(__file__).parent
OUTPUT = SOURCE.parent / "build" / "bench"
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra"]


def newest(files: list[Path]) -> float:
    """When the last of the files was changed."""
    return max(file.stat().st_mtime for file in files)


def compile_program(name: str, sources: list[Path]) -> Path:
    """Compile `sources` to `build/bench/NAME`, unless it is up to date."""
    program = OUTPUT / name
    headers = list((SOURCE / "load").glob("*.h"))
    if program.exists() and program.stat().st_mtime > newest(sources + headers):
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError("no C compiler (cc): `sudo apt-get install gcc libc6-dev` installs one")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    command = [compiler, *FLAGS, "-o", str(program), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{name} does not compile:\n{done.stderr.strip()}")
    return program


def load() -> Path:
    """Compile the load generator."""
    return compile_program("load", sorted((SOURCE / "load").glob("*.c")))


def limit() -> Path:
    """Compile the server that stands for the loopback limit."""
    return compile_program("limit", [SOURCE / "limit.c"])
