"""Whether a text calls somebody by name. Pure."""

import unicodedata


def mentions(text: str, name: str) -> bool:
    """Return whether the name stands in the text as a word, in whichever case and width.

    A word ends where another script begins, so a name is found in a text without blanks (`你好dave再见`),
    but not inside a longer word of its own script.
    """
    wanted, within = _key(name), _key(text)
    place = within.find(wanted) if wanted else -1
    while place >= 0:
        end = place + len(wanted)
        starts = place == 0 or _is_apart(within[place - 1], wanted[0])
        if starts and (end == len(within) or _is_apart(wanted[-1], within[end])):
            return True
        place = within.find(wanted, place + 1)
    return False


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_apart(left: str, right: str) -> bool:
    """Return whether a word ends between two characters."""
    if unicodedata.category(right)[0] == "M":
        return False
    scripts = _script(left), _script(right)
    if None in scripts:
        return True
    return bool(_WITHOUT_BLANKS.intersection(scripts)) or (
        scripts[0] != scripts[1] and "DIGIT" not in scripts
    )


# Scripts that put no blanks between words, or put particles right after a name.
_WITHOUT_BLANKS = frozenset(
    ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
)


def _script(character: str) -> str | None:
    """Return the script of a letter, `DIGIT`, or none for what is in no word."""
    if character.isdecimal() or character == "_":
        return "DIGIT"
    if not character.isalnum() and unicodedata.category(character)[0] != "M":
        return None
    return unicodedata.name(character, "?").partition(" ")[0]
