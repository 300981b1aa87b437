"""Structured logs: one JSON object a line, or colours on a terminal."""

import logging
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
    "disconnected": "a connection ended: why, after how long, and what went both ways",
    "rejected": "a connection was turned away before it was served",
    "protocol_error": "a client broke a rule; the first time for each rule and connection",
    "journal_failed": "messages cannot be stored; nothing is acknowledged until they can",
    "journal_recovered": "messages can be stored again",
    "upkeep_failed": "index, log or retention of the journal could not be looked after; it is tried again",
    "limits_low": "a limit of the system is too low for the connections that are allowed",
    "stopping": "the server was told to stop",
    "stopped": "every thread has ended",
    "read_failed": "a socket could not be read (debug)",
    "accept_failed": "a connection could not be taken from the system",
    "connection_failed": "a fault of the server ended one connection",
    "job_failed": "a fault of the server ended a piece of upkeep",
    "scrape_failed": "a fault of the server while it answered on the metrics port",
}


def configure(level: str, form: str, stream: TextIO = sys.stdout) -> None:
    """Set the log up. `form` is json, console, or auto: JSON where the stream is no terminal."""
    console = form == "console" or (form == "auto" and stream.isatty())
    shape: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_thread,
            scrub,
            *shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def scrub(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make what could control a terminal visible: C0, C1, DEL, bidirectional and other format characters."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(map(_visible, value))
    return event


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{ord(character):04x}"


def _add_thread(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["thread"] = threading.current_thread().name
    return event
