"""Which messages a relay passes on: words, beginnings, mentions. Pure, and linear in the length of a text."""

import itertools

from chat_server.chat import names
from chat_server.journal.words import is_in, phrases, tokens
from chat_server.store.hooks import Match


class Matcher:
    """Tells whether a text matches: by any word, prefix or mention; if none is given, each text does.

    Words are found as a search finds them, whatever their case. A prefix is compared as it is. Somebody is
    mentioned by @name anywhere, or by the name before a colon or a comma at the beginning.
    """

    def __init__(self, match: Match) -> None:
        self._words = [[token for each in phrases(word) for token in each] for word in match.words]
        self._prefixes = tuple(match.prefixes)
        self._mentions = [names.user_key(each) for each in match.mentions]
        self._takes_all = not any(match)

    def matches(self, text: str) -> bool:
        """Tell whether a text matches."""
        return self._takes_all or self._begins(text) or self._has_word(text) or self._mentions_any(text)

    def _begins(self, text: str) -> bool:
        return bool(self._prefixes) and text.lstrip().startswith(self._prefixes)

    def _has_word(self, text: str) -> bool:
        if not self._words:
            return False
        row = tokens(text)
        return any(word and is_in(word, row) for word in self._words)

    def _mentions_any(self, text: str) -> bool:
        if not self._mentions:
            return False
        folded = names.key(text)
        return any(_is_mentioned(each, folded) for each in self._mentions)


def _is_mentioned(name: str, text: str) -> bool:
    if text.lstrip().startswith((f"{name}:", f"{name},")):
        return True
    pieces = text.split(f"@{name}")
    return any(
        not _is_of_word(before[-1:]) and not _is_of_word(after[:1])
        for before, after in itertools.pairwise(pieces)
    )


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"
