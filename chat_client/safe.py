r"""Text from others, made safe to show: what could control the terminal or hide is shown, not obeyed.

A terminal obeys control characters (C0, DEL, C1; ECMA-48), and turns lines round at bidirectional
overrides (Unicode Standard Annex 9); other characters are invisible, so that two names look the same.
C0 and DEL are shown as their pictures (`␛`), all others as escapes (`\u202e`). The joiner inside an
emoji (👩‍🚀) stays: it can hide nothing there.
"""

import re
import unicodedata

_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# What shows nothing though it is in none of these (Default_Ignorable_Code_Point, and the braille blank).
_BLANK = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810)),
        *(0x2800, 0x3164, 0xFFA0, *range(0xE0000, 0xE1000)),
    )
)
_EMOJI = "[\u2190-\u2bff\U0001f000-\U0001faff]"
_JOINT = re.compile(f"((?<={_EMOJI})\ufe0f?\u200d(?={_EMOJI}))")
_BREAK = re.compile(r"\r\n|\n")
# The control pictures of Unicode: C0 in order, and DEL.
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}


def visible(text: str) -> str:
    """Return the text on one line with nothing in it that a terminal obeys or hides."""
    if _is_plain(text):
        return text
    # What the pattern captured stands at the odd places.
    parts = _JOINT.split(text)
    return "".join(part if place % 2 else "".join(map(_picture, part)) for place, part in enumerate(parts))


def lines(text: str) -> list[str]:
    """Return the lines of a text, with tabs as spaces; each still needs `visible`."""
    return [line.replace("\t", "    ") for line in _BREAK.split(text)]


def escaped(text: str) -> str:
    r"""Return the text on one line, so that it can be told back from it: `\n`, `\\`, `\x1b`, `\u202e`."""
    if _is_plain(text) and "\\" not in text:
        return text
    return "".join(_escape(each) if each == "\\" or _is_hidden(each) else each for each in text)


def sendable(text: str) -> str:
    """Return the text with what is no character (from bytes that are not UTF-8) replaced."""
    return text.encode("utf-8", "replace").decode()


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or ord(character) in _BLANK


def _picture(character: str) -> str:
    return _PICTURES.get(character) or (_escape(character) if _is_hidden(character) else character)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
