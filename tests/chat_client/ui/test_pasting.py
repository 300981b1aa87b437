"""What was pasted, as terminals say it or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.ui.pasting import BEGIN, END, PASTED, Paster

LONG = "ä" * PASTED


def fed(*pieces: str) -> str:
    """Return what becomes of a terminal's words."""
    return "".join(map(Paster().feed, pieces))


def test_a_long_run_was_pasted() -> None:
    """Line ends and other keys around it are keys still."""
    assert fed(f"{LONG}\rhi\t{LONG}x") == f"{BEGIN}{LONG}{END}\rhi\t{BEGIN}{LONG}x{END}"


@pytest.mark.parametrize("text", ["hello\r", LONG[1:], "", "\x1b[A", f"\x1b[{LONG}"])
def test_what_was_typed_stays(text: str) -> None:
    """Nobody types so much at once; a key is no text."""
    assert fed(text) == text


@pytest.mark.parametrize("cut", range(len(BEGIN + LONG + "\r" + LONG + END) + 1))
def test_what_is_marked_is_not_marked_again(cut: int) -> None:
    """Wherever it is cut: a mark in the middle of it would end it."""
    text = BEGIN + LONG + "\r" + LONG + END
    assert fed(text[:cut], text[cut:]) == text


def test_after_a_marked_text_runs_are_looked_at_again() -> None:
    """Another text may come without marks."""
    assert (
        fed(BEGIN + LONG + END, "x" * 16 + "\r", LONG) == f"{BEGIN}{LONG}{END}{'x' * 16}\r{BEGIN}{LONG}{END}"
    )


@given(st.lists(st.text(st.sampled_from("a\r\x1b[~201"))))
def test_nothing_is_lost(pieces: list[str]) -> None:
    """Only marks are added, whatever comes."""
    assert fed(*pieces).replace(BEGIN, "").replace(END, "") == "".join(pieces).replace(BEGIN, "").replace(
        END, ""
    )
