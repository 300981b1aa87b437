"""Structured logs: one JSON object a line, or colours on a terminal."""

import io
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from chat_server.text import visible

#: How many bytes of lines may wait to be written: some thousand lines.
QUEUE_BYTES = 1024 * 1024
#: How many lines one call writes.
LINES_AT_ONCE = 64
#: How many lines of one event are logged in a second; the others are summed up.
LINES_A_SECOND = 200
#: How often, in seconds, it is told what was left out.
TOLD_EVERY = 1.0

#: Every event that is logged, and what it says. One line a step of a session's life, none a message.
EVENTS = {
    "listening": "the server takes connections, on these ports",
    "connected": "a client connected",
    "registered": "a client came in; resumed: back to its session, account: it proved who it is",
    "account_made": "somebody registered, by an invitation or openly",
    "login_failed": "a name and password, a token or an invitation was not good, or came too often",
    "joined": "a user entered a room",
    "left": "a user left a room",
    "act": "a moderator or an operator did something; it is kept in the store as well",
    "act_not_kept": "what was done could not be stored; the line before tells what, and it is tried again",
    "hook_posted": "a program posted, by this hook (debug)",
    "hook_refused": "what a program posted was not taken, and why; no hook if there is none of its token",
    "relay_dead_letter": "a message could not be posted to where a hook tells of it, and is given up",
    "relay_skipped": "messages were not posted to where a hook tells of them: too many wait, or are gone",
    "renamed": "a user changed the name",
    "disconnected": "a connection ended: why, after how long, and what went both ways",
    "rejected": "a connection was turned away before it was served",
    "slowed": "a user goes too fast, and is delayed; the last of what was read waits for so many seconds",
    "protocol_error": "a client broke a rule; the first time for each rule and connection",
    "journal_failed": "messages cannot be stored; nothing is acknowledged until they can",
    "journal_recovered": "messages can be stored again",
    "upkeep_failed": "index, log or retention of the journal could not be looked after; it is tried again",
    "limits_low": "a limit of the system is too low for the connections that are allowed",
    "reloaded": "the settings were read again; these are in force now",
    "reload_failed": "the settings could not be read again; those of before stay in force",
    "stopping": "the server was told to stop",
    "stopped": "every thread has ended",
    "stop_overdue": "something hung at the stop, and the process was ended",
    "read_failed": "a socket could not be read (debug)",
    "accept_failed": "a connection could not be taken from the system",
    "tls_failed": "a peer and the server did not agree on TLS",
    "proxy_failed": "a proxy did not say whose connection it passes on",
    "http_refused": "a browser was refused, since its page or the name it uses is not this server's",
    "http_failed": "a fault of the server cost one request over HTTP",
    "tls_reloaded": "the certificate was read again, and new connections get it",
    "tls_reload_failed": "the certificate could not be read again; the one before stays in force",
    "connection_failed": "a fault of the server ended one connection",
    "contained": "a fault of the server cost one step or one member; `what` names it, all else went on",
    "job_failed": "a fault of the server ended a piece of upkeep",
    "repeated": "so many more lines of that event were left out of the last seconds",
    "scrape_failed": "a fault of the server while it answered on the metrics port",
}


def configure(level: str, form: str, stream: TextIO | None = sys.stdout) -> None:
    """Set the log up. `form` is json, console, or auto: JSON if the stream is no terminal.

    Where whoever started the server closed its stdout, there is no stream, and every line is lost.
    """
    target = stream or io.TextIOBase()  # one that takes nothing
    if (before := _current()) is not None:
        before.close()
    console = form == "console" or (form == "auto" and target.isatty())
    as_console = structlog.dev.ConsoleRenderer(colors=target.isatty())
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            repeats,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_thread,
            structlog.processors.format_exc_info,
            scrub,
            as_console if console else as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_LineLogger(target),
        cache_logger_on_first_use=False,
    )


def lines_lost() -> int:
    """Return how many lines could not be written since the log was set up."""
    return logger.lost if (logger := _current()) is not None else 0


def flush(timeout: float = 1.0) -> bool:
    """Wait until all that was logged is written, for so many seconds at most; tell whether it is."""
    return logger.flush(timeout) if (logger := _current()) is not None else True


def _current() -> "_LineLogger | None":
    factory = structlog.get_config()["logger_factory"]
    return factory if isinstance(factory, _LineLogger) else None


class _LineLogger:
    """Queues each line; one thread writes. Whoever logs never waits for the reader of the log.

    1. At most `QUEUE_BYTES` wait. A line beyond, or one that cannot be written (its reader is gone, the disk
       is full), is dropped and counted: who logs is in the middle of something that must come to its end.
    2. No lock is held while something is written: 2,000 connections that ended at once took 15 s to log it
       with structlog's own loggers, and 4 s without (measured).
    3. The thread is a daemon and starts with the first line: no exit waits for a reader that does not read.
    """

    def __init__(self, stream: TextIO | io.TextIOBase) -> None:
        self.lost = 0
        # Guards lost, _lines, _size, _thread and _closed; `_changed` tells of lines and of their end.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._lines: list[bytes] = []
        self._size = 0
        self._writing = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._stream = stream
        try:
            self._descriptor: int | None = stream.fileno()
        except OSError:  # a test's StringIO
            self._descriptor = None

    def __call__(self, *_arguments: object) -> "_LineLogger":
        """Be the factory of itself."""
        return self

    def msg(self, message: str) -> None:
        """Have one line written, or lose it."""
        if self._descriptor is None:
            try:
                self._stream.write(message + "\n")
            except OSError:
                self._lose(1)
            return
        line = (message + "\n").encode("utf-8", "backslashreplace")
        with self._lock:
            if self._size + len(line) > QUEUE_BYTES or not self._is_running_locked():
                self.lost += 1
                return
            self._lines.append(line)
            self._size += len(line)
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until nothing waits; false after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._lines and not self._writing, timeout)

    def close(self) -> None:
        """End the thread once it has written what waits."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()

    def _is_running_locked(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="log", daemon=True)  # see 3.
            try:
                thread.start()
            except (RuntimeError, MemoryError):  # the next line tries again
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                while not self._lines:
                    if self._closed:
                        return
                    self._changed.wait(TOLD_EVERY)
                    if not self._lines:
                        break
                lines, self._lines, self._size = self._lines, [], 0
                self._writing = True
            self._write(lines)
            repeats.tell()

    def _write(self, lines: list[bytes]) -> None:
        """Write lines, many with one call; count those that cannot be written."""
        for start in range(0, len(lines), LINES_AT_ONCE):
            some = lines[start : start + LINES_AT_ONCE]
            data = b"".join(some)
            try:
                while data:  # a pipe that is nearly full may take a part
                    data = data[os.write(self._descriptor or 0, data) :]
            except Exception:  # noqa: BLE001  # nobody could be told
                self._lose(max(1, data.count(b"\n")))

    def _lose(self, number: int) -> None:
        with self._lock:
            self.lost += number

    debug = info = warning = error = critical = exception = msg


class _Repeats:
    """Lets so many lines of one event pass in a second, and sums up the others.

    Connections that are opened and closed 3,655 times a second wrote 1.4 MB of log a second (measured).
    """

    def __init__(self) -> None:
        # Guards what follows.
        self._lock = threading.Lock()
        self._second = 0
        self._seen: Counter[str] = Counter()
        self._kept_back: Counter[str] = Counter()
        self._kept_in = 0

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Drop an event beyond the bound; a processor of structlog."""
        second = int(time.monotonic())
        name = str(event.get("event"))
        with self._lock:
            if second != self._second:
                self._second = second
                self._seen.clear()
            self._seen[name] += 1
            if self._seen[name] > LINES_A_SECOND and name != "repeated":
                self._kept_back[name] += 1
                self._kept_in = second
                raise structlog.DropEvent
        return event

    def tell(self) -> None:
        """Log how many were kept back in seconds that are over."""
        with self._lock:
            if not self._kept_back or int(time.monotonic()) == self._kept_in:
                return
            kept_back, self._kept_back = self._kept_back, Counter()
        log = structlog.get_logger()
        for name, number in kept_back.items():
            log.warning("repeated", of=name, times=number)


repeats = _Repeats()


def scrub(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make what could control a terminal visible: C0, C1, DEL, bidirectional and other format characters."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if key == "exception" else [value]
            event[key] = "\n".join(map(visible, lines))
    return event


def _add_thread(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["thread"] = threading.current_thread().name
    return event
