"""Lines of so many columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from chat_client.ui.wrapping import wrapped


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 80, ["one two three"]),
        ("one two three", 8, ["one two", "  three"]),
        ("    one two", 8, ["    one", "  two"]),
        ("a  b", 80, ["a  b"]),
        ("日本 語 x", 5, ["日本", "  語", "  x"]),
        ("x https://example.org/ y", 8, ["x", "  https://example.org/", "  y"]),
        ("", 8, [""]),
    ],
)
def test_examples(text: str, columns: int, lines: list[str]) -> None:
    """Lines are broken between words, wide characters count as two; too wide a word stays whole."""
    assert wrapped(text, columns, "  ") == lines


@given(st.text("ab 日", max_size=60), st.integers(4, 30))
def test_nothing_is_lost(text: str, columns: int) -> None:
    """All words are there in order, and a line that is too wide has one word."""
    lines = wrapped(text, columns)
    assert " ".join(lines).split() == text.split()
    assert all(get_cwidth(line) <= columns or len(line.split()) == 1 for line in lines)
