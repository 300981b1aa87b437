"""How the server's errors are told in IRC."""

import pytest

from chat_protocol import errors
from chat_server.net.dialects.irc.errors import numeric_of


def test_each_command_may_have_its_own() -> None:
    """Of one code; what clients know no number for has none."""
    assert numeric_of("PRIVMSG", "not_a_member") == "404"
    assert numeric_of("PART", "not_a_member") == "442"
    assert numeric_of("JOIN", "rate_limited") is None


@pytest.mark.parametrize(
    "code", ["name_taken", "name_invalid", "room_invalid", "no_such_user", "not_allowed"]
)
def test_codes_are_the_protocols(code: str) -> None:
    """Each that has a number is one that the server sends."""
    codes = {
        each.code for each in vars(errors).values() if hasattr(each, "code") and isinstance(each.code, str)
    }
    assert code in codes
    assert numeric_of("", code) is not None
