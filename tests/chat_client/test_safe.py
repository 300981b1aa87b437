"""What others write cannot control the terminal, nor hide."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.safe import escaped, lines, sendable, visible

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Mostly what is dangerous, and what surrounds it in practice.
NASTY = st.text(
    st.one_of(
        st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp")),
        st.sampled_from("\\a 👩\u200d🚀\ufe0f❤🔥\u3164\u2800\u115f\n\r\t\x1b\x9b\u202e\u2066"),
        st.characters(),
    )
)


@given(NASTY)
def test_nothing_hidden_is_left(text: str) -> None:
    """No control or invisible character is left, but for the joiner within an emoji."""
    shown = visible(text)
    for place, character in enumerate(shown):
        if character == "\u200d":
            assert shown[place - 1] == "\ufe0f" or unicodedata.category(shown[place - 1]) in {
                "So",
                "Sk",
                "Sm",
            }
            assert unicodedata.category(shown[place + 1]) in {"So", "Sk", "Sm", "Cn"}
        else:
            assert unicodedata.category(character) not in HIDDEN


@given(NASTY)
def test_what_is_shown_stays_as_it_is(text: str) -> None:
    """Showing it a second time changes nothing, so it does no harm to do it twice."""
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(categories=("L", "Mn", "Nd", "P", "Zs"), max_codepoint=0x1FFF)))
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Letters of all scripts, digits and punctuation are shown as they are."""
    ordinary = "".join(
        each for each in text if each not in "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f"
    )
    assert visible(ordinary) == ordinary


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("bell\x07 tab\t back\x08", "bell␇ tab␉ back␈"),
        ("a\x7fb", "a␡b"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("da\u200bve", "da\\u200bve"),
        ("da\u200dve", "da\\u200dve"),
        ("da\xadve", "da\\xadve"),
        ("\ufeffdave", "\\ufeffdave"),
        ("a\u3164b", "a\\u3164b"),
        ("\U000e0041", "\\U000e0041"),
        ("line\nline", "line␊line"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("👩‍🚀 🏳️‍🌈 👨‍👩‍👧", "👩‍🚀 🏳️‍🌈 👨‍👩‍👧"),
        ("grüße 今日は שלום", "grüße 今日は שלום"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    """Controls become their pictures, the rest escapes; emoji and other scripts stay."""
    assert visible(text) == shown


def test_lines_of_a_text() -> None:
    """Lines are cut at line ends only; a lone carriage return is none."""
    assert lines("a\nb\r\nc\rd\te") == ["a", "b", "c\rd    e"]
    assert lines("") == [""]


@given(NASTY)
def test_escapes_can_be_told_back(text: str) -> None:
    """An escaped text is one safe line from which the text itself can be had."""
    line = escaped(text)
    assert not any(unicodedata.category(each) in HIDDEN for each in line)
    told_back = line.encode("raw_unicode_escape", "surrogatepass").decode("unicode_escape")
    assert told_back == text


def test_escape_examples() -> None:
    """The common ones are those that everybody knows."""
    assert escaped("a\nb\tc\\d\x1b\u202e") == "a\\nb\\tc\\\\d\\x1b\\u202e"


@given(st.text(st.characters()))
def test_what_is_sent_can_be_encoded(text: str) -> None:
    """What came from bytes that are no text is replaced, and only that."""
    sent = sendable(text)
    assert sent.encode().decode() == sent
    assert len(sent) == len(text)
    assert sendable("dä\udcffve") == "dä?ve"
