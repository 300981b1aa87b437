"""The server's errors and reasons in a person's terms: what to do, and nothing of the protocol. Pure.

A code or reason without a sentence here keeps the server's text, with commands as they are typed and
characters as they are drawn.
"""

import re
import sys

from chat_client.sanitize import is_hidden

_REFUSALS = {
    "not_a_member": "you are not in that room; /join it first, or see /rooms",
    "no_such_user": "nobody of that name is here; /who lists who is",
    "no_such_message": "there is no such message any more; /history shows what is there",
    "unavailable": "the server cannot do that at the moment; try again later",
    "line_too_long": "too long for this server; split it",
    "not_registered": "give your name first",
    "already_registered": "you have a name already; /name changes it",
    **dict.fromkeys(
        ("bad_encoding", "bad_json", "not_an_object", "no_type", "unknown_type"),
        "the server does not understand this client; see which version it needs",
    ),
}
#: What comes before the server's text, which does not say what it is about.
_SUBJECTS = {"name_invalid": "that name cannot be used", "room_invalid": "a room cannot have that name"}
_DEPARTURES = {
    "left": "",
    "exit": "",
    **dict.fromkeys(("peer_closed", "peer_reset", "ping_timeout"), "connection lost"),
    "slow_consumer": "connection too slow",
    "session_replaced": "goes on in another window",
    "name_reserved": "the name is somebody's own now",
    "logged_out": "logged out",
    "kicked": "put out",
    "banned": "banned",
    "server_shutdown": "the server stops",
    **dict.fromkeys(("bad_lines", "bad_frames", "line_too_long"), "its client failed"),
    "internal_error": "the server failed",
}
_FAREWELLS = {
    "peer_closed": "your connection was closed",
    "peer_reset": "your connection broke",
    "ping_timeout": "your connection did not answer in time",
    "register_timeout": "no name was given in time",
    "slow_consumer": "your connection was too slow to keep up",
    "session_replaced": "you go on in another window or on another machine",
    "name_reserved": "this name is somebody's own now; come back under another",
    "logged_out": "your account was changed; log in again",
    "kicked": "you were removed from this chat by whoever runs it",
    "banned": "you are banned from this chat",
    "address_banned": "your network address is banned from this chat",
    "draining": "the server takes nobody new at the moment; try again later",
    **dict.fromkeys(
        ("bad_lines", "line_too_long"),
        "the server does not understand this client; see which version it needs",
    ),
    "internal_error": "the server failed",
}
_TERMS = {
    "JOIN": "/join",
    "LEAVE": "/leave",
    "DM": "/msg",
    "WHO": "/who",
    "LIST": "/rooms",
    "TOPIC": "/topic",
    "NAME": "/name",
    "HISTORY": "/history",
    "SEARCH": "/search",
    "EXIT": "/exit",
    "REG_NAME": "a name",
    "MSG": "a message",
    "RULES": "/rules",
    "PING": "the question whether you are there",
}
_TERM = re.compile(rf"(?<![\w/])(?:{'|'.join(_TERMS)})(?!\w)")
_CODE_POINT = re.compile(r"\bU\+([0-9A-F]{4,6})\b")
# How msgspec says that a field is not as it should be.
_FIELD = re.compile(r"`\$|^[A-Z_]+: (?:Expected|Invalid|Object)")


def refusal(code: str, text: str) -> str:
    """Return why the server refused something."""
    if code in _REFUSALS:
        return _REFUSALS[code]
    if code == "bad_field" and _FIELD.search(text):
        return "the server does not take that; /help lists the commands"
    if code == "name_taken":
        return text  # with a name in it, which is nothing to translate
    if code in _SUBJECTS:
        return f"{_SUBJECTS[code]}: {_drawn(text)}"
    return plain(text) or code.replace("_", " ")


def refused_name(name: str, code: str, text: str) -> str:
    """Return why the server refused a name, and what to do about it."""
    if code == "name_invalid" and spaceless(name) != name:
        return f"names have no spaces: try {spaceless(name)}"
    if name in text:
        return text
    return f"{name}: {text}" if code == "name_taken" else f"“{name}” cannot be used: {_drawn(text)}"


def departure(reason: str) -> str:
    """Return why somebody left; nothing if there is nothing to say about it."""
    return _DEPARTURES.get(reason, reason.replace("_", " "))


def farewell(reason: str, text: str) -> str:
    """Return why the server ends a connection."""
    return _FAREWELLS.get(reason) or plain(text) or reason.replace("_", " ")


def plain(text: str) -> str:
    """Return a text of the server's own without the protocol's terms in it."""
    return _TERM.sub(lambda match: _TERMS[match[0]], _drawn(text))


def reason(error: Exception) -> str:
    """Return what the system says of an error."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def spaceless(name: str) -> str:
    """Return a name with its blanks filled."""
    return "-".join(name.split())


def _drawn(text: str) -> str:
    """Return the text with characters in place of their code points."""
    return _CODE_POINT.sub(lambda match: _character(int(match[1], 16)), text)


def _character(code_point: int) -> str:
    if code_point > sys.maxunicode:
        return "a character"
    character = chr(code_point)
    if character.isspace():
        return "a space"
    return "an invisible character" if is_hidden(character) else f"“{character}”"
