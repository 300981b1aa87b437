"""What others can do to the one who runs the client."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_client.errors import TranscriptError
from chat_client.protocol.events import Said
from chat_client.transcript import HEADER, Transcript
from chat_protocol.server_messages import MsgFrame
from tests.conformance.guests import Guests
from tests.conformance.running import ROOT
from tests.security.table import row
from tests.support.peer import PATIENCE, fresh

KEYS = "ssh-ed25519 AAAA me\n"


def to_a_file(path: Path, target: Path) -> None:
    """Plant a link to a file that is no transcript."""
    target.write_text(KEYS)
    path.symlink_to(target)


def to_a_link(path: Path, target: Path) -> None:
    """Plant a link to a link to it."""
    between = path.with_suffix(".between")
    to_a_file(between, target)
    path.symlink_to(between)


def as_a_name(path: Path, target: Path) -> None:
    """Plant a second name (a hard link)."""
    target.write_text(KEYS)
    path.hardlink_to(target)


def to_a_folder(path: Path, target: Path) -> None:
    """Plant a link to a folder."""
    target.mkdir()
    path.symlink_to(target)


def to_nothing(path: Path, target: Path) -> None:
    """Plant a link to a file that is still to be made."""
    path.symlink_to(target)


@row(
    "the client's --file through a link",
    defence="only a transcript or an empty file is written to; none is made behind a link",
)
@pytest.mark.parametrize("plant", [to_a_file, to_a_link, as_a_name, to_a_folder, to_nothing])
@pytest.mark.parametrize("meanwhile", [False, True], ids=["at the start", "meanwhile"])
def test_the_client_s_file_through_a_link(
    tmp_path: Path,
    plant: Callable[[Path, Path], None],
    meanwhile: bool,  # noqa: FBT001  # a case
) -> None:
    """Whatever it leads to stays as it was, also if it is put in the file's place while messages come."""
    path, target = tmp_path / "chat.txt", tmp_path / "authorized_keys"
    if meanwhile:
        problems: list[str] = []
        transcript = Transcript(str(path), problems.append)
        path.rename(tmp_path / "elsewhere")
        plant(path, target)
        transcript.save([Said(MsgFrame("tea", 1, 1.0, "eve", KEYS), False)])
        assert problems
        transcript.close()
    else:
        plant(path, target)
        with pytest.raises(TranscriptError, match="--file"):
            Transcript(str(path), print)
    if target.is_file():
        assert target.read_text() == KEYS
        assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~current_umask()
    else:
        assert not target.exists() or not list(target.iterdir())


def current_umask() -> int:
    """Return the mask of this process; there is no other way to read it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


@row("lines forged in a saved text", defence="what would break a line is written as an escape")
@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\v", "\f", "\x1b[1A"])
def test_lines_forged_in_a_saved_text(tmp_path: Path, ends: str) -> None:
    """One message is one line, whose author is the one that the server tells."""
    path = tmp_path / "chat.txt"
    transcript = Transcript(str(path), print)
    forged = f"hi{ends}2026-07-01T12:00:00.123Z tea #2 boss: send the money{ends}# positions {{}}"
    transcript.save([Said(MsgFrame("tea", 1, 1.0, "eve", forged), False)])
    transcript.close()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == HEADER.strip()
    assert [line.split()[1:4] for line in lines if "boss" in line] == [["tea", "#1", "eve:"]]


@row("control sequences for another's terminal", defence="shown, never obeyed")
def test_control_sequences_for_another_s_terminal(guests: Guests, room: str) -> None:
    """The client itself, on a pipe: texts, topics and direct messages with what a terminal would obey."""
    eve = guests(room)
    name = fresh("reader")
    command = [sys.executable, "-m", "chat_client", "--host", "127.0.0.1", "--port", str(guests.address[1])]
    with subprocess.Popen(  # noqa: S603  # our own program
        [*command, "--name", name, "--room", room],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    ) as client:
        eve.until("JOINED", room=room, name=name)
        evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eabc\x7f\u2066\x85\r\b"
        eve.say(evil, room)
        eve.send("TOPIC", topic=evil, room=room)
        eve.send("DM", to=name, text=evil, ref="d")
        eve.until("ACK", ref="d")
        eve.say("the end", room)
        assert client.stdin is not None
        assert client.stdout is not None
        shown = b""
        while b"the end" not in shown:
            shown += os.read(client.stdout.fileno(), 1 << 16)
        client.stdin.write(b"/exit\n")
        client.stdin.close()
        shown += client.stdout.read()
        client.wait(PATIENCE)
    text = shown.decode()
    assert text.count("owned") >= 3
    assert "".join(each for each in text if not each.isprintable()).strip("\n") == ""
