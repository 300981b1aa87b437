"""Compiling: only when needed, and with words when it cannot be done."""

import os
import shutil
from pathlib import Path

import pytest

from bench import build
from bench.errors import BenchError

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc)")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a program of one line, to be compiled into a directory of its own."""
    monkeypatch.setattr(build, "OUTPUT", tmp_path / "out")
    path = tmp_path / "tiny.c"
    path.write_text("int main(void) { return 0; }\n")
    return path


@needs_compiler
def test_a_program_is_compiled_once(source: Path) -> None:
    """And again when its source is newer."""
    program = build.compile_program("tiny", [source])
    os.utime(program, ns=(1, 2**62))  # far in the future: newer than all sources
    assert build.compile_program("tiny", [source]) == program
    assert program.stat().st_mtime_ns == 2**62
    os.utime(program, ns=(1, 1))
    build.compile_program("tiny", [source])
    assert program.stat().st_mtime_ns > 1


@needs_compiler
def test_a_mistake_in_the_source_is_shown_in_the_compilers_words(source: Path) -> None:
    """Rather than as an exit status."""
    source.write_text("int main(void) { return nothing; }\n")
    with pytest.raises(BenchError, match="nothing"):
        build.compile_program("tiny", [source])


def test_without_a_compiler_it_says_what_installs_one(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BenchError, match="apt-get install gcc"):
        build.compile_program("tiny", [source])


@needs_compiler
def test_the_generator_is_compiled_without_openssl_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it says what installs it, and so do the servers that need it."""
    monkeypatch.setattr(build, "OUTPUT", tmp_path)
    monkeypatch.setattr(build, "OPENSSL", tmp_path / "ssl.h")
    assert build.load().name == "load"
    assert "apt-get install libssl-dev" in build.missing_openssl()
