"""Names of users and rooms: what is allowed, and which two are the same.

Two names are the same when they are equal after NFKC and case folding (Unicode Standard Annex 15;
RFC 8265 does likewise), so that nobody can pass for another by width or case.
"""

import re
import unicodedata

from chat_server.errors import NameInvalidError, PeerError, RoomInvalidError

# Beside letters (L*), marks (M*), decimal digits (Nd) and emoji (So): what people write in names.
_PUNCTUATION = frozenset("_-.'+")
_CATEGORIES = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "So"))
# What is drawn as nothing, though its category is one of these (Default_Ignorable_Code_Point of Unicode's
# DerivedCoreProperties, and the blank Braille pattern): left out of names, as NFKC_Casefold does.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def key(name: str) -> str:
    """Return what two names are compared by."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def user_name(name: str, limit: int) -> str:
    """Return the name as it will be shown. Raises `NameInvalidError`."""
    return _checked(name, limit, NameInvalidError)


def room_name(name: str, limit: int) -> str:
    """Return the room's one spelling, in which all write it. Raises `RoomInvalidError`."""
    return key(_checked(name.removeprefix("#"), limit, RoomInvalidError))


def _checked(name: str, limit: int, error: type[PeerError]) -> str:
    name = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name.strip()))
    if not name:
        raise error("empty; use 1 or more letters, digits or _-.'+")
    if len(name) > limit or len(key(name)) > limit:
        raise error(f"longer than {limit} characters; choose a shorter one")
    if unicodedata.category(name[0])[0] == "M":
        raise error("begins with a combining mark; begin with a letter or digit")
    for character in name:
        if character not in _PUNCTUATION and unicodedata.category(character) not in _CATEGORIES:
            raise error(f"U+{ord(character):04X} is not allowed; use letters, digits and _-.'+")
    return name
