"""What a person types to talk and to come and go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.errors import UsageError
from chat_client.ui import talking
from chat_protocol.messages import PARTING_CHARACTERS, Dm, History, Join


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("bob hello there", Dm("bob", "hello there")),
        ("bob /me waves", Dm("bob", "waves", action=True)),
        ("bob /ME  waves", Dm("bob", "waves", action=True)),
        ("bob /etc/motd", Dm("bob", "/etc/motd")),
        ("bob //me waves", Dm("bob", "//me waves")),
    ],
)
def test_what_is_said_to_one_alone(argument: str, message: Dm) -> None:
    """It is said as it is, but for what one does."""
    assert talking.direct(argument) == message


@pytest.mark.parametrize("argument", ["", "bob", "bob /me", "bob \u200b"])
def test_nothing_is_said_to_nobody(argument: str) -> None:
    """The person is told how it is typed."""
    with pytest.raises(UsageError, match="/msg NAME"):
        talking.direct(argument)


@given(st.text(max_size=30))
def test_whatever_is_typed_makes_a_message_or_sense(argument: str) -> None:
    """Nothing else is raised, and what is sent has what was typed."""
    for parse in (talking.direct, talking.join):
        try:
            message = parse(argument)
        except UsageError:
            continue
        assert (message.to if isinstance(message, Dm) else message.room) in argument


def test_a_room_is_entered_with_its_password() -> None:
    """Which may have blanks."""
    assert talking.join("tea") == Join("tea")
    assert talking.join("tea with open sesame") == Join("tea", password="open sesame")  # noqa: S106  # a test's


def test_last_words_are_short() -> None:
    """As long as the protocol takes them; blanks are none."""
    assert talking.parting("see you") == "see you"
    assert talking.parting(" \u200b") == ""
    assert talking.parting("x" * PARTING_CHARACTERS)
    with pytest.raises(UsageError, match="short"):
        talking.parting("x" * (PARTING_CHARACTERS + 1))


def test_so_much_is_read_back() -> None:
    """The latest, or what was said before an id."""
    assert talking.history("", "tea") == History("tea", limit=talking.HISTORY_MESSAGES)
    assert talking.history("5 before 90", "tea") == History("tea", before=90, limit=5)
    with pytest.raises(UsageError, match="/history"):
        talking.history("all of it", "tea")
