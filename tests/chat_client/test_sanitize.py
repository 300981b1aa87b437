"""What others write cannot control the terminal, nor hide."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcwidth

from chat_client.sanitize import cleaned, escaped, lines, sendable, visible

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Mostly what is dangerous, and what surrounds it in practice.
NASTY = st.text(
    st.one_of(
        st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp")),
        st.sampled_from("\\a 👩\u200d🚀\ufe0f❤🔥\u3164\u2800\u115f\n\r\t\x1b\x9b\u202e\u2066"),
        st.characters(),
    )
)


#: What stays if a script needs it: joiners, the blank of South-East Asia, selectors, tags, number signs.
NEEDED = set(
    "\u200b\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


@given(NASTY)
def test_nothing_hidden_is_left(text: str) -> None:
    """No control and no character that turns lines round is left, and no joiner beside Latin letters."""
    shown = visible(text)
    for character in shown:
        assert (
            unicodedata.category(character) not in HIDDEN or character in NEEDED or character >= "\U00013430"
        )
    assert not re.search(
        r"[a-zA-Z][\u200b-\u200d\ufe00-\ufe0f]|[\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069]", shown
    )
    assert not re.search(r"[\u200b-\u200d]{2}", shown)


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0647\u200d.",
        "क्\u200dष क्\u200cष ಬ್ಯಾಂಕ್\u200c ",
        "ക്\u200d",
        "ភាសា\u200bខ្មែរ",
        "☺\ufe0f ❤\ufe0f\u200d🔥 1\ufe0f\u20e3 ©\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "葛\U000e0100城",
        "ᠠ\u180b",
        "\u0600\u0661\u0662",
    ],
)
def test_what_a_script_needs_stays(text: str) -> None:
    """Joiners, selectors and tags are no escapes where they belong, on the screen and in files."""
    assert visible(text) == text
    assert escaped(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "d\ufe0fave",
        "dave\u200c",
        "\u0645\u06cc\u200c\u200c\u062e",
        "\u0645\u06cc\u200cdave",
        "🏴\U000e0067",
        "x\U000e0067\U000e007f",
        "a\u200bb",
    ],
)
def test_the_same_characters_elsewhere_are_shown(text: str) -> None:
    """Where they change nothing that is seen, they could only hide something."""
    assert "\\" in visible(text)


@given(NASTY)
def test_nothing_that_is_said_holds_a_control(text: str) -> None:
    """Whatever was typed or pasted, no control character and no line end is left of it."""
    said, _ = cleaned(text)
    assert not any(unicodedata.category(each) in {"Cc", "Zl", "Zp"} for each in said)


@pytest.mark.parametrize(
    ("text", "said", "dropped"),
    [
        ("be\x1afore", "before", 1),
        ("\x1b[31mred\x1b[0m", "red", 2),
        ("\x9b2Jx\x00", "x", 2),
        ("\x1b]0;title\x07x", "x", 1),
        ("a\r\nb\rc\nd\u2028e\x85f", "a b c d e f", 0),
        ("a\tb", "a    b", 0),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👩\u200d🚀",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👩\u200d🚀",
            0,
        ),
    ],
)
def test_what_is_left_out_of_what_is_said(text: str, said: str, dropped: int) -> None:
    """Sequences go as a whole and are counted; line ends are blanks; joiners stay."""
    assert cleaned(text) == (said, dropped)


@given(NASTY)
def test_what_is_shown_takes_the_columns_that_it_seems_to(text: str) -> None:
    """Nothing moves the cursor, and what has no width is a mark on what is before it, or belongs there."""
    for character in visible(text):
        assert wcwidth(character) >= 0
        assert (
            wcwidth(character)
            or unicodedata.category(character)[0] == "M"
            or character in NEEDED
            or character >= "\U00013430"
            or "\u1160" <= character <= "\u11ff"  # the vowels and endings of a Korean syllable
        )


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
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in line)
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


@pytest.mark.parametrize("opening", ["\x9d", "\x90", "\x98", "\x1b]", "\x1b_", "\x9b", "\x1b[", "\x9dx"])
def test_openings_without_an_end_are_looked_at_once(opening: str) -> None:
    """A search to the end of the text for each would take hours if the text is long."""
    text, dropped = cleaned(opening * 200_000)
    assert dropped >= 200_000
    assert len(text) <= 2 * 200_000
