"""AWAY and SETNAME, and what others are told of them: what natively is a profile."""

import re
from collections.abc import Sequence

from chat_protocol.people_messages import AWAY_CHARACTERS, REALNAME_CHARACTERS, Away, Profile, ProfileFrame
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line, compose
from chat_server.net.dialects.irc.state import State

#: Colours and other formatting: no text for all, and no single line of it natively.
_FORMATTING = re.compile("\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04[0-9A-Fa-f]{0,6}|[\x00-\x1f\x7f-\x9f]")


def unformatted(text: str) -> str:
    """Return a text without colours, formatting and control characters."""
    return _FORMATTING.sub("", text)


def _away(state: State, line: Line) -> None:
    text = unformatted(line.param(0))
    if len(text) > AWAY_CHARACTERS:
        too_long = f"AWAY takes {AWAY_CHARACTERS} characters; shorten it"
        state.tell(state.fail("INVALID_PARAMS", text=too_long))
    else:
        state.ask(Profile(away=text), _gone)


def _gone(state: State, profile: ProfileFrame) -> Sequence[bytes]:
    if profile.away:
        return [state.numeric(n.RPL_NOWAWAY, "You have been marked as being away")]
    return [state.numeric(n.RPL_UNAWAY, "You are no longer marked as being away")]


def _setname(state: State, line: Line) -> None:
    realname = unformatted(line.param(0))
    if not realname.strip() or len(realname) > REALNAME_CHARACTERS:
        text = f"SETNAME takes 1 to {REALNAME_CHARACTERS} characters"
        state.tell(state.fail("INVALID_REALNAME", text=text))
    else:
        state.ask(Profile(realname=realname), _renamed)


def _renamed(state: State, profile: ProfileFrame) -> Sequence[bytes]:
    state.realname = profile.realname
    if "setname" not in state.caps:
        return ()
    return [compose("SETNAME", profile.realname, source=state.source)]


def _told(state: State, profile: ProfileFrame) -> Sequence[bytes]:
    """Return what is new of somebody, as far as the client wants to know."""
    source, lines = names.source(profile.name), []
    if "away" in profile.changed and "away-notify" in state.caps:
        lines.append(compose("AWAY", *filter(None, [profile.away]), source=source))
    if "realname" in profile.changed and "setname" in state.caps:
        lines.append(compose("SETNAME", profile.realname or profile.name, source=source))
    return lines


def _written_to(state: State, away: Away) -> Sequence[bytes]:
    return [state.numeric(n.RPL_AWAY, names.nick(away.name), away.text)]


PART = Part(
    commands={
        "AWAY": Command(_away, usage="AWAY [:why] - say that you are away, or back"),
        "SETNAME": Command(_setname, needs=1, usage="SETNAME :real name - change it"),
    },
    caps={"away-notify": plain, "setname": plain},
    tokens={"AWAYLEN": lambda _: str(AWAY_CHARACTERS), "NAMELEN": lambda _: str(REALNAME_CHARACTERS)},
    events={ProfileFrame: _told, Away: _written_to},
)
