"""What a typed line is: a text, or a command. Pure.

A command begins with `/`. Blanks and invisible characters before it, and the slashes of other keyboards
(full-width ones), make it no text: what is nearly a command must never be said aloud.
"""

import difflib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from chat_client.sanitize import is_hidden

# Solidus; full-width, fraction and division slash; big, rising diagonal, and box drawing ones.
_SLASHES = frozenset("/\uff0f\u2044\u2215\u29f8\u27cb\u2571")
_BACKSLASHES = frozenset("\\\uff3c\ufe68\u29f9\u29f5")


@dataclass(frozen=True, slots=True)
class Typed:
    """A line taken apart. `command` is none for a text, which is in `rest` then."""

    command: str | None
    rest: str


def parse(line: str) -> Typed:
    """Take a line apart. A line that begins with two slashes is a text that begins with one."""
    start = next((place for place, each in enumerate(line) if not _is_nothing(each)), len(line))
    if line[start : start + 1] not in _SLASHES:
        return Typed(None, line)
    if line[start + 1 : start + 2] in _SLASHES:
        return Typed(None, line[start + 1 :])
    name, _, argument = _on_one_kind_of_blank(line[start + 1 :]).partition(" ")
    return Typed(_bare(name), argument.strip())


def says_exit(line: str) -> bool:
    """Tell whether a line is the word `exit` and nothing else, in whichever case or width it was typed."""
    return _bare(line.strip()).strip() == "exit"


def backslashed(line: str, commands: Collection[str]) -> str | None:
    """Return the command that a line names after a backslash, or none."""
    first, _, _ = _on_one_kind_of_blank(line).strip().partition(" ")
    name = _bare(first[1:])
    return name if first[:1] in _BACKSLASHES and name in commands else None


def nearest(name: str, commands: Collection[str]) -> str | None:
    """Return the command whose name is most like this one, or none if none is."""
    close = difflib.get_close_matches(name[:40], commands, n=1, cutoff=0.6)
    return close[0] if close else None


def is_blank(text: str) -> bool:
    """Return whether nothing of a text can be seen."""
    return all(map(_is_nothing, text))


def _is_nothing(character: str) -> bool:
    return character.isspace() or is_hidden(character)


def _on_one_kind_of_blank(text: str) -> str:
    return "".join(" " if each.isspace() else each for each in text)


def _bare(name: str) -> str:
    visible = "".join(each for each in name if not is_hidden(each))
    return unicodedata.normalize("NFKC", visible).casefold()
