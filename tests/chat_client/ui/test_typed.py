"""What a typed line is."""

import pytest

from chat_client.ui.typed import Typed, nearest, parse, says_exit


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("hello", Typed(None, "hello")),
        (" hello /x", Typed(None, " hello /x")),
        ("//x", Typed(None, "/x")),
        ("\u3000/WHO\u3000tea", Typed("who", "tea")),
        ("\uff0f\uff57\uff48\uff4f", Typed("who", "")),
        ("/", Typed("", "")),
    ],
)
def test_lines(line: str, typed: Typed) -> None:
    """Texts and commands are told apart, in whichever width and case."""
    assert parse(line) == typed


def test_nothing_is_near_to_everything() -> None:
    """A name that is like no command gets no hint."""
    assert nearest("zzzz", ["who"]) is None


@pytest.mark.parametrize("line", ["exit now", "to exit", "//exit", "exits", "", "e xit"])
def test_only_the_word_alone_says_exit(line: str) -> None:
    """Anything else is a text, or another command."""
    assert not says_exit(line)
