"""What others see of somebody beside the name."""

import pytest

from chat_protocol.errors import BadFieldError
from chat_protocol.people_messages import Profile as Asked
from chat_server.chat.profiles import NOTHING, Profile


def test_a_change_is_of_what_was_given() -> None:
    """The rest stays; an empty text takes one away."""
    profile = NOTHING.changed(Asked(realname="Ann B.", away="lunch"))
    assert profile == Profile("Ann B.", "lunch")
    assert profile.changed(Asked(bot=True)) == Profile("Ann B.", "lunch", bot=True)
    assert profile.changed(Asked(away="")) == profile.back() == Profile("Ann B.")
    assert NOTHING.back() is NOTHING


@pytest.mark.parametrize("text", ["two\nlines", "a\0b", "\x1b[31m", "\x7f", "\x85", "\u2028"])
def test_control_characters_are_refused(text: str) -> None:
    """They would end a line elsewhere, or paint a terminal."""
    for asked in (Asked(realname=f"x{text}x"), Asked(away=f"x{text}x")):
        with pytest.raises(BadFieldError, match="one line of text"):
            NOTHING.changed(asked)


def test_white_space_around_a_text_is_cut_off() -> None:
    """So that a blank one is none."""
    assert NOTHING.changed(Asked(realname=" Ann ", away="  ")) == Profile("Ann")


def test_what_differs_is_named() -> None:
    """Field by field."""
    assert Profile("Ann B.", bot=True).differs(Profile("Ann", "lunch", bot=True)) == ["realname", "away"]
    assert NOTHING.differs(NOTHING) == []
