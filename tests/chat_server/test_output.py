"""What a command prints is told, or it is an error."""

import os
from pathlib import Path

import pytest

from chat_server.output import standard_output


def test_what_is_written_is_flushed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is there before the command ends."""
    path = tmp_path / "out"
    with path.open("w") as out:
        monkeypatch.setattr("sys.stdout", out)
        with standard_output() as stream:
            stream.write("told\n")
        assert path.read_text() == "told\n"


def test_a_full_disk_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if only the flush fails. Afterwards it leads nowhere, and closing it is quiet."""
    with open("/dev/full", "w") as full:  # noqa: PTH123  # no path of the tests' own
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(OSError, match="No space left"), standard_output() as stream:
            stream.write("untold\n")
        assert Path(f"/proc/self/fd/{full.fileno()}").readlink() == Path(os.devnull)


def test_a_closed_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`>&-` in a shell."""
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OSError, match="standard output is closed"), standard_output():
        pytest.fail("there is nothing to write to")
