"""Names that look the same to a reader, though no letter of them is the same (Unicode Technical Standard 39).

The table of letters is the Unicode Consortium's `confusables.txt`, as the library has it: for each letter
those that it can be taken for.
"""

import functools
import importlib.resources
import json
import unicodedata
from collections.abc import Mapping

#: What the table writes before and after letters that are written from right to left.
_MARK = "\u200e"


def skeleton(name: str) -> str:
    """Return what a name looks like: nobody can tell two names with the same skeleton apart (UTS 39, 4).

    It is for comparing alone: nobody is shown it.
    """
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFD", decomposed.translate(_prototypes()))


@functools.cache
def _prototypes() -> Mapping[int, str]:
    """Return what each letter is taken for. The table is read once, and only this is kept of it."""
    text = importlib.resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    alike = {
        _unmarked(letter): [_unmarked(each["c"]) for each in others]
        for letter, others in json.loads(text).items()
    }
    return {ord(each): alike[each][0] for each in alike if len(each) == 1 and _has_prototype(each, alike)}


def _has_prototype(letter: str, alike: Mapping[str, list[str]]) -> bool:
    """Tell whether a letter is taken for another, rather than the others for it.

    One that is taken for another has no other; of a pair without others the first in Unicode stands for both.
    """
    if len(alike[letter]) != 1:
        return False
    other = alike[letter][0]
    return len(other) > 1 or len(alike.get(other, ())) > 1 or other < letter


def _unmarked(letters: str) -> str:
    return letters.replace(_MARK, "")
