"""A server that speaks both, somebody who speaks JSON, and the programs, which must be installed."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conformance.running import Running
from tests.irc_programs.programs import Program, irssi, weechat
from tests.support.peer import Peer, fresh

STARTED_BY = {"irssi": irssi, "weechat": weechat}
#: Whether a program that is missing fails a test, instead of skipping it.
REQUIRED = os.environ.get("REQUIRE_PROGRAMS") == "1"
BOTH = "--listen=chat://127.0.0.1:0", "--listen=irc://127.0.0.1:0"
Start = Callable[..., Program]
#: How long, in seconds, a program may take where other tests keep the machine busy.
SLOW_SECONDS = 40.0


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """Run a server that speaks IRC beside its own protocol."""
    with Running(*BOTH) as running:
        yield running


def irc_port(server: Running) -> int:
    """Return where it speaks IRC."""
    (port,) = [each.rpartition(":")[2] for each in server.listening["endpoints"] if each.startswith("irc:")]
    return int(port)


@pytest.fixture
def ann(server: Running) -> Iterator[Peer]:
    """Return somebody who speaks JSON and is in the lobby."""
    with Peer(server.address, SLOW_SECONDS) as peer:
        peer.register(fresh("ann"))
        yield peer


@pytest.fixture(params=[*STARTED_BY])
def start(request: pytest.FixtureRequest, server: Running, tmp_path: Path) -> Iterator[Start]:
    """Return what starts a program under a name, each in turn; they are ended in the end."""
    program = request.param
    if shutil.which(program) is None:
        missing = f"no {program} here; on Debian: apt-get install irssi weechat-curses weechat-plugins"
        pytest.fail(missing) if REQUIRED else pytest.skip(missing)
    with ExitStack() as ended:

        def started(name: str, port: int = irc_port(server)) -> Program:
            folder = tmp_path / name
            folder.mkdir()
            return ended.enter_context(STARTED_BY[program](folder, port, name))

        yield started
