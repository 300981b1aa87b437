"""What a person types to change what was said, and a moderator to run a room, as messages. Pure.

Each takes what follows the command, and the room that is meant, and raises `UsageError` if it makes no sense.
"""

import re
from collections.abc import Callable, Mapping

from chat_client.errors import UsageError
from chat_protocol.messages import ClientMessage, Delete, Edit
from chat_protocol.moderation_messages import Ban, Ignore, Invite, Kick, Mute, Role, Rules, Unban

#: Returns the id of the latest message that somebody said in a room; nobody named is oneself.
Latest = Callable[[str, str], int | None]
Changing = Callable[[str, str, Latest], ClientMessage]
_UNITS: Mapping[str, float] = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_TIME = re.compile(r"(\d{1,7})([smhd])", re.ASCII)
_ROLES = ("owner", "moderator", "speaker", "member", "reader", "none")
_SWITCHES = {"invite-only": "invite_only", "announce": "announce", "unlisted": "unlisted"}
RULES = (
    "type it like this: /rules [invite-only|announce|unlisted on|off], /rules slow TIME, /rules password WORD"
)


def edit(argument: str, room: str, latest: Latest) -> ClientMessage:
    """`/edit TEXT`: the latest message says that then."""
    if not argument:
        raise UsageError("type it like this: /edit TEXT, which your latest message says then")
    if (id_ := latest(room, "")) is None:
        raise UsageError("you have said nothing in this room that could be edited")
    return Edit(id_, argument, room)


def delete(argument: str, room: str, latest: Latest) -> ClientMessage:
    """`/delete [NAME or ID]`: the latest message of oneself or somebody, or the one of that id."""
    is_id = argument.isascii() and argument.isdecimal()
    id_ = int(argument) if is_id else latest(room, argument)
    if id_ is None:
        raise UsageError("type it like this: /delete for your latest message, /delete NAME, or /delete ID")
    return Delete(id_, room)


def ignore(argument: str, _room: str) -> ClientMessage:
    """`/ignore [NAME or *]`: hear no more of somebody; without a name, tell who that is."""
    return Ignore(_alone(argument, "/ignore [NAME or *]")) if argument else Ignore()


def unignore(argument: str, _room: str) -> ClientMessage:
    """`/unignore NAME`."""
    return Ignore(_alone(argument, "/unignore NAME"), on=False)


def kick(argument: str, room: str) -> ClientMessage:
    """`/kick NAME [REASON]`."""
    name, rest = _named(argument, "/kick NAME [REASON]")
    return Kick(name, room, rest)


def ban(argument: str, room: str) -> ClientMessage:
    """`/ban NAME [TIME] [REASON]`."""
    name, rest = _named(argument, "/ban NAME [TIME such as 10m or 2d] [REASON]")
    time, _, reason = rest.partition(" ")
    if (seconds := seconds_of(time)) is None:
        return Ban(name, room, None, rest)
    return Ban(name, room, seconds, reason.strip())


def unban(argument: str, room: str) -> ClientMessage:
    """`/unban NAME`."""
    return Unban(_alone(argument, "/unban NAME"), room)


def mute(argument: str, room: str) -> ClientMessage:
    """`/mute NAME [TIME]`."""
    usage = "/mute NAME [TIME such as 10m or 2d]"
    name, rest = _named(argument, usage)
    seconds = seconds_of(rest)
    if rest and seconds is None:
        raise UsageError(f"type it like this: {usage}")
    return Mute(name, room, seconds)


def unmute(argument: str, room: str) -> ClientMessage:
    """`/unmute NAME`."""
    return Mute(_alone(argument, "/unmute NAME"), room, 0.0)


def invite(argument: str, room: str) -> ClientMessage:
    """`/invite NAME`."""
    return Invite(_alone(argument, "/invite NAME"), room)


def role(argument: str, room: str) -> ClientMessage:
    """`/role NAME ROLE`."""
    usage = f"/role NAME {'|'.join(_ROLES)}"
    name, given = _named(argument, usage)
    if given not in _ROLES:
        raise UsageError(f"type it like this: {usage}")
    return Role(name, given, room)  # type: ignore[arg-type]  # it is one of these


def rules(argument: str, room: str) -> ClientMessage:
    """`/rules [SETTING VALUE]`."""
    setting, _, value = argument.partition(" ")
    value = value.strip()
    if not setting:
        return Rules(room)
    if setting in _SWITCHES and value in {"on", "off"}:
        changed = Rules(room)
        setattr(changed, _SWITCHES[setting], value == "on")
        return changed
    if setting == "slow" and (seconds := 0.0 if value == "off" else seconds_of(value)) is not None:
        return Rules(room, slow_seconds=seconds)
    if setting == "password" and value:
        return Rules(room, password="" if value == "-" else value)
    raise UsageError(RULES)


def seconds_of(text: str) -> float | None:
    """Return the seconds in a time such as `10m`; none if that is no time."""
    match = _TIME.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def time_of(seconds: float) -> str:
    """Return so many seconds as a person says them."""
    for unit, size in reversed([*_UNITS.items()]):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds / size)} {unit}"
    return f"{seconds:g} s"


def _named(argument: str, usage: str) -> tuple[str, str]:
    name, _, rest = argument.partition(" ")
    if not name:
        raise UsageError(f"type it like this: {usage}")
    return name, rest.strip()


def _alone(argument: str, usage: str) -> str:
    name, rest = _named(argument, usage)
    if rest:
        raise UsageError(f"type it like this: {usage}")
    return name
