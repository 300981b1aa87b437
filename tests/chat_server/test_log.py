"""The log: one JSON object a line, and nothing in it that a terminal obeys."""

import fcntl
import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from chat_server import log as module
from chat_server.log import EVENTS, configure, flush, lines_lost, scrub

PATIENCE = 10.0


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave no setting of the log behind, and nothing to be summed up."""
    monkeypatch.setattr(module, "repeats", module._Repeats())  # noqa: SLF001  # one of the test's own
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def written(act: Callable[[Any], object], level: str = "info", form: str = "json") -> list[dict[str, Any]]:
    """Return the lines that an act logs."""
    stream = io.StringIO()
    configure(level, form, stream)
    act(structlog.get_logger())
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line() -> None:
    """Event, level, time in UTC, thread, and what was bound to it."""
    structlog.contextvars.bind_contextvars(conn=7)
    (line,) = written(lambda log: log.info("connected", peer="127.0.0.1"))
    assert (line["event"], line["level"], line["conn"]) == ("connected", "info", 7)
    assert (line["thread"], line["peer"]) == ("MainThread", "127.0.0.1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["timestamp"])


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_levels(level: str, shown: int) -> None:
    """What is below the level is not written."""

    def act(log: Any) -> None:  # noqa: ANN401  # structlog's own
        for each in ("debug", "info", "warning", "error"):
            getattr(log, each)("connected")

    assert len(written(act, level)) == shown


def test_an_exception_is_one_line() -> None:
    """With its traceback inside."""

    def act(log: Any) -> None:  # noqa: ANN401  # structlog's own
        try:
            int("told to")
        except ValueError:
            log.exception("job_failed")

    (line,) = written(act)
    assert "ValueError: invalid literal" in line["exception"]


@pytest.mark.parametrize(
    ("form", "stream", "is_json"),
    [
        ("auto", io.StringIO, True),
        ("auto", Terminal, False),
        ("json", Terminal, True),
        ("console", io.StringIO, False),
    ],
)
def test_forms(form: str, stream: type[io.StringIO], *, is_json: bool) -> None:
    """JSON where no person looks, unless one form is asked for; colours on a terminal alone."""
    out = stream()
    configure("info", form, out)
    structlog.get_logger().info("connected")
    assert out.getvalue().startswith("{") is is_json
    assert ("\x1b[" in out.getvalue()) is (not is_json and isinstance(out, Terminal))


NASTY = [
    "\x1b[2J",
    "\r\n",
    "\x00",
    "\x7f",
    "\x9b",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\ud800",
]


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_reaches_a_terminal(nasty: str, form: str) -> None:
    """Whatever a client calls itself; on every form of the log, in the value that was logged."""
    out = io.StringIO()
    configure("info", form, out)
    structlog.get_logger().info("registered", user=f"a{nasty}b")
    assert nasty not in out.getvalue()
    assert out.getvalue().count("\n") == 1
    assert "\\" in out.getvalue(), "it is shown instead"


@given(st.text(st.characters()))
def test_scrub_leaves_what_can_be_printed(text: str) -> None:
    """And shows all else by its number."""
    scrubbed = scrub(None, "", {"event": "registered", "user": text})["user"]
    assert scrubbed.isprintable() or not text.replace("\u3000", "").isprintable()
    if text.isprintable():
        assert scrubbed == text
    assert not re.search("[\\x00-\\x1f\\x7f-\\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", scrubbed)


@pytest.fixture
def unread() -> Iterator[TextIO]:
    """Return a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        yield stream


def test_a_reader_that_is_gone_ends_nothing(unread: TextIO) -> None:
    """Each line is dropped and counted, whoever logs goes on; also where an error is what is logged."""
    configure("info", "json", unread)
    log = structlog.get_logger()
    log.info("connected")
    log.debug("read_failed")  # below the level: not lost
    try:
        int("told to")
    except ValueError:
        log.exception("job_failed")
    assert flush(PATIENCE)
    assert lines_lost() == 2


def test_a_full_disk_ends_nothing() -> None:
    """/dev/full is one (full(4)); a log that can be written again begins at zero."""
    with open("/dev/full", "w") as full:  # noqa: PTH123  # no path of the tests' own
        configure("info", "json", full)
        structlog.get_logger().info("connected")
        assert flush(PATIENCE)
        assert lines_lost() == 1
    assert len(written(lambda log: log.info("connected"))) == 1
    assert lines_lost() == 0


def test_lost_lines_of_many_threads_are_all_counted(unread: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost a second time."""
    monkeypatch.setattr(module, "LINES_A_SECOND", 10_000)
    configure("info", "json", unread)
    log = structlog.get_logger()
    begin = threading.Barrier(8)

    def end_often() -> None:
        begin.wait()
        for _ in range(200):
            log.info("disconnected")

    threads = [threading.Thread(target=end_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert flush(PATIENCE)
    assert lines_lost() == 8 * 200


def test_a_line_goes_into_a_narrow_pipe_in_parts() -> None:
    """A traceback may be longer than what a pipe holds; nothing of it is lost."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    text = "x" * 100_000
    with os.fdopen(writer, "w") as stream, os.fdopen(reader) as lines:
        configure("info", "json", stream)
        thread = threading.Thread(target=lambda: structlog.get_logger().info("connected", peer=text))
        thread.start()
        assert json.loads(lines.readline())["peer"] == text
        thread.join()
    assert lines_lost() == 0


def test_a_reader_that_stalls_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much waits for it, the rest is dropped and counted; when it reads again, it gets whole lines."""
    monkeypatch.setattr(module, "LINES_A_SECOND", 1_000_000)
    monkeypatch.setattr(module, "QUEUE_BYTES", 100_000)
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, os.fdopen(reader) as lines:
        configure("info", "json", stream)
        for number in range(5000):
            structlog.get_logger().info("connected", peer=str(number))
        assert not flush(0.0)
        lost = lines_lost()
        assert 0 < lost < 5000
        got = [json.loads(lines.readline())["peer"] for _ in range(5000 - lost)]
        assert flush(PATIENCE)
    assert got == sorted(got, key=int)
    assert lines_lost() == lost


def test_lines_of_one_event_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many a second, others are counted and told once; another event is not touched by it."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(module, "LINES_A_SECOND", 3)

    def act(log: Any) -> None:  # noqa: ANN401  # structlog's own
        for _ in range(2):
            for _ in range(10):
                log.info("connected")
            log.info("stopping")
            module.repeats.tell()
            now[0] += 1
            log.info("stopped")
            module.repeats.tell()

    lines = [(line["event"], line.get("of"), line.get("times")) for line in written(act)]
    once = [*[("connected", None, None)] * 3, ("stopping", None, None), ("stopped", None, None)]
    assert lines == [*once, ("repeated", "connected", 7)] * 2


def test_a_log_that_is_set_up_anew_loses_nothing() -> None:
    """As on SIGHUP: what waits for the one before is written, and its thread ends."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, os.fdopen(reader) as lines:
        for level in ("info", "debug"):
            configure(level, "json", stream)
            structlog.get_logger().info("connected", peer=level)
        assert {json.loads(lines.readline())["peer"] for _ in range(2)} == {"info", "debug"}
        assert flush(PATIENCE)


def test_without_a_stdout_every_line_is_lost() -> None:
    """It was closed by who started the server, and that ends nothing either."""
    configure("info", "auto", None)
    structlog.get_logger().info("connected")
    assert lines_lost() == 1


def test_without_a_log_no_line_is_lost() -> None:
    """Where it was never set up, as in tests."""
    assert lines_lost() == 0


def test_events_are_described() -> None:
    """Words in lower case, each with what it says."""
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", event) for event in EVENTS)
    assert all(EVENTS.values())
