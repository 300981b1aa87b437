"""MODE: how a room is run and who is what in it, and of oneself whether one is a program."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from chat_protocol.moderation_messages import (
    Ban,
    Banned,
    Bans,
    BansFrame,
    Role,
    RoleFrame,
    Rules,
    RulesFrame,
    Unban,
)
from chat_protocol.people_messages import Profile, ProfileFrame
from chat_protocol.server_messages import ErrorFrame
from chat_server.chat.standing import BANS_AT_MOST
from chat_server.net.dialects.irc import names
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part
from chat_server.net.dialects.irc.grammar import Line, compose
from chat_server.net.dialects.irc.mode_letters import (
    BAN,
    FIXED,
    KEY,
    NO_ROLE,
    ROLES,
    RULES,
    Change,
    changes,
    of_changed_rules,
    of_role,
    of_rules,
    written,
)
from chat_server.net.dialects.irc.state import Asked, State, refused

#: How many changes one line may have.
MODES_AT_MOST = 6
KEY_CHARACTERS = 256
#: What a ban stands for: a nick, and any user and host.
ANYWHERE = "!*@*"
#: Of oneself: a program; and what is always so: nobody finds whoever shares no room with them.
BOT, INVISIBLE = "B", "i"


def _mode(state: State, line: Line) -> None:
    target = line.param(0)
    if names.is_channel(target):
        _of_room(state, target, line.params[1:])
    elif names.same(target, state.name):
        _of_oneself(state, line.param(1))
    else:
        state.tell(state.numeric(n.ERR_USERSDONTMATCH, "MODE is for rooms, and for yourself"))


# Rooms


def _of_room(state: State, channel: str, params: Sequence[str]) -> None:
    if not params:
        state.ask(Rules(names.room(channel)), partial(_shown, channel), _not_run, channel)
        return
    asked = list(changes(params[0], params[1:]))
    if len(asked) > MODES_AT_MOST:
        state.tell(state.fail("TOO_MANY_MODES", channel, text=f"MODE takes {MODES_AT_MOST} changes a line"))
        return
    rules: dict[str, bool | str] = {}
    for each in asked:
        _change(state, channel, each, rules)
    if rules:
        state.ask(Rules(names.room(channel), **rules), rules_changed, about=channel)  # type: ignore[arg-type]  # as RULES and KEY have them


def _change(state: State, channel: str, change: Change, rules: dict[str, bool | str]) -> None:
    """Ask for one change; those of the rules are gathered."""
    letter = change.letter
    if change.lacks:
        text = f"MODE {letter} takes a parameter"
        state.tell(state.numeric(n.ERR_INVALIDMODEPARAM, channel, letter, "*", text))
    elif letter in RULES:
        rules[RULES[letter]] = change.adds
    elif letter == KEY:
        _key(state, channel, change, rules)
    elif letter in ROLES:
        _role(state, channel, change)
    elif letter == BAN:
        _ban(state, channel, change)
    elif letter not in FIXED:
        state.tell(state.numeric(n.ERR_UNKNOWNMODE, letter, f"is no mode here; there are {ALL_LETTERS}"))
    elif not change.adds:
        state.tell(state.numeric(n.ERR_UNKNOWNMODE, letter, f"can't be taken away: {FIXED[letter]}"))


def _key(state: State, channel: str, change: Change, rules: dict[str, bool | str]) -> None:
    key = change.param or ""
    if not change.adds:
        rules["password"] = ""
    elif key and " " not in key and "," not in key and len(key) <= KEY_CHARACTERS:
        rules["password"] = key
    else:
        text = f"a key has 1 to {KEY_CHARACTERS} characters, and no space or comma"
        state.tell(state.numeric(n.ERR_INVALIDMODEPARAM, channel, KEY, "*", text))


def _role(state: State, channel: str, change: Change) -> None:
    role, lower = ROLES[change.letter]
    nick = change.param or ""
    asked = Role(nick, role, names.room(channel), from_roles=[*lower])  # type: ignore[arg-type]  # one of those
    if not change.adds:
        asked = Role(nick, NO_ROLE, names.room(channel), from_roles=[role])  # type: ignore[arg-type]  # as above
    state.ask(asked, role_changed, partial(_no_role, channel), about=nick)


def _no_role(channel: str, state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Tell an error of the nick if it is about that, else of the channel."""
    if error.code != "no_such_user":
        asked.about = channel
    return refused(state, asked, error)


def _ban(state: State, channel: str, change: Change) -> None:
    room, mask = names.room(channel), change.param
    if mask is None:
        state.ask(Bans(room), partial(_banned, channel), _no_bans, channel)
        return
    nick = mask.removesuffix(ANYWHERE)
    if not nick or set("!@*?") & set(nick):
        text = f"a ban is of a nick: {BAN} nick{ANYWHERE}; nobody's host is known here"
        state.tell(state.numeric(n.ERR_INVALIDMODEPARAM, channel, BAN, mask, text))
    elif change.adds:
        state.ask(Ban(nick, room), partial(_ban_changed, channel), partial(_no_role, channel), about=nick)
    else:
        state.ask(Unban(nick, room), partial(_ban_changed, channel), partial(_no_role, channel), about=nick)


def _ban_changed(channel: str, state: State, banned: Banned) -> Sequence[bytes]:
    change = Change(BAN, banned.seconds != 0, names.nick(banned.name) + ANYWHERE)
    return [compose("MODE", channel, *written([change]), source=state.source)]


def _banned(channel: str, state: State, frame: BansFrame) -> Sequence[bytes]:
    return [
        *[
            state.numeric(n.RPL_BANLIST, channel, names.nick(each.name) + ANYWHERE)
            for each in frame.bans
            if not each.mute
        ],
        state.numeric(n.RPL_ENDOFBANLIST, channel, "End of channel ban list"),
    ]


def _shown(channel: str, state: State, rules: RulesFrame) -> Sequence[bytes]:
    return [state.numeric(n.RPL_CHANNELMODEIS, channel, *written(of_rules(rules)))]


def _not_run(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """Tell how a room is run in a chat without accounts: clients ask on coming in, so this is no error."""
    if error.code != "not_allowed":
        return refused(state, asked, error)
    return [state.numeric(n.RPL_CHANNELMODEIS, asked.about, "+n")]


def _no_bans(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
    """List no bans to who is no moderator: clients ask on coming in, so this is no error either."""
    if error.code != "not_allowed":
        return refused(state, asked, error)
    return [state.numeric(n.RPL_ENDOFBANLIST, asked.about, "those who are banned are for moderators to see")]


def rules_changed(state: State, rules: RulesFrame) -> Sequence[bytes]:
    """Show what is new of how a room is run; slow mode has no letter, so it is told in words."""
    channel, lines = names.channel(rules.room), []
    source = names.source(rules.by) if rules.by else state.settings.server
    if made := of_changed_rules(rules):
        lines.append(compose("MODE", channel, *written(made), source=source))
    if "slow_seconds" in rules.changed:
        slow = rules.slow_seconds
        text = f"slow mode: one message in {slow:g} s" if slow else "no slow mode any more"
        lines.append(state.told("NOTICE", channel, text))
    return lines


def role_changed(state: State, role: RoleFrame) -> Sequence[bytes]:
    """Show what somebody is from now on; what has no letter is told in words."""
    channel, nick = names.channel(role.room), names.nick(role.name)
    source = names.source(role.by)
    if made := of_role(role, nick):
        return [compose("MODE", channel, *written(made), source=source)]
    if role.was is None or role.was == role.role:
        return ()
    text = f"{nick} is {role.role} now ({names.nick(role.by)})"
    return [state.told("NOTICE", channel, text)]


# Oneself


def _of_oneself(state: State, letters: str) -> None:
    if not letters:
        state.ask(Profile(), _own_modes)
        return
    for each in changes(letters, ()):
        if each.letter == BOT:
            state.ask(Profile(bot=each.adds), _bot_changed)
        elif each.letter != INVISIBLE:
            text = f"no such mode of yourself; there are {BOT} and {INVISIBLE}"
            state.tell(state.numeric(n.ERR_UMODEUNKNOWNFLAG, text))


def _own_modes(state: State, profile: ProfileFrame) -> Sequence[bytes]:
    letters = "".join(sorted([INVISIBLE, *([BOT] if profile.bot else [])]))
    return [state.numeric(n.RPL_UMODEIS, f"+{letters}")]


def _bot_changed(state: State, profile: ProfileFrame) -> Sequence[bytes]:
    if not profile.changed:
        return ()
    return [compose("MODE", state.nick, f"{'+' if profile.bot else '-'}{BOT}", source=state.source)]


ALL_LETTERS = "".join(sorted([BAN, KEY, *RULES, *ROLES, *FIXED]))
OWN_LETTERS = "".join(sorted([BOT, INVISIBLE]))
_FLAGS = "".join(sorted([*RULES, *FIXED]))
_TOKENS: Mapping[str, str] = {
    "BOT": BOT,
    "CHANMODES": f"{BAN},{KEY},,{_FLAGS}",
    "KEYLEN": str(KEY_CHARACTERS),
    "MAXLIST": f"{BAN}:{BANS_AT_MOST}",
    "MODES": str(MODES_AT_MOST),
    "PREFIX": "(ov)@+",
}


USAGE = "MODE #room [letters] [nicks] - tell how a room is run, or change it"


def _value(text: str) -> Callable[[object], str]:
    return lambda _: text


PART = Part(
    commands={"MODE": Command(_mode, needs=1, usage=USAGE)},
    tokens={name: _value(value) for name, value in _TOKENS.items()},
    events={RulesFrame: rules_changed, RoleFrame: role_changed},
)
