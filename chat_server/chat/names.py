"""Names of users and rooms: what is allowed, and which two are the same.

Two names are the same if they are equal after NFKC and case folding (Unicode Standard Annex 15; RFC 8265
does the same): nobody can pass for another by width or case. Two users' names are also the same if they look
alike (`lookalikes.py`).
"""

import re
import unicodedata

from chat_protocol.errors import NameInvalidError, NameTakenError, PeerError, RoomInvalidError
from chat_server.chat.lookalikes import skeleton

# Beside letters (L*), marks (M*), decimal digits (Nd) and emoji (So): what people write in names; the second
# half is what nicknames of IRC may have (RFC 2812, section 2.3.1), but for the backslash, which is JSON's.
_PUNCTUATION = "_-.'+" + "[]{}|^`"
_CATEGORIES = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "So"))
# What is drawn as nothing, though its category is one of these (Default_Ignorable_Code_Point of Unicode's
# DerivedCoreProperties, and the blank Braille pattern): left out of names, as NFKC_Casefold does.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


# Joiners (ZERO WIDTH NON-JOINER and JOINER): part of the spelling of Persian, Hindi and many others, and of
# emoji that are made of several; and the tags of which flags such as Scotland's are made. They may stand in a
# name, but no two names differ by them alone.
_JOINERS = "\u200c\u200d"
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_SILENT = str.maketrans("", "", _JOINERS + _TAGS)
#: The directions of letters (Unicode Standard Annex 9): a name with both kinds is drawn in another order than
#: it is spelt.
_LEFT_TO_RIGHT = frozenset("L")
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
#: Names under which a stranger could speak for the service or for everyone; only an account may have one.
SERVICE_NAMES = (
    "admin",
    "administrator",
    "all",
    "chat",
    "everyone",
    "here",
    "moderator",
    "operator",
    "owner",
    "server",
    "service",
    "system",
)
# The skin tones of emoji, which are modifiers (Sk).
_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


def key(name: str) -> str:
    """Return what two names are compared by."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return folded.translate(_SILENT)


def user_key(name: str) -> str:
    """Return the key of a user's name in whatever spelling; it need not be a good one."""
    return key(_cleaned(name))


def room_key(name: str) -> str:
    """Return the one spelling of a room's name in whatever spelling; it need not be a good one."""
    return key(_cleaned(name.strip().removeprefix("#")))


def keys(name: str) -> frozenset[str]:
    """Return what a user's name is known by: two that share one of these are the same to a reader."""
    return frozenset((key(name), key(skeleton(name))))


def user_name(name: str, limit: int, *, ascii_only: bool = False) -> str:
    """Return the name as it will be shown. Raises `NameInvalidError`."""
    return _checked(name, limit, NameInvalidError, ascii_only=ascii_only)


def room_name(name: str, limit: int, *, ascii_only: bool = False) -> str:
    """Return the room's one spelling, in which all write it. Raises `RoomInvalidError`."""
    return key(_checked(name.strip().removeprefix("#"), limit, RoomInvalidError, ascii_only=ascii_only))


def refuse_service_name(name: str) -> None:
    """Raise `NameTakenError` if somebody of this name could speak for the service."""
    if not _SERVICE_KEYS.isdisjoint(keys(name)) or _ACCOUNT_ID.fullmatch(key(name)):
        raise NameTakenError(f"the name {name} is kept for the service; choose another")


def _cleaned(name: str) -> str:
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", name.strip()))


# What the server itself knows an account by (`identity.account_id`): a ban of a guest of that name would
# be the account's.
_ACCOUNT_ID = re.compile("account-[0-9]+")
# In capitals too: ADM1N looks like ADMIN, though it is nothing like admin.
_SERVICE_KEYS = frozenset[str]().union(
    *(keys(spelling) for name in SERVICE_NAMES for spelling in (name, name.capitalize(), name.upper()))
)


def _checked(name: str, limit: int, error: type[PeerError], *, ascii_only: bool) -> str:
    name = _cleaned(name)
    if ascii_only and not name.isascii():
        raise error(f"not ASCII; this server takes a-z, A-Z, 0-9 and {_PUNCTUATION} in names")
    if not key(name):
        raise error("empty; use 1 or more letters or digits")
    if len(name) > limit or len(key(name)) > limit:
        raise error(f"longer than {limit} characters; choose a shorter one")
    if unicodedata.category(name[0])[0] == "M":
        raise error("begins with a combining mark; begin with a letter or digit")
    if all(character in _PUNCTUATION for character in name):
        raise error("nothing but punctuation; use a letter or digit as well")
    for at, character in enumerate(name):
        if not _is_good(character, name[at - 1 : at], name[at + 1 : at + 2]):
            raise error(f"{_described(character)}; use letters, digits and {_PUNCTUATION}")
    if _has_both_directions(name):
        raise error("letters of both directions, left to right and right to left; use those of one")
    return name


def _has_both_directions(name: str) -> bool:
    directions = {unicodedata.bidirectional(each) for each in name}
    return not (_LEFT_TO_RIGHT.isdisjoint(directions) or _RIGHT_TO_LEFT.isdisjoint(directions))


def _is_good(character: str, before: str, after: str) -> bool:
    """Tell whether the character may stand between these two, each of them empty at an end."""
    if character in _PUNCTUATION or character in _TONES:
        return True
    if character in _JOINERS:
        return _joins(before) and _joins(after)
    if character in _TAGS:
        return bool(before) and (before in _TAGS or unicodedata.category(before) == "So")
    return unicodedata.category(character) in _CATEGORIES


def _joins(character: str) -> bool:
    """Tell whether a joiner beside it can change how it looks: letters without case, their marks, emoji."""
    return bool(character) and (
        character in _TONES or unicodedata.category(character) in ("Lo", "Mn", "Mc", "So")
    )


def _described(character: str) -> str:
    """Say what is wrong, in words that a person knows."""
    category = unicodedata.category(character)
    if category[0] == "Z" or character.isspace():
        return "no spaces"
    if category[0] == "C":
        return "no invisible or control characters"
    return f"no {character}"
