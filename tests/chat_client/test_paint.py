"""Lines with colours and without."""

from chat_client.paint import Painter, name_style

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
