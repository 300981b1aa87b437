"""Structured logs: one JSON object a line, or colours on a terminal."""

import io
import logging
import os
import sys
import threading
import unicodedata
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

#: Every event that is logged, and what it says. One line a step of a session's life, none a message.
EVENTS = {
    "listening": "the server takes connections, on these ports",
    "connected": "a client connected",
    "registered": "a client gave its name; resumed tells whether it came back to its session",
    "joined": "a user entered a room",
    "left": "a user left a room",
    "renamed": "a user changed the name",
    "disconnected": "a connection ended: why, after how long, and what went both ways",
    "rejected": "a connection was turned away before it was served",
    "protocol_error": "a client broke a rule; the first time for each rule and connection",
    "journal_failed": "messages cannot be stored; nothing is acknowledged until they can",
    "journal_recovered": "messages can be stored again",
    "upkeep_failed": "index, log or retention of the journal could not be looked after; it is tried again",
    "limits_low": "a limit of the system is too low for the connections that are allowed",
    "reloaded": "the settings were read again on SIGHUP; these are in force now",
    "reload_failed": "the settings could not be read again; those of before stay in force",
    "stopping": "the server was told to stop",
    "stopped": "every thread has ended",
    "stop_overdue": "something hung at the stop, and the process was ended",
    "read_failed": "a socket could not be read (debug)",
    "accept_failed": "a connection could not be taken from the system",
    "connection_failed": "a fault of the server ended one connection",
    "contained": "a fault of the server cost one step or one member; `what` names it, all else went on",
    "job_failed": "a fault of the server ended a piece of upkeep",
    "scrape_failed": "a fault of the server while it answered on the metrics port",
}


def configure(level: str, form: str, stream: TextIO | None = sys.stdout) -> None:
    """Set the log up. `form` is json, console, or auto: JSON where the stream is no terminal.

    Where whoever started the server closed its stdout, there is no stream, and every line is lost.
    """
    target = stream or io.TextIOBase()  # one that takes nothing
    console = form == "console" or (form == "auto" and target.isatty())
    as_console = structlog.dev.ConsoleRenderer(colors=target.isatty())
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
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
    factory = structlog.get_config()["logger_factory"]
    return factory.lost if isinstance(factory, _LineLogger) else 0


class _LineLogger:
    """Writes each line with one system call and without a lock.

    A lock round the writing is what a thousand threads that end at once would queue for: 2,000 took 15 s
    to disconnect with structlog's own loggers, and 4 s without (measured).

    A line that cannot be written (its reader is gone, the disk is full) is dropped and counted: who logs is
    in the middle of something that must come to its end, and could do nothing about it.
    """

    def __init__(self, stream: TextIO | io.TextIOBase) -> None:
        self.lost = 0
        # Guards lost; taken only where a line was.
        self._lock = threading.Lock()
        self._stream = stream
        try:
            self._descriptor: int | None = stream.fileno()
        except OSError:  # a test's StringIO
            self._descriptor = None

    def __call__(self, *_arguments: object) -> "_LineLogger":
        """Be the factory of itself."""
        return self

    def msg(self, message: str) -> None:
        """Write one line, or lose it."""
        try:
            self._write(message + "\n")
        except OSError:
            with self._lock:
                self.lost += 1

    def _write(self, line: str) -> None:
        if self._descriptor is None:
            self._stream.write(line)
            return
        data = line.encode("utf-8", "backslashreplace")
        while data:  # a pipe that is nearly full may take a part
            data = data[os.write(self._descriptor, data) :]

    debug = info = warning = error = critical = exception = msg


def scrub(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make what could control a terminal visible: C0, C1, DEL, bidirectional and other format characters."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if key == "exception" else [value]
            event[key] = "\n".join("".join(map(_visible, line)) for line in lines)
    return event


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{ord(character):04x}"


def _add_thread(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["thread"] = threading.current_thread().name
    return event
