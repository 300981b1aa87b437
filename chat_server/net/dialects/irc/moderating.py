"""KICK, INVITE and OPER, and what is told of moderators' acts that have no letter of MODE."""

from collections.abc import Sequence
from functools import partial

from chat_protocol.moderation_messages import REASON_CHARACTERS, Invite, Invited, Kick, Muted
from chat_protocol.people_messages import Person, Whois
from chat_protocol.server_messages import ErrorFrame
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line, compose
from chat_server.net.dialects.irc.rooms import on_left
from chat_server.net.dialects.irc.state import Asked, State, refused

#: What the server says of somebody who is not in the room.
_ELSEWHERE = "is not in this room"


def _kick(state: State, line: Line) -> None:
    channel, nick, reason = line.param(0), line.param(1), line.param(2)
    if len(reason) > REASON_CHARACTERS:
        text = f"a reason takes {REASON_CHARACTERS} characters; shorten it"
        state.tell(state.fail("INVALID_PARAMS", channel, text=text))
    else:
        asked = Kick(nick, names.room(channel), reason)
        state.ask(asked, on_left, partial(_not_kicked, channel), about=nick)


def _not_kicked(channel: str, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    if error.code == "no_such_user" and _ELSEWHERE in error.text:
        return [state.numeric(n.ERR_USERNOTINCHANNEL, asked.about, channel, error.text)]
    if error.code == "not_a_member":
        return [state.numeric(n.ERR_NOSUCHCHANNEL, channel, "no such channel, or you are not in it")]
    if error.code != "no_such_user":
        asked.about = channel
    return refused(state, asked, error)


def _invite(state: State, line: Line) -> None:
    nick, channel = line.param(0), line.param(1)
    state.ask(Invite(nick, names.room(channel)), _inviting, partial(_not_invited, channel), about=nick)


def _inviting(state: State, invited: Invited) -> Sequence[bytes]:
    return [state.numeric(n.RPL_INVITING, names.nick(invited.name), names.channel(invited.room))]


def _not_invited(channel: str, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    if error.code != "no_such_user":
        asked.about = channel
    return refused(state, asked, error)


def _invited(state: State, invited: Invited) -> Sequence[bytes]:
    """Tell somebody of their own invitation, and of others' if the client wants to know."""
    if not names.same(invited.name, state.name) and "invite-notify" not in state.caps:
        return ()
    channel, nick = names.channel(invited.room), names.nick(invited.name)
    return [compose("INVITE", nick, channel, source=names.source(invited.by))]


def _muted(state: State, muted: Muted) -> Sequence[bytes]:
    """Tell who may only read: the letters of MODE have no end of their own."""
    nick, by = names.nick(muted.name), names.nick(muted.by)
    until = "for ever" if muted.seconds is None else f"for {muted.seconds:g} s"
    text = f"{nick} may speak again ({by})" if muted.seconds == 0 else f"{nick} may only read {until} ({by})"
    return [state.told("NOTICE", names.channel(muted.room), text)]


def _oper(state: State, line: Line) -> None:
    """Tell whether one is an operator: who is one is an account's, and proved on the way in."""
    del line
    state.ask(Whois(state.name), _is_oper)


def _is_oper(state: State, person: Person) -> Sequence[bytes]:
    if person.operator:
        return [state.numeric(n.RPL_YOUREOPER, "You are an operator of this chat, by your account")]
    text = "operators are accounts here: log in as one, by SASL or PASS account:password"
    return [state.numeric(n.ERR_NOOPERHOST, text)]


PART = Part(
    commands={
        "KICK": Command(_kick, needs=2, usage="KICK #room nick [:why] - put somebody out of a room"),
        "INVITE": Command(_invite, needs=2, usage="INVITE nick #room - let somebody into a room"),
        "OPER": Command(_oper, needs=2, usage="OPER name password - tell whether you are an operator"),
    },
    caps={"invite-notify": plain},
    tokens={"KICKLEN": lambda _: str(REASON_CHARACTERS)},
    events={Invited: _invited, Muted: _muted},
)
