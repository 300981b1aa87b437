"""Whether a text calls somebody."""

import pytest

from chat_client.ui.mention import mentions


@pytest.mark.parametrize(
    "text",
    [
        "hello Dave!",
        "\u4f60\u597ddave\u518d\u89c1",
        "\U0001f44bdave",
        "dave's",
        "\uff24ave",
        "davedave dave",
        "dave\ub2d8",
    ],
)
def test_called(text: str) -> None:
    """A name is found beside blanks, punctuation, emoji and other scripts."""
    assert mentions(text, "dave")


@pytest.mark.parametrize("text", ["davenport", "dave2", "_dave", "dave\u0301", "", "bob"])
def test_not_called(text: str) -> None:
    """A longer word of the same script is another word."""
    assert not mentions(text, "dave")
    assert not mentions(text, "")
