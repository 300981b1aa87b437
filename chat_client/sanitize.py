r"""Text from others, made safe to show: what could control the terminal or hide is shown, not obeyed.

A terminal obeys control characters (C0, DEL, C1; ECMA-48), and turns lines round at bidirectional
overrides (Unicode Standard Annex 9); other characters are invisible, so that two names look the same.
C0 and DEL are shown as their pictures (`␛`), all others as escapes (`\u202e`). Invisible characters stay
if a script needs them just there, and they change what is seen: the joiners of Persian, Hindi and emoji
(👩‍🚀), variation selectors after an emoji or an ideograph, the tags that make a flag.
"""

import re
import unicodedata
from collections.abc import Callable

_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# Number and verse signs that are drawn, though their category is Cf.
_DRAWN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
# What shows nothing though it is in none of these (Default_Ignorable_Code_Point, and the braille blank).
_BLANK = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810)),
        *(0x2800, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0000, 0xE1000)),
    )
)
# No class below holds a hidden character: what stands beside one that stays is itself drawn as it is.
_EMOJI = "[\u2190-\u27ff\u2801-\u2bff\U0001f000-\U0001faff]"
_PRESENTED = "[0-9#*\xa9\xae\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299]"
_IDEOGRAPH = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_MONGOLIAN = "[\u1810-\u18aa]"
_ARABIC = "[\u0620-\u06dc\u06de-\u06ff\u0710-\u077f\u07ca-\u07fa\u0840-\u085b\u0860-\u088f\u0898-\u08e1]"
_INDIC = "[\u0900-\u0dff]"
_SOUTH_EAST = "[\u0e00-\u109f\u1780-\u17b3\u17b6-\u17ff\u1900-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf]"
# The signs that take a vowel away, after which a joiner chooses the form of the consonant.
_VIRAMA = "[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca]"
_GLYPH = "[\U00013000-\U0001342f]"
_NEEDED = re.compile(
    "("
    + "|".join(
        (
            rf"(?<={_EMOJI})\ufe0f?\u200d(?={_EMOJI})",
            rf"(?<={_EMOJI})[\ufe00\ufe0e\ufe0f]",
            rf"(?<={_PRESENTED})[\ufe0e\ufe0f]",
            rf"(?<={_IDEOGRAPH})[\ufe00-\ufe02\U000e0100-\U000e01ef]",
            rf"(?<={_MONGOLIAN})[\u180b-\u180f\u200c\u200d]",
            rf"(?<={_ARABIC})\u200c(?={_ARABIC})",
            rf"(?<={_ARABIC})\u200d",
            rf"(?<={_INDIC})[\u200c\u200d](?={_INDIC})",
            rf"(?<={_VIRAMA})[\u200c\u200d]",
            rf"(?<={_SOUTH_EAST})[\u200b-\u200d](?={_SOUTH_EAST})",
            rf"(?<={_GLYPH})[\U00013430-\U00013438](?={_GLYPH})",
            "(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f",
        )
    )
    + ")"
)
_BREAK = re.compile(r"\r\n|\n")
_LINE_END = re.compile("\r\n|[\n\v\f\r\x85\u2028\u2029]")
# A control sequence as a whole (ECMA-48, 5.4 and 5.6), or else a character alone. A string that another one
# interrupts is none: each that has no end would be looked through to the end of the text.
_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]P^_X]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|[\x00-\x1f\x7f-\x9f]"
)
# The control pictures of Unicode: C0 in order, and DEL.
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}


def visible(text: str) -> str:
    """Return the text on one line with nothing in it that a terminal obeys or hides."""
    if _is_plain(text):
        return text
    return _mapped(text, _picture)


def lines(text: str) -> list[str]:
    """Return the lines of a text, with tabs as spaces; each still needs `visible`."""
    return [line.replace("\t", "    ") for line in _BREAK.split(text)]


def escaped(text: str) -> str:
    r"""Return the text on one line, so that it can be told back from it: `\n`, `\\`, `\x1b`, `\u202e`."""
    if _is_plain(text) and "\\" not in text:
        return text
    return _mapped(text, lambda each: _escape(each) if each == "\\" or is_hidden(each) else each)


def sendable(text: str) -> str:
    """Return the text with what is no character (from bytes that are not UTF-8) replaced."""
    return text.encode("utf-8", "replace").decode()


def cleaned(text: str) -> tuple[str, int]:
    """Return a text fit to be said, and how many control characters and sequences were left out of it.

    Line ends and tabs become blanks, which are not counted.
    """
    if text.isprintable():
        return text, 0
    return _CONTROL.subn("", _LINE_END.sub(" ", text.replace("\t", "    ")))


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def is_hidden(character: str) -> bool:
    """Return whether a terminal obeys the character, or shows nothing for it."""
    return (unicodedata.category(character) in _HIDDEN_CATEGORIES and character not in _DRAWN) or ord(
        character
    ) in _BLANK


def _mapped(text: str, change: Callable[[str], str]) -> str:
    """Return the text with each character changed, but for those that its script needs."""
    # What the pattern captured stands at the odd places.
    parts = _NEEDED.split(text)
    return "".join(part if place % 2 else "".join(map(change, part)) for place, part in enumerate(parts))


def _picture(character: str) -> str:
    return _PICTURES.get(character) or (_escape(character) if is_hidden(character) else character)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
