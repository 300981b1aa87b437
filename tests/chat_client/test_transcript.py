"""The file that messages are saved in."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client import log_file
from chat_client import transcript as transcript_module
from chat_client.errors import TranscriptError
from chat_client.protocol.events import DirectSaid, Event, Gap, Lost, Registered, Said
from chat_client.transcript import HEADER, LINES_A_POSITION, Transcript
from chat_protocol.server_messages import DmFrame, MsgFrame
from tests.support.fake_server import said

TIME = 1782907200.123


def save(path: Path, *events: Event, epoch: str = "e1") -> list[str]:
    """Run a client that saves events to a file; return what was complained of."""
    problems: list[str] = []
    transcript = Transcript(str(path), problems.append)
    transcript.save([Registered("dave", epoch, ("lobby",)), *events])
    transcript.close()
    return problems


def messages(path: Path) -> list[str]:
    """Return the lines of the file that are no remarks."""
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_one_line_a_message(tmp_path: Path) -> None:
    """Each message is a line with time, room, id, who and what; nothing in it can break the line."""
    path = tmp_path / "chat.txt"
    action = MsgFrame(room="lobby", id=2, ts=TIME, sender="dave", text="waves", action=True)
    direct = DmFrame(sender="bob", to="dave", text="psst", id=7, ts=TIME)
    save(
        path,
        Said(said(1, "a\nb\x1b\u202e\\n", ts=TIME)),
        Said(action, own=True),
        DirectSaid(direct),
        DirectSaid(DmFrame(8, TIME, "bob", "dave", "waves", action=True)),
        Said(MsgFrame("lobby", 3, TIME, "bot", "done", notice=True)),
        DirectSaid(DmFrame(9, TIME, "bot", "dave", "done", notice=True)),
        Lost("x", 1.0, 1),
    )
    assert messages(path) == [
        "2026-07-01T12:00:00.123Z lobby #1 bob: a\\nb\\x1b\\u202e\\\\n",
        "2026-07-01T12:00:00.123Z lobby #2 * dave waves",
        "2026-07-01T12:00:00.123Z @ #7 bob -> dave: psst",
        "2026-07-01T12:00:00.123Z @ #8 * bob -> dave waves",
        "2026-07-01T12:00:00.123Z lobby #3 bot (notice): done",
        "2026-07-01T12:00:00.123Z @ #9 bot -> dave (notice): done",
    ]


def test_every_batch_reaches_the_file(tmp_path: Path) -> None:
    """What was saved can be read before the client ends."""
    path = tmp_path / "chat.txt"
    transcript = Transcript(str(path), pytest.fail)
    transcript.save([Registered("dave", "e1", ())])
    transcript.save([Said(said(1))])
    assert len(messages(path)) == 1
    transcript.close()


def test_a_second_run_writes_nothing_twice(tmp_path: Path) -> None:
    """What is replayed to a client started again on the same file is there already."""
    path = tmp_path / "chat.txt"
    save(path, Said(said(1)), Said(said(2)), Said(said(1, room="tea")))
    save(
        path,
        Said(said(1), replayed=True),
        Said(said(2), replayed=True),
        Said(said(3)),
        Said(said(2, room="tea")),
    )
    assert [line.split()[1:3] for line in messages(path)] == [
        ["lobby", "#1"],
        ["lobby", "#2"],
        ["tea", "#1"],
        ["lobby", "#3"],
        ["tea", "#2"],
    ]


def test_a_killed_run_is_gone_on_from(tmp_path: Path) -> None:
    """Without a last word of the run before, the messages themselves tell where it was."""
    path = tmp_path / "chat.txt"
    killed = Transcript(str(path), pytest.fail)
    killed.save([Registered("dave", "e1", ()), Said(said(1)), Said(said(2))])
    os.close(killed._file.descriptor)  # noqa: SLF001  # as a kill does
    save(path, Said(said(2)), Said(said(3)))
    assert [line.split()[2] for line in messages(path)] == ["#1", "#2", "#3"]


def test_half_a_line_is_no_message(tmp_path: Path) -> None:
    """A message that a killed run wrote only in part is written again, on a line of its own."""
    path = tmp_path / "chat.txt"
    save(path, Said(said(1)))
    with path.open("a") as file:
        file.write("1970-01-01T00:00:00.000Z lobby #2 bob: ha")
    save(path, Said(said(2, "half")))
    assert messages(path)[-1].endswith("lobby #2 bob: half")


def test_another_record_is_another_count(tmp_path: Path) -> None:
    """Ids of a new epoch say nothing about the old one, and the old one is remembered."""
    path = tmp_path / "chat.txt"
    save(path, Said(said(5)), epoch="e1")
    save(path, Said(said(1)), epoch="e2")
    save(path, Said(said(1)), Said(said(2)), epoch="e2")
    save(path, Said(said(5)), Said(said(6)), epoch="e1")
    assert [line.split()[2] for line in messages(path)] == ["#5", "#1", "#2", "#6"]


def test_a_room_entered_again_writes_nothing_twice(tmp_path: Path) -> None:
    """Who leaves a room and comes back gets its last messages again; what is new of them is saved."""
    path = tmp_path / "chat.txt"
    again = [Said(said(number), replayed=True) for number in (2, 3, 5)]
    save(path, *(Said(said(number)) for number in (1, 2, 3)), *again)
    assert [line.split()[2] for line in messages(path)] == ["#1", "#2", "#3", "#5"]
    assert "# gap: lobby #4 to #4 are not here\n" in path.read_text()


def test_what_comes_out_of_order_is_saved(tmp_path: Path) -> None:
    """An acknowledgement may come after messages with later ids; it is saved once, and was no gap."""
    path = tmp_path / "chat.txt"
    mine = Said(said(2, "mine", "dave"), own=True)
    save(path, Said(said(1)), Said(said(3)), mine, mine)
    assert [line.split()[2] for line in messages(path)] == ["#1", "#3", "#2"]
    assert "# gap" not in path.read_text()


def test_what_may_still_come_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids that never come do not fill the memory; the latest of them are remembered."""
    monkeypatch.setattr(transcript_module, "SKIPPED_REMEMBERED", 10)
    path = tmp_path / "chat.txt"
    save(path, Said(said(1)), Said(said(100)), Said(said(89)), Said(said(90)), Said(said(99)))
    assert [line.split()[2] for line in messages(path)] == ["#1", "#100", "#90", "#99"]


def test_what_was_missed_is_noted(tmp_path: Path) -> None:
    """A gap stands in the file, whether it was told or lies between two runs."""
    path = tmp_path / "chat.txt"
    save(path, Said(said(1)), Gap("lobby", 2, 4), Said(said(5)))
    save(path, Said(said(9)), Said(said(10)))
    gaps = [line for line in path.read_text().splitlines() if line.startswith("# gap")]
    assert gaps == ["# gap: lobby #2 to #4 are not here", "# gap: lobby #6 to #8 are not here"]


def test_a_start_reads_only_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the file, what is read of it at the start stays the same."""
    path = tmp_path / "chat.txt"
    for start in range(1, 5 * LINES_A_POSITION, LINES_A_POSITION):
        save(path, *(Said(said(number)) for number in range(start, start + LINES_A_POSITION)))
    read: list[int] = []
    original = os.pread

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        read.append(count)
        return original(descriptor, count, offset)

    monkeypatch.setattr("chat_client.transcript.os.pread", pread)
    save(path, Said(said(5 * LINES_A_POSITION)), Said(said(5 * LINES_A_POSITION + 1)))
    assert sum(read) < 70_000 < path.stat().st_size
    assert messages(path)[-1].split()[2] == f"#{5 * LINES_A_POSITION + 1}"


def test_a_long_run_leaves_marks(tmp_path: Path) -> None:
    """A run that goes on for long tells in between where it is, so that a kill costs little."""
    path = tmp_path / "chat.txt"
    transcript = Transcript(str(path), pytest.fail)
    transcript.save([Registered("dave", "e1", ())])
    for number in range(1, 2 * LINES_A_POSITION + 2):
        transcript.save([Said(said(number))])
    marks = path.read_text().count("# positions")
    transcript.close()
    assert marks == 3


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A wrong path is told before anything else happens."""
    for path in (tmp_path, tmp_path / "none" / "chat.txt"):
        with pytest.raises(TranscriptError, match=r"cannot save to .*: .*; choose another"):
            Transcript(str(path), pytest.fail)


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Nobody's thesis gets a chat at its end."""
    path = tmp_path / "thesis.txt"
    path.write_text("Chapter 1\n")
    with pytest.raises(TranscriptError, match="no transcript"):
        Transcript(str(path), pytest.fail)
    assert path.read_text() == "Chapter 1\n"


def test_two_clients_do_not_share_a_file(tmp_path: Path) -> None:
    """Each would write what the other has written."""
    path = tmp_path / "chat.txt"
    first = Transcript(str(path), pytest.fail)
    with pytest.raises(TranscriptError, match="another client"):
        Transcript(str(path), pytest.fail)
    first.close()
    Transcript(str(path), pytest.fail).close()


def test_a_full_disk_is_told_once() -> None:
    """The chat goes on; what cannot be written is no error of each message."""
    assert len(save(Path("/dev/full"), Said(said(1)), Said(said(2)), Said(said(3)))) == 1


def test_a_disk_that_is_full_at_the_start_is_like_one_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chat begins, and saving does when there is room."""
    path = tmp_path / "chat.txt"
    problems: list[str] = []

    def write(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("chat_client.log_file.os.write", write)
        transcript = Transcript(str(path), problems.append)
    transcript.save([Registered("dave", "e1", ()), Said(said(1))])
    assert transcript.close() == 0
    assert path.read_text().startswith(HEADER + "# positions")
    assert [problem.partition(" ")[0] for problem in problems] == ["cannot", "saving"]


def test_what_waited_is_written_when_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a full disk nothing is missing, and no line is torn, even where half of one was written."""
    path = tmp_path / "chat.txt"
    problems: list[str] = []
    transcript = Transcript(str(path), problems.append)
    transcript.save([Registered("dave", "e1", ())])
    original = os.write
    left = [30]

    def write(descriptor: int, data: bytes) -> int:
        size = min(left[0], len(data))
        if not size:
            raise OSError(28, "No space left on device")
        left[0] -= size
        return original(descriptor, data[:size])

    with monkeypatch.context() as patch:
        patch.setattr("chat_client.log_file.os.write", write)
        for number in (1, 2):
            transcript.save([Said(said(number))])
    assert len(problems) == 1
    assert "no space left" in problems[0]
    transcript.save([Said(said(3))])
    transcript.close()
    assert [line.split()[2] for line in messages(path)] == ["#1", "#2", "#3"]
    assert len(problems) == 2
    assert "works again" in problems[1]


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that stays full does not fill the memory, and the file tells what is missing."""
    path = tmp_path / "chat.txt"
    problems: list[str] = []
    transcript = Transcript(str(path), problems.append)
    monkeypatch.setattr(log_file, "WAITING_BYTES", 1000)

    def write(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("chat_client.log_file.os.write", write)
        for number in range(100):
            transcript.save([Said(said(number, "x" * 90))])
    transcript.save([Gap("lobby", 1, 1)])
    transcript.close()
    assert "lines are missing" in problems[-1]
    kept = len(messages(path))
    assert f"# {100 - kept} lines could not be saved here" in path.read_text()
    assert 0 < kept < 10


def test_after_the_end_nothing_is_written(tmp_path: Path) -> None:
    """An event that comes late goes nowhere, least of all into another file."""
    path = tmp_path / "chat.txt"
    transcript = Transcript(str(path), pytest.fail)
    transcript.close()
    transcript.save([Said(said(1))])
    assert path.read_text() == HEADER


@given(st.text(), st.text(min_size=1), st.text(min_size=1), st.floats(allow_nan=False, allow_infinity=False))
def test_any_message_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str, sender: str, room: str, ts: float
) -> None:
    """Whatever a server sends, the file stays a file of lines, and is found to be one by the next run."""
    path = tmp_path_factory.mktemp("any") / "chat.txt"
    frame = MsgFrame(room=room, id=1, ts=ts, sender=sender, text=text)
    save(path, Said(frame))
    save(path)
    assert len(messages(path)) == 1
    assert len(messages(path)[0].split(" #1 ")[0].split(" ")) == 2


def test_a_file_that_is_moved_away_is_told_and_begun_anew(tmp_path: Path) -> None:
    """As log rotation does. A later run finds in the new file where it was, and writes nothing twice."""
    path = tmp_path / "chat.txt"
    problems: list[str] = []
    transcript = Transcript(str(path), problems.append)
    transcript.save([Registered("dave", "e1", ()), Said(said(1)), Said(said(2))])
    path.rename(tmp_path / "chat.txt.1")
    transcript.save([Said(said(3))])
    path.rename(tmp_path / "chat.txt.2")
    assert transcript.close() == 0
    save(path, Said(said(2)), Said(said(3)), Said(said(4)))
    assert [line.split()[2] for line in messages(path)] == ["#4"]
    assert [line.split()[2] for line in messages(tmp_path / "chat.txt.2")] == ["#3"]
    assert problems == [f"{path} was moved away or removed; saving goes on in a file of that name"] * 2


def test_what_is_never_saved_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the client does not end as if all was well: lines that still wait, and those thrown away."""
    assert Transcript(str(tmp_path / "well.txt"), pytest.fail).close() == 0
    full = Transcript("/dev/full", lambda _problem: None)
    full.save([Registered("dave", "e1", ()), Said(said(1)), Said(said(2))])
    assert full.close() == 2
    monkeypatch.setattr(log_file, "WAITING_BYTES", 1000)
    path = tmp_path / "chat.txt"
    transcript = Transcript(str(path), lambda _problem: None)
    path.unlink()
    path.mkdir()
    transcript.save([Said(said(1, "x" * 500))])
    transcript.save([Said(said(2, "x" * 500))])
    path.rmdir()
    transcript.save([Said(said(3))])
    assert [line.split()[2] for line in messages(path)] == ["#1", "#3"]
    assert transcript.close() == 1


def test_a_long_file_without_marks_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever somebody did to the file, its start is not read again and again, nor all of it."""
    monkeypatch.setattr(transcript_module, "TAIL_BYTES", 1_000_000)
    path = tmp_path / "chat.txt"
    path.write_text(HEADER + "1970-01-01T00:00:00.000Z lobby #2 bob: ha\n" * 100_000)
    read: list[int] = []
    original = os.pread

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        read.append(count)
        return original(descriptor, count, offset)

    monkeypatch.setattr("chat_client.transcript.os.pread", pread)
    Transcript(str(path), pytest.fail).close()
    assert 1_000_000 <= sum(read) < 1_001_000
