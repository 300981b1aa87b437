"""All parts of the dialect, put together: a new one is added to `PARTS`."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from chat_protocol.base import Message
from chat_protocol.server_messages import RegNameRequest
from chat_server.net.dialects.irc import (
    asking,
    caps,
    chathistory,
    markread,
    moderating,
    modes,
    monitor,
    multiline,
    profile,
    redaction,
    registration,
    rooms,
    sasl,
    talking,
    who,
    whois,
)
from chat_server.net.dialects.irc.commands import Command, Event, Handler, Part, Value
from chat_server.net.dialects.irc.form import SHAPING, Form, Shared
from chat_server.net.dialects.irc.settings import IrcSettings

PARTS: tuple[Part, ...] = (
    caps.PART,
    registration.PART,
    rooms.PART,
    talking.PART,
    redaction.PART,
    who.PART,
    asking.PART,
    sasl.PART,
    modes.PART,
    moderating.PART,
    whois.PART,
    chathistory.PART,
    markread.PART,
    multiline.PART,
    monitor.PART,
    profile.PART,
)

COMMANDS: Mapping[str, Command] = {name: each for part in PARTS for name, each in part.commands.items()}
EVENTS: Mapping[type[Message], Event] = {kind: each for part in PARTS for kind, each in part.events.items()}
SHARED: Mapping[type[Message], Shared] = {kind: each for part in PARTS for kind, each in part.shared.items()}
#: Who takes a line that belongs to a batch.
BATCHED: Handler | None = next((part.batched for part in PARTS if part.batched), None)
#: Who makes lines of what is too long for one.
LONG: Shared | None = next((part.long for part in PARTS if part.long), None)


@functools.cache
def _form(capabilities: frozenset[str]) -> Form:
    return Form(capabilities, SHARED, LONG)


def form_of(capabilities: frozenset[str]) -> Form:
    """Return the form for somebody with these; the same object for all to whom it is the same."""
    return _form(capabilities & SHAPING)


def settings_of(request: RegNameRequest, server: str) -> IrcSettings:
    """Return what a server of this name that greets so says of itself in IRC."""
    bare = IrcSettings(request, server)
    return dataclasses.replace(
        bare,
        caps=_values(bare, [part.caps for part in PARTS]),
        tokens=_values(bare, [part.tokens for part in PARTS]),
        usages={name: COMMANDS[name].usage or name for name in sorted(COMMANDS)},
        joined=[part.joined for part in PARTS if part.joined],
    )


def _values(settings: IrcSettings, tables: list[Mapping[str, Value]]) -> Mapping[str, str]:
    """Return what there is of capabilities or tokens, sorted by name."""
    found: dict[str, Any] = {name: value(settings) for table in tables for name, value in table.items()}
    return {name: found[name] for name in sorted(found) if found[name] is not None}
