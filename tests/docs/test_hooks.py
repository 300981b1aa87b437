"""docs/hooks.md: its commands do what it says, and it shows what is posted."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chat_server.net.relays.letter import Heard, letter
from tests.conformance.operated import Operated
from tests.docs.page import section, text

PAGE_NAME = "docs/hooks.md"
SECTIONS = ("Post with one request", "Once", "Look after them", "Told what is said")


def commands(heading: str) -> list[tuple[str, list[str]]]:
    """Return what is typed in a section, and what it shows."""
    found: list[tuple[str, list[str]]] = []
    shown = re.sub(r"```.*?```", "", section(PAGE_NAME, heading), flags=re.DOTALL)
    for line in shown.splitlines():
        if line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), []))
        elif line.startswith("    ") and found:
            found[-1][1].append(line.removeprefix("    "))
    return found


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operated]:
    """Run the server of the page, on free ports."""
    made = Operated(tmp_path, "--listen", "chat://127.0.0.1:0", "--listen", "http://localhost:0")
    yield made
    made.stop()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_command_does_what_the_page_says(operated: Operated, tmp_path: Path) -> None:
    """In its order, in one shell."""
    here = [urlsplit(each).netloc for each in operated.running.listening["endpoints"] if each[:5] == "http:"]
    port = here[0].rpartition(":")[2]
    typed = [each for heading in SECTIONS for each in commands(heading)]
    own = [each for each in typed if not each[0].startswith("export ") and each[0] != "chat-server"]
    assert len(own) > 10
    script = "".join(f"echo; echo '>'\n{command}\n" for command, _ in own).replace(":8080", f":{port}")
    (tmp_path / ".curlrc").write_text("silent\n")  # no progress, as in a terminal
    done = subprocess.run(  # noqa: S603  # what the page says
        ["sh", "-ec", script],  # noqa: S607  # the shell that is there
        cwd=tmp_path,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "CHAT_JOURNAL": operated.journal,
            "CHAT_LISTEN": f"chat://localhost:9090 http://localhost:{port}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    shown = [
        each.strip().splitlines() for each in done.stdout.replace(f":{port}", ":8080").split("\n>\n")[1:]
    ]
    assert [plain(lines) for lines in shown] == [plain(lines) for _, lines in own]


def plain(lines: list[str]) -> list[str]:
    """Return lines without what differs from day to day."""
    return [
        re.sub(r"\d{4}-\d\d-\d\d", "DATE", re.sub(r"hook-[\w-]{32}|hook-\.\.\.", "TOKEN", line)).rstrip()
        for line in lines
    ]


def test_the_check_of_a_signature_is_right() -> None:
    """It takes what the server signs, and nothing else."""
    (code,) = re.findall(r"```python\n(.*?)```", text(PAGE_NAME), re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102  # the page's own
    is_genuine = names["is_genuine"]
    assert callable(is_genuine)
    written = letter(3, "lobby", Heard("MSG", 42, 1.0, "dave", "!deploy web"))
    now = time.time()
    headers = written.headers("key", now)
    assert is_genuine("key", headers, written.body)
    assert not is_genuine("other", headers, written.body)
    assert not is_genuine("key", headers, written.body + b" ")
    assert not is_genuine("key", written.headers("key", now - 301), written.body)


def test_the_page_shows_what_is_posted() -> None:
    """Each field and each header."""
    shown = section(PAGE_NAME, "Told what is said")
    written = letter(3, "lobby", Heard("MSG", 42, 1790000000.123, "dave", "!deploy web", account=True))
    assert written.body.decode() in shown
    names = set(re.findall(r"^([\w-]+): ", shown, re.MULTILINE))
    assert names == set(written.headers("key", 1.0)) - {"User-Agent", "Connection"}
