"""Export, backup and what is shown of them, beside a server and without."""

import errno
import io
import os
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chat_server import cli
from chat_server.errors import JournalError
from chat_server.journal.sqlite import maintenance
from chat_server.journal.sqlite.check import check
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.journal.sqlite.maintenance import Meter, backup, export
from chat_server.journal.sqlite.reader import Reader
from tests.chat_server.journal.sqlite.test_check import tampered
from tests.chat_server.journal.support import Now, filled, ids
from tests.support.world import frames, record


def quiet(_done: int, _total: int) -> None:
    """Show no progress."""


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Return a journal with two rooms and direct messages, which a server has open."""
    with closing(filled(tmp_path / "chat.db")) as journal:
        journal.commit([record("den", 1, 3), record("@someone", 1, 1)])
        yield tmp_path / "chat.db"


@contextmanager
def publishing(journal: SqliteJournal) -> Iterator[Callable[[], int]]:
    """Store message after message meanwhile; within, a call waits for the next one and returns its id."""
    over, stored = threading.Event(), threading.Semaphore(0)
    last = [journal.bounds("lobby").last]

    def publish() -> None:
        while not over.is_set():
            journal.commit([record("lobby", last[0] + 1, last[0] + 1, 5000.0)])
            last[0] += 1
            stored.release()

    def following() -> int:
        while stored.acquire(blocking=False):
            pass
        assert stored.acquire(timeout=5)
        return last[0]

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield following
    finally:
        over.set()
        thread.join()


def test_an_export_has_every_message_of_the_rooms_in_order(path: Path) -> None:
    """As members were sent them, a room after the other; what two said to each other is not in it."""
    out = io.BytesIO()
    assert export(path, None, out, quiet) == 13
    assert out.getvalue().startswith(frames("den", 1, 3))
    assert ids(out.getvalue()) == [1, 2, 3, *range(1, 11)]


def test_an_export_of_one_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page, with its progress; a room without messages is no error, one that is not there is."""
    monkeypatch.setattr(maintenance, "MESSAGES_AT_ONCE", 4)
    out, shown = io.BytesIO(), list[tuple[int, int]]()
    assert export(path, "lobby", out, lambda *each: shown.append(each)) == 10
    assert ids(out.getvalue()) == list(range(1, 11))
    assert shown == [(4, 10), (8, 10), (10, 10)]
    with pytest.raises(JournalError, match="has no room attic; there are: den, lobby"):
        export(path, "attic", out, quiet)


def test_a_backup_is_a_sound_journal(path: Path, tmp_path: Path) -> None:
    """One file, for its owner alone, with all that was there and an epoch of its own."""
    target = tmp_path / "backup.db"
    report = backup(path, target, quiet)
    assert (report.rooms, report.messages, report.problems) == (3, 14, [])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert not [
        each.name for each in tmp_path.iterdir() if each.name.startswith("backup.db") and each != target
    ]
    with closing(Reader(path)) as original, closing(SqliteJournal(target)) as copy:
        assert copy.read("lobby", 0, 10, 100) == original.read("lobby", 0, 10, 100)
        assert copy.former[0].secret == original.meta["secret"]
        assert copy.epoch != original.meta["epoch"]


def test_a_backup_is_of_one_moment_while_a_server_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its publishers wait for nothing, and what they store during the copy is not in it."""
    monkeypatch.setattr(maintenance, "PAGES_AT_ONCE", 5)
    target = tmp_path / "backup.db"
    with closing(filled(tmp_path / "chat.db", 2000)) as journal, publishing(journal) as following:
        begun: list[int] = []

        def while_it_copies(done: int, total: int) -> None:
            begun.append(following()) if done < total else None

        report = backup(journal.path, target, while_it_copies)
        assert report.problems == []
        assert len(begun) > 5
        assert 2000 <= report.messages <= begun[0] < begun[-1]
    with closing(Reader(target)) as copy:
        assert copy.bounds("lobby")[:2] == (1, report.messages)


@pytest.mark.parametrize("content", [b"", b"my only photo"])
def test_a_backup_overwrites_nothing(path: Path, tmp_path: Path, content: bytes) -> None:
    """Whatever has that name stays as it is."""
    target = tmp_path / "there"
    target.write_bytes(content)
    with pytest.raises(JournalError, match="there already"):
        backup(path, target, quiet)
    assert target.read_bytes() == content


def test_a_file_that_came_meanwhile_is_not_overwritten_either(path: Path, tmp_path: Path) -> None:
    """The name is taken in one step."""
    target = tmp_path / "there"

    def taking_the_name(_done: int, _total: int) -> None:
        target.write_bytes(b"mine")

    with pytest.raises(JournalError, match="File exists"):
        backup(path, target, taking_the_name)
    assert target.read_bytes() == b"mine"
    assert not target.with_name("there.partial").exists()


def test_a_backup_for_which_there_is_no_room_leaves_nothing(path: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(JournalError, match=r"backup\.db\..*\.partial"):
            backup(path, tmp_path / "backup.db", quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("backup.db*"))


def test_a_backup_where_nothing_can_be_made_says_so(path: Path, tmp_path: Path) -> None:
    """The folder is not there."""
    with pytest.raises(JournalError, match="No such file or directory; give another place"):
        backup(path, tmp_path / "nowhere" / "backup.db", quiet)


def test_a_journal_with_problems_makes_no_backup(tmp_path: Path) -> None:
    """It is found in the copy, which is thrown away: nobody should rely on it."""
    path = tmp_path / "chat.db"
    filled(path).close()
    tampered(path, "DELETE FROM batches WHERE first = 5")
    report = backup(path, tmp_path / "backup.db", quiet)
    assert report.problems == ["room lobby: ids 5 to 6 are missing"]
    assert not list(tmp_path.glob("backup.db*"))


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_is_shown_on_a_terminal_now_and_then() -> None:
    """In one line, which is gone in the end."""
    terminal, clock = Terminal(), Now(1.0)
    meter = Meter(terminal, "backup", clock)
    for done in range(0, 5001, 1000):
        meter(done, 5000)
        clock.now += 0.1
    shown = terminal.getvalue().split("\r")[1:]
    assert [each.removesuffix("\033[K") for each in shown] == [
        "backup: 0 of 5,000 (0 %)",
        "backup: 2,000 of 5,000 (40 %)",
        "backup: 4,000 of 5,000 (80 %)",
    ]
    meter.end()
    assert terminal.getvalue().endswith("\r\033[K")


def test_progress_is_not_shown_elsewhere() -> None:
    """A log is no place for it."""
    stream = io.StringIO()
    meter = Meter(stream, "backup")
    meter(1, 2)
    meter.end()
    assert stream.getvalue() == ""


def test_the_commands(path: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """What was asked for goes to stdout, what is said about it to stderr; 0 is well."""
    journal = ["--journal", f"sqlite:{path}"]
    assert cli.main(["export", *journal, "--room", "den"]) == 0
    shown = capsysbinary.readouterr()
    assert (shown.out, shown.err) == (frames("den", 1, 3), b"3 messages exported\n")
    assert cli.main(["check", *journal]) == 0
    assert capsysbinary.readouterr().out.endswith(
        b"chat.db: 14 messages in 3 rooms, all sound and in order\n"
    )
    assert cli.main(["backup", *journal, str(tmp_path / "copy")]) == 0
    assert capsysbinary.readouterr().out.endswith(b"copy: 14 messages in 3 rooms, all sound and in order\n")
    assert check(tmp_path / "copy", quiet).problems == []


def test_a_check_that_finds_something_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each problem."""
    path = tmp_path / "chat.db"
    filled(path).close()
    tampered(path, "DELETE FROM batches WHERE first = 5")
    assert cli.main(["check", "--journal", f"sqlite:{path}"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "room lobby: ids 5 to 6 are missing",
        f"{path}: 8 messages in 1 rooms, 1 problems",
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["export"], 2, "give --journal sqlite:PATH"),
        (["backup", "--journal", "sqlite:PATH"], 2, "needs a TARGET"),
        (["check", "--journal", "sqlite:nowhere.db"], 1, "is it there"),
        (["export", "--journal", "sqlite:PATH", "--room", "attic"], 1, "has no room attic"),
    ],
)
def test_what_cannot_be_done_is_explained(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, complaint: str
) -> None:
    """On stderr, with what to do about it."""
    assert cli.main([each.replace("PATH", str(path)) for each in arguments]) == status
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["check", "target"], ["serve", "--room", "den"]])
def test_what_belongs_to_another_command_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be ignored else, to somebody's surprise."""
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert "only" in capsys.readouterr().err


def test_a_reader_that_leaves_ends_an_export(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `head` does: no traceback, but no success either."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        assert cli.main(["export", "--journal", f"sqlite:{path}"]) == 1


@pytest.mark.parametrize("command", ["check", "backup"])
def test_a_report_that_nobody_can_be_told(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    """A full disk behind stdout: a sentence on stderr, and the status of what was done."""
    target = [str(tmp_path / "copy")] if command == "backup" else []
    with open("/dev/full", "w") as full:  # noqa: PTH123  # no path of the tests' own
        monkeypatch.setattr("sys.stdout", full)
        assert cli.main([command, "--journal", f"sqlite:{path}", *target]) == 0
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "14 messages in 3 rooms, all sound and in order" in said
    assert (tmp_path / "copy").exists() is (command == "backup")


def test_backups_at_once_do_not_share_a_file(path: Path, tmp_path: Path) -> None:
    """One has the name, the other is told that it is taken; what happened to be called so stays."""
    target, stranger = tmp_path / "backup.db", tmp_path / "backup.db.partial"
    stranger.write_text("somebody's own")
    second: list[str] = []

    def begin_another(_done: int, _total: int) -> None:
        if not second:
            second.append("begun")
            second.append(str(backup(path, target, quiet).problems))

    with pytest.raises(JournalError, match="File exists"):
        backup(path, target, begin_another)
    assert second == ["begun", "[]"]
    assert check(target, quiet).problems == []
    assert stranger.read_text() == "somebody's own"
    assert sorted(each.name for each in tmp_path.glob("backup*")) == [target.name, stranger.name]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
@pytest.mark.parametrize("taken", [False, True])
def test_a_backup_needs_no_hard_links(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    taken: bool,  # noqa: FBT001  # a case
) -> None:
    """FAT and many network disks have none; what came meanwhile is not overwritten there either."""
    target = tmp_path / "usb.db"

    def no_link(*_arguments: object) -> None:
        if taken:
            target.write_text("somebody's own")
        raise OSError(number, "no hard links here")

    monkeypatch.setattr(os, "link", no_link)
    if taken:
        with pytest.raises(JournalError, match="File exists"):
            backup(path, target, quiet)
        assert target.read_text() == "somebody's own"
    else:
        assert backup(path, target, quiet).problems == []
        assert check(target, quiet).problems == []
    assert list(tmp_path.glob("usb*")) == [target]
