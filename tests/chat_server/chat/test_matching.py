"""Which messages a relay passes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat.matching import Matcher
from chat_server.store.hooks import Match

some = st.lists(st.text(max_size=8), max_size=3)


@pytest.mark.parametrize(
    ("match", "text", "expected"),
    [
        (Match(), "anything", True),
        (Match(words=["deploy"]), "please DEPLOY it", True),
        (Match(words=["deploy"]), "redeployed", False),
        (Match(words=["build failed"]), "the build, failed again", True),
        (Match(words=["build failed"]), "failed: the build", False),
        (Match(words=["..."]), "nothing of a word", False),
        (Match(words=["\u00e9t\u00e9"]), "ETE", True),
        (Match(prefixes=["!", "/bot "]), "  !help", True),
        (Match(prefixes=["!"]), "help!", False),
        (Match(mentions=["Dave"]), "ask @dave, he knows", True),
        (Match(mentions=["dave"]), "Dave: are you there?", True),
        (Match(mentions=["dave"]), "ask dave", False),
        (Match(mentions=["dave"]), "mail ann@dave.example", False),
        (Match(mentions=["dave"]), "@davenport", False),
        (Match(mentions=["dave"]), "@davenport and @dave", True),
        (Match(words=["x"], mentions=["dave"]), "@dave", True),
    ],
)
def test_what_matches(match: Match, text: str, *, expected: bool) -> None:
    """Any of it is enough."""
    assert Matcher(match).matches(text) is expected


@given(some, some, some, st.text(max_size=60))
def test_any_text_is_told(words: list[str], prefixes: list[str], mentions: list[str], text: str) -> None:
    """Whatever it is, and whatever is looked for."""
    match = Match(words, prefixes, mentions)
    found = Matcher(match).matches(text)
    alone = [Match(words=words), Match(prefixes=prefixes), Match(mentions=mentions)]
    given_ = [each for each in alone if any(each)]
    assert found is (not given_ or any(Matcher(each).matches(text) for each in given_))
