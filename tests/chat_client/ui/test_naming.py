"""What is typed where a name is asked for."""

import pytest

from chat_client.errors import UsageError
from chat_client.ui.naming import typed_name


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("dave", "dave"),
        (" dave ", "dave"),
        ("da\x1ave", "dave"),
        ("Exit", None),
        ("\uff45\uff58\uff49\uff54", None),
        ("\uff0fEXIT", None),
        ("/quit", None),
    ],
)
def test_names(line: str, name: str | None) -> None:
    """Blanks around a name and controls in it are left out; who wants to leave gives none."""
    assert typed_name(line) == name


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/help", "commands come later"),
        (" /help", "commands come later"),
        ("\uff0fwho", "commands come later"),
        ("//dave", "commands come later"),
        ("/", "commands come later"),
        ("", "at least one letter"),
        ("\u200b", "at least one letter"),
        ("dave  smith", "try dave-smith"),
        ("dave\u3000smith", "try dave-smith"),
    ],
)
def test_what_is_no_name(line: str, why: str) -> None:
    """It says what is wrong and what to type."""
    with pytest.raises(UsageError, match=why):
        typed_name(line)
