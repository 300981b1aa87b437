"""What a person types to talk and to come and go, as messages. Pure.

Each takes what follows the command, and the room that is meant if there is one, and raises `UsageError` if it
makes no sense.
"""

import re

from chat_client.errors import UsageError
from chat_client.terms import spaceless
from chat_client.ui import typed
from chat_protocol.messages import PAGE_MESSAGES, PARTING_CHARACTERS, Dm, History, Join

#: How many messages /search shows, and /history if no number is given.
HISTORY_MESSAGES = 20
_HISTORY = re.compile(r"(\d{1,9})?\s*(?:before\s+(\d{1,15}))?", re.ASCII)


def needed(argument: str, usage: str) -> str:
    """Return an argument that must be there."""
    if typed.is_blank(argument):
        raise UsageError(f"type it like this: {usage}")
    return argument


def without_spaces(argument: str, command: str, whose: str) -> str:
    """Return an argument that must be one word."""
    if spaceless(argument) != argument:
        raise UsageError(f"{whose} have no spaces: try {command} {spaceless(argument)}")
    return argument


def direct(argument: str) -> Dm:
    """`/msg NAME TEXT`; with `/me` before it, the text is what one does."""
    to, *texts = argument.split(maxsplit=1) or [""]
    text = needed("".join(texts), "/msg NAME TEXT")
    parsed = typed.parse(text)
    if parsed.command != "me":
        return Dm(to=to, text=text)
    return Dm(to=to, text=needed(parsed.rest, "/msg NAME /me TEXT"), action=True)


def join(argument: str) -> Join:
    """`/join ROOM [with PASSWORD]`."""
    room, _, password = needed(argument, "/join ROOM, for example /join tea").partition(" with ")
    room = without_spaces(room.strip(), "/join", "names of rooms")
    if typed.is_blank(room.removeprefix("#")):
        raise UsageError("a room needs a name: /join ROOM, for example /join tea")
    return Join(room=room, password=password.strip() or None)


def parting(text: str) -> str:
    """Return what the others are told of whoever leaves; nothing if nothing can be seen of it."""
    if len(text) > PARTING_CHARACTERS:
        raise UsageError(f"last words are short: {PARTING_CHARACTERS} characters at most")
    return "" if typed.is_blank(text) else text


def history(argument: str, room: str) -> History:
    """`/history [NUMBER] [before ID]`."""
    match = _HISTORY.fullmatch(argument)
    number = int(match[1] or HISTORY_MESSAGES) if match else 0
    if match is None or not 1 <= number <= PAGE_MESSAGES:
        raise UsageError(f"type it like this: /history [NUMBER up to {PAGE_MESSAGES}] [before ID]")
    return History(room=room, limit=number, before=int(match[2]) if match[2] else None)
