"""What a part of the dialect is: commands, capabilities, tokens, and how messages are shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat_protocol.base import Message
from chat_server.net.dialects.irc.form import Shared
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.state import State

#: Does what a line asks for, by `State.ask`, `State.tell` and `State.later`.
Handler = Callable[[State, Line], None]
#: Makes lines of a message that only this connection is told so.
Event = Callable[[State, Any], Sequence[bytes]]
#: Returns the value of a capability or a token: empty for one without a value, `None` if there is none here.
Value = Callable[[IrcSettings], str | None]


def plain(settings: IrcSettings) -> str | None:
    """Return no value: the capability or token is there, and that is all."""
    del settings
    return ""


@dataclass(frozen=True, slots=True)
class Command:
    """What does a command, how many parameters it needs at least, and whether it may come without a name.

    `usage` is what HELP tells of it.
    """

    handler: Handler
    needs: int = 0
    nameless: bool = False
    usage: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a module adds to the dialect; `tables.py` puts the parts together."""

    commands: Mapping[str, Command] = field(default_factory=dict)
    caps: Mapping[str, Value] = field(default_factory=dict)
    tokens: Mapping[str, Value] = field(default_factory=dict)
    #: What is shown of a message that answers nothing, or nothing that this connection has asked.
    events: Mapping[type[Message], Event] = field(default_factory=dict)
    #: What is shown of a message that is the same for many.
    shared: Mapping[type[Message], Shared] = field(default_factory=dict)
    #: Takes a line that has a `batch` tag, in place of its command's handler; one part has it.
    batched: Handler | None = None
    #: Makes the lines of a `render.Saying` that takes several, for who can put them together again.
    long: Shared | None = None
    #: Adds lines to what is shown to somebody who has entered a room, before the names.
    joined: Event | None = None
