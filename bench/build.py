"""Compiles the load generator and the loopback limit, when their sources are newer."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError

SOURCE = Path(__file__).parent
OUTPUT = SOURCE.parent / "build" / "bench"
#: Where OpenSSL's headers are on Debian and most others; without them the generator speaks no TLS.
OPENSSL = Path("/usr/include/openssl/ssl.h")
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra"]


def newest(files: list[Path]) -> float:
    """When the last of the files was changed."""
    return max(file.stat().st_mtime for file in files)


def compile_program(name: str, sources: list[Path], libraries: Sequence[str] = ()) -> Path:
    """Compile `sources` to `build/bench/NAME`, unless it is up to date."""
    program = OUTPUT / name
    headers = list((SOURCE / "load").glob("*.h"))
    if program.exists() and program.stat().st_mtime > newest(sources + headers):
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError("no C compiler (cc): `sudo apt-get install gcc libc6-dev` installs one")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    command = [compiler, *FLAGS, "-o", str(program), *map(str, sources), *libraries]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{name} does not compile:\n{done.stderr.strip()}")
    return program


def missing_openssl() -> str:
    """Return why the generator speaks no TLS; empty when it does."""
    return "" if OPENSSL.exists() else "the generator has no TLS; `sudo apt-get install libssl-dev` gives it"


def load() -> Path:
    """Compile the load generator."""
    tls = ("-DWITH_TLS", "-lssl", "-lcrypto") if OPENSSL.exists() else ()
    return compile_program("load-tls" if tls else "load", sorted((SOURCE / "load").glob("*.c")), tls)


def limit() -> Path:
    """Compile the server that stands for the loopback limit."""
    return compile_program("limit", [SOURCE / "limit.c"])
