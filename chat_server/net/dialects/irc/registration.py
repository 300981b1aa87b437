"""Coming in: PASS, NICK, USER, and the welcome.

| stage | what leads to the next |
|---|---|
| asking | a nick, a user name, and no capabilities under negotiation: REG_NAME is said |
| asked | WELCOME; an error leads back to asking, for another nick or password |
| named | no capabilities under negotiation: the client is welcomed |

SASL says REG_NAME while capabilities are under negotiation, by `State.register`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chat_protocol.messages import Name, RegName
from chat_protocol.people_messages import Profile
from chat_protocol.server_messages import ErrorFrame, NameChanged, Welcome
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part
from chat_server.net.dialects.irc.grammar import Line, compose
from chat_server.net.dialects.irc.rooms import Presence
from chat_server.net.dialects.irc.state import Asked, State, unsaid

#: Characters of what somebody is known by beside the nick.
REALNAME_CHARACTERS = 128
#: Words of one line of ISUPPORT.
TOKENS_PER_LINE = 12
#: What a name that is too much for the chat is told as.
_REFUSALS = {"name_taken": n.ERR_NICKNAMEINUSE, "name_invalid": n.ERR_ERRONEUSNICKNAME}
#: What a token begins with; it takes a password's place.
TOKEN = "token-"  # noqa: S105  # what all tokens begin with
_NOT_LET_IN = frozenset({"auth_required", "auth_failed", "rate_limited"})


@dataclass(slots=True)
class Registration:
    """How far a connection is with coming in."""

    nick: str = ""
    user: str = ""
    password: str = ""
    negotiating: bool = False
    #: Whether all was said that it takes, and the answer is to come.
    asked: bool = False
    welcomed: bool = False


def proceed(state: State) -> None:
    """Come in, or be welcomed, if all that takes is there."""
    own = state.part(Registration)
    if own.negotiating or own.asked or own.welcomed or not (own.nick and own.user):
        return
    own.asked = True
    if state.name:  # by SASL
        state.later(_burst)
    else:
        state.register(_reg_name(state, own), _welcomed, _refused)
    state.ask(Profile(realname=state.realname), failed=unsaid)


def proof(account: str, secret: str) -> RegName:
    """Return what to come in by as an account: a token, or a password."""
    if secret.startswith(TOKEN):
        return RegName(account, token=secret, rooms=[])
    return RegName(account, password=secret, rooms=[])


def _reg_name(state: State, own: Registration) -> RegName:
    """Return what to register by: `account:password`, or a password of the chat or the nick's account."""
    account, colon, password = own.password.partition(":")
    if state.settings.request.access == "accounts" and colon:
        return proof(account, password) if password else RegName(account, rooms=[])
    return RegName(own.nick, password=own.password or None, rooms=[])


def _welcomed(state: State, welcome: Welcome) -> Sequence[bytes]:
    del welcome
    return _burst(state)


def _refused(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Tell why somebody isn't let in; another nick or password may be tried."""
    del asked
    own = state.part(Registration)
    own.asked = False
    nick, own.nick = own.nick, ""
    if error.code in _REFUSALS:
        return [state.numeric(_REFUSALS[error.code], nick, error.text)]
    number = n.ERR_YOUREBANNEDCREEP if error.code == "banned" else n.ERR_PASSWDMISMATCH
    return [state.numeric(number, error.text)]


def _burst(state: State) -> Sequence[bytes]:
    """Welcome somebody who is in."""
    own = state.part(Registration)
    own.asked, own.welcomed = False, True
    settings, nick = state.settings, state.nick
    version = settings.request.server.replace(" ", "-")
    lines = [
        state.numeric(n.RPL_WELCOME, f"Welcome to {settings.network}, {nick}"),
        state.numeric(n.RPL_YOURHOST, f"Your host is {state.settings.server}, running {version}"),
        state.numeric(
            n.RPL_CREATED, f"What is said in rooms is kept and shared with all who use {settings.network}"
        ),
        state.numeric(
            n.RPL_MYINFO, state.settings.server, version, settings.user_modes, settings.channel_modes
        ),
    ]
    return [*lines, *supported(state), *motd(state), *_renaming(state, own.nick)]


def _renaming(state: State, wanted: str) -> Sequence[bytes]:
    """Tell somebody who asked for another nick that an account keeps its name."""
    if names.same(wanted, state.name):
        return ()
    text = f"you are {state.nick} here: an account keeps its name"
    return [state.told("NOTICE", state.nick, text)]


def supported(state: State) -> Sequence[bytes]:
    """Return what this server has, in words that clients know."""
    tokens = [f"{name}={value}" if value else name for name, value in state.settings.tokens.items()]
    return [
        state.numeric(
            n.RPL_ISUPPORT, *tokens[start : start + TOKENS_PER_LINE], "are supported by this server"
        )
        for start in range(0, len(tokens), TOKENS_PER_LINE)
    ]


def motd(state: State) -> Sequence[bytes]:
    """Return the message of the day: there is none."""
    return [state.numeric(n.ERR_NOMOTD, "There is no message of the day")]


def _nick(state: State, line: Line) -> None:
    own, nick = state.part(Registration), line.param(0)
    if not nick:
        state.tell(state.numeric(n.ERR_NONICKNAMEGIVEN, "NICK takes the nick that you want"))
    elif not (own.asked or own.welcomed):  # some clients say it after SASL, which has named them already
        own.nick = nick
        proceed(state)
    elif nick not in {state.name, state.nick}:  # else nothing changes, and nobody is told
        state.ask(Name(nick), _renamed, about=nick)


def _renamed(state: State, changed: NameChanged) -> Sequence[bytes]:
    if changed.name == state.name:
        return ()
    line = compose("NICK", names.nick(changed.name), source=state.source)
    state.name = changed.name
    return [line]


def _others_name(state: State, changed: NameChanged) -> Sequence[bytes]:
    if changed.name == changed.old:
        return ()
    if changed.old == state.name:  # on another connection of the account
        return _renamed(state, changed)
    state.part(Presence).gone.pop(changed.name, None)  # somebody else of that name may have gone
    return [compose("NICK", names.nick(changed.name), source=names.source(changed.old))]


def _user(state: State, line: Line) -> None:
    own = state.part(Registration)
    if own.welcomed or own.user:
        state.tell(state.numeric(n.ERR_ALREADYREGISTERED, "you have said who you are"))
    elif not line.param(0) or not line.param(3):
        state.tell(
            state.numeric(n.ERR_NEEDMOREPARAMS, "USER", "USER takes a user name, 0, * and a real name")
        )
    else:
        own.user, state.realname = line.param(0), line.param(3)[:REALNAME_CHARACTERS]
        proceed(state)


def _pass(state: State, line: Line) -> None:
    if state.name:
        state.tell(state.numeric(n.ERR_ALREADYREGISTERED, "you are in already"))
    else:
        state.part(Registration).password = line.param(0)


PART = Part(
    commands={
        "NICK": Command(_nick, nameless=True, usage="NICK nick - be called so"),
        "PASS": Command(
            _pass, needs=1, nameless=True, usage="PASS password|account:password - prove who you are"
        ),
        "USER": Command(_user, needs=4, nameless=True, usage="USER user 0 * :real name - come in"),
    },
    events={NameChanged: _others_name},
)
