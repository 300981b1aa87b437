"""How the server's errors are told in IRC: by numerics where clients know one, else by standard replies."""

from collections.abc import Mapping

from chat_server.net.dialects.irc import numerics as n

#: Numerics of errors about what the client named, whatever the command.
_NUMERICS: Mapping[str, str] = {
    "name_invalid": n.ERR_ERRONEUSNICKNAME,
    "name_taken": n.ERR_NICKNAMEINUSE,
    "room_invalid": n.ERR_NOSUCHCHANNEL,
    "not_a_member": n.ERR_NOTONCHANNEL,
    "no_such_user": n.ERR_NOSUCHNICK,
    "not_allowed": n.ERR_CHANOPRIVSNEEDED,
}
#: What stands in a command's place of them.
_BY_COMMAND: Mapping[tuple[str, str], str] = {
    ("JOIN", "limit_reached"): n.ERR_TOOMANYCHANNELS,
    ("JOIN", "not_allowed"): n.ERR_INVITEONLYCHAN,
    ("JOIN", "banned"): n.ERR_BANNEDFROMCHAN,
    ("PRIVMSG", "not_allowed"): n.ERR_CANNOTSENDTOCHAN,
    ("PRIVMSG", "not_a_member"): n.ERR_CANNOTSENDTOCHAN,
}


def numeric_of(command: str, code: str) -> str | None:
    """Return the numeric of an error that answers this command; none if clients know none."""
    return _BY_COMMAND.get((command, code)) or _NUMERICS.get(code)
