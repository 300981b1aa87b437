"""Lines with colours and without."""

import pytest

from chat_client.ui.paint import Painter, name_style, wants_colours

PIECES = [("dim", "12:00 "), ("", "dave: "), ("problem", "x\x1b[2Jy")]


def test_plain_lines_have_no_codes() -> None:
    """Without colours a line is its text alone, made safe."""
    assert Painter(colours=False).line(PIECES) == "12:00 dave: x␛[2Jy"


def test_colours_are_the_only_codes() -> None:
    """With colours each piece is coloured by itself; what is in it is made safe all the same."""
    assert Painter(colours=True).line(PIECES) == "\x1b[2m12:00 \x1b[0mdave: \x1b[31mx␛[2Jy\x1b[0m"


def test_a_name_keeps_its_colour() -> None:
    """The colour is the same in every run and however the name is spelt; names differ."""
    assert name_style("dave") == name_style("Dave") == "38;5;133"
    assert name_style("\ud800")
    assert len({name_style(f"user{number}") for number in range(100)}) > 10


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "wanted"),
    [
        ("auto", {"TERM": "xterm"}, True, True),
        ("auto", {"TERM": "xterm"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "DUMB"}, True, False),
        ("auto", {"TERM": ""}, True, False),
        ("auto", {}, True, False),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ("auto", {"TERM": "xterm", "NO_COLOR": "0"}, True, False),
        ("auto", {"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "xterm", "CLICOLOR": "0"}, True, False),
        ("auto", {"TERM": "xterm", "CLICOLOR": "1"}, True, True),
        ("auto", {"TERM": "xterm", "CLICOLOR": "1"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"TERM": "xterm", "CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, True, False),
        ("never", {"TERM": "xterm", "CLICOLOR_FORCE": "1"}, True, False),
        ("always", {"TERM": "dumb", "NO_COLOR": "1"}, False, True),
    ],
)
def test_when_colours_are_wanted(
    choice: str,
    environment: dict[str, str],
    terminal: bool,  # noqa: FBT001  # a column of the table
    wanted: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """The option decides; left alone, the environment's refusals beat its wishes, and both the terminal."""
    assert wants_colours(choice, environment, terminal=terminal) is wanted
