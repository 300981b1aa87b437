"""The file that tells whether the client takes part."""

import os
from pathlib import Path

import pytest

from chat_client.protocol.events import DirectSaid, Event, Lost, Said
from chat_client.ui.pulse import BETWEEN_SECONDS, Pulse
from chat_protocol.server_messages import DmFrame, Joined
from tests.support.fake_server import said

OLD = 1_000_000_000
HEARD = Said(said(1, "hello"))


class Beating:
    """A pulse with a clock of the test's own, and the problems it told."""

    def __init__(self, path: Path) -> None:
        self.now = 0.0
        self.problems: list[str] = []
        self._path = path
        self._pulse = Pulse(str(path), self.problems.append, lambda: self.now)

    def touches(self, *events: Event) -> bool:
        """Tell whether these events touch the file, which is old before them."""
        if self._path.exists():
            os.utime(self._path, (OLD, OLD))
        self._pulse.beat(events)
        return self._path.exists() and self._path.stat().st_mtime != OLD


@pytest.fixture
def beating(tmp_path: Path) -> Beating:
    """Return a pulse whose file is not there yet."""
    return Beating(tmp_path / "pulse")


@pytest.mark.parametrize(
    "event",
    [
        HEARD,
        Said(said(1, "hello"), own=True),
        DirectSaid(DmFrame(sender="bob", to="dave", text="psst", id=1, ts=1.0)),
    ],
    ids=["heard", "acknowledged", "direct"],
)
def test_a_message_touches_the_file(beating: Beating, event: Event) -> None:
    """What was heard or acknowledged makes the file, and later renews it."""
    assert beating.touches(event)
    beating.now += BETWEEN_SECONDS
    assert beating.touches(event)
    assert beating.problems == []


@pytest.mark.parametrize(
    "event",
    [Said(said(1, "hello"), replayed=True), Lost("refused", 1.0, 1), Joined(room="lobby", name="eve")],
    ids=["replayed", "lost", "joined"],
)
def test_nothing_else_does(beating: Beating, event: Event) -> None:
    """The past and what comes of being connected alone prove no conversation."""
    assert not beating.touches(event)


def test_a_flood_touches_it_once_in_a_while(beating: Beating) -> None:
    """Messages within the same moment cost one touch."""
    assert beating.touches(HEARD, HEARD)
    assert not beating.touches(HEARD)
    beating.now += BETWEEN_SECONDS
    assert beating.touches(HEARD)


def test_a_file_that_is_there_keeps_its_content(tmp_path: Path) -> None:
    """A path given by mistake costs no file."""
    path = tmp_path / "precious"
    path.write_text("precious")
    assert Beating(path).touches(HEARD)
    assert path.read_text() == "precious"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """Nobody reads the pipe, and the conversation goes on."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert Beating(path).touches(HEARD)


def test_what_cannot_be_touched_is_told_once(tmp_path: Path) -> None:
    """The conversation goes on, and another problem after a success is told again."""
    folder = tmp_path / "folder"
    beating = Beating(folder / "pulse")
    told = f"cannot touch {folder}/pulse (--pulse): no such file or directory"
    for _ in range(2):
        assert not beating.touches(HEARD)
        beating.now += BETWEEN_SECONDS
    assert beating.problems == [told]
    folder.mkdir()
    assert beating.touches(HEARD)
    (folder / "pulse").unlink()
    folder.rmdir()
    beating.now += BETWEEN_SECONDS
    assert not beating.touches(HEARD)
    assert beating.problems == [told, told]
