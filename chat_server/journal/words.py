"""What a search looks for: the same in every journal, and in every script.

A text is a row of tokens: words of scripts that write spaces; single characters of those that do not
(Chinese, Japanese, Thai, Lao, Khmer, Burmese); symbols, so that emoji, `c++` and `c#` are found. Case, width
and the accents of Latin, Greek and Cyrillic do not count, other punctuation is passed over. A word of a query
is found where its tokens follow each other.
"""

import re
import unicodedata
from collections.abc import Sequence

from chat_server.journal.search_time import WORDS_LOOKED_AT

# Scripts without spaces between words: their blocks of Unicode.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_ACCENTS = re.compile("[\u0300-\u036f]")
_TOKEN = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+|[^\\w\\s]|_")


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, in their order."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", folded)))
    return [each for each in _TOKEN.findall(folded) if not _is_passed_over(each)]


def phrases(query: str) -> list[list[str]]:
    """Return the tokens of each word of a query; the first `WORDS_LOOKED_AT` words count."""
    words = query.replace("\0", " ").split()[:WORDS_LOOKED_AT]
    return [found for word in words if (found := tokens(word))]


def is_in(phrase: Sequence[str], row: Sequence[str]) -> bool:
    """Tell whether the tokens follow each other in a row of tokens."""
    first, length = phrase[0], len(phrase)
    return any(each == first and list(row[at : at + length]) == list(phrase) for at, each in enumerate(row))


def spelled(row: Sequence[str]) -> str:
    """Return tokens in letters and digits alone, as any tokenizer leaves them."""
    return " ".join(
        f"w{each}" if each.isascii() and each.isalnum() else f"z{each.encode().hex()}" for each in row
    )


def _is_passed_over(word: str) -> bool:
    """Tell whether it is punctuation, a mark on its own, or nothing that is seen."""
    return len(word) == 1 and word != "#" and unicodedata.category(word)[0] in "PMCZ"
