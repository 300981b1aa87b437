"""The letters of MODE: what each means natively, and how a line of them is taken apart. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from chat_protocol.moderation_messages import RoleFrame, RulesFrame

#: Letters of a room that are rules of it natively.
RULES: Mapping[str, str] = {"i": "invite_only", "m": "announce", "s": "unlisted"}
#: Letters that give a role, who may be raised to it, and what that role is.
ROLES: Mapping[str, tuple[str, Sequence[str]]] = {
    "o": ("moderator", ("reader", "member", "speaker")),
    "v": ("speaker", ("reader", "member")),
}
#: What somebody is whose role is taken away.
NO_ROLE = "member"
#: The letter that stands for a role.
LETTERS: Mapping[str, str] = {"speaker": "v", "moderator": "o", "owner": "o", "operator": "o"}
#: Letters that can't be set: what they say is always so, or follows from whose the room is.
FIXED: Mapping[str, str] = {
    "n": "only those who are in a room speak there, in every room",
    "t": "only moderators set the topic of a room that is somebody's, and everybody that of another",
}
BAN, KEY = "b", "k"
_WITH_PARAM = frozenset((BAN, KEY, *ROLES))
#: Letters whose parameter may be left out, and what that means: to ask, or to take away.
_OPTIONAL = frozenset(((True, BAN), (False, BAN), (False, KEY)))
#: What is shown in the place of a password.
HIDDEN = "*"


class Change(NamedTuple):
    """One letter, whether it is set or taken away, and its parameter; none if it has none."""

    letter: str
    adds: bool
    param: str | None = None

    @property
    def lacks(self) -> bool:
        """Whether it has to have a parameter, and has none."""
        return self.letter in _WITH_PARAM and self.param is None and (self.adds, self.letter) not in _OPTIONAL


def changes(letters: str, params: Sequence[str]) -> Iterator[Change]:
    """Return the changes that a line asks for; what stands for nothing is returned as well."""
    left = list(params)
    adds = True
    for letter in letters:
        if letter in "+-":
            adds = letter == "+"
        else:
            yield Change(letter, adds, left.pop(0) if letter in _WITH_PARAM and left else None)


def written(made: Sequence[Change]) -> list[str]:
    """Return changes as they stand in a line: letters with their signs, then the parameters."""
    letters = ""
    sign: bool | None = None
    for each in made:
        if each.adds is not sign:
            letters += "+" if each.adds else "-"
            sign = each.adds
        letters += each.letter
    return [letters, *[each.param for each in made if each.param is not None]]


def of_rules(rules: RulesFrame) -> list[Change]:
    """Return how a room is run, as letters."""
    topic = ["t"] if rules.owned else []
    flags = [letter for letter, field in RULES.items() if getattr(rules, field)]
    key = [Change(KEY, True, HIDDEN)] if rules.password else []
    return [*[Change(each, True) for each in sorted(["n", *topic, *flags])], *key]


def of_changed_rules(rules: RulesFrame) -> list[Change]:
    """Return what is new of how a room is run, as far as there are letters for it."""
    made = [
        Change(letter, bool(getattr(rules, field)))
        for letter, field in RULES.items()
        if field in rules.changed
    ]
    if "password" in rules.changed:
        made.append(Change(KEY, rules.password, HIDDEN))
    return sorted(made, key=lambda each: not each.adds)


def of_role(role: RoleFrame, nick: str) -> list[Change]:
    """Return what becomes of somebody's letters; nothing if they stay."""
    before, now = LETTERS.get(role.was or role.role), LETTERS.get(role.role)
    if before == now:
        return []
    gone = [Change(before, False, nick)] if before is not None else []
    return [*gone, Change(now, True, nick)] if now is not None else gone
