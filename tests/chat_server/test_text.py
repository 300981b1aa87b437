"""Text for a person's terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.text import age, columns, duration, visible


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    """Whatever a stranger chose."""
    shown = visible(text)
    assert all(each.isprintable() or each.isspace() for each in shown)
    assert not set(shown) & set("\x1b\x07\x00\x7f\x85\x9b\u202e\u2028\n\r")


def test_what_is_harmless_stays() -> None:
    """Letters of every script, and spaces."""
    for text in ("dave", "\u0434\u0435\u0439\u0432", "a b", "\u660e"):
        assert visible(text) == text
    assert visible("a\x1b[2Jb\u202e") == "a\\u001b[2Jb\\u202e"


def test_columns_are_below_each_other() -> None:
    """Wide letters take two cells, combining marks none; no line ends with blanks."""
    rows = [("NAME", "IS"), ("\u660e\u660e", "guest"), ("e\u0301", ""), ("a\nb", "x")]
    assert columns(rows) == ["NAME      IS", "\u660e\u660e      guest", "e\u0301", "a\\u000ab  x"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (185, "3m"),
        (3600, "1h"),
        (7500, "2h5m"),
        (86_400, "1d"),
        (90_000, "1d1h"),
        (86_460, "1d"),
        (864_000, "10d"),
    ],
)
def test_an_age_has_its_two_largest_units(seconds: float, shown: str) -> None:
    """Nobody asks for the seconds of a day."""
    assert age(seconds) == shown


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("1h", 3600), ("2d", 172_800)])
def test_a_duration(text: str, seconds: float) -> None:
    """A number and its unit."""
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "m", "0m", "-1h", "1.5h", "1w", "1h2m", "\u0661h", "\xb2h", " 1h"])
def test_what_is_no_duration(text: str) -> None:
    """It is said how one looks."""
    with pytest.raises(ValueError, match="such as 30m, 2h or 1d"):
        duration(text)
