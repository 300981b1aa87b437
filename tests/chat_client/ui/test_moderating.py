"""What a moderator types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.errors import UsageError
from chat_client.ui import moderating
from chat_client.ui.moderating import seconds_of, time_of
from chat_protocol.messages import ClientMessage
from chat_protocol.moderation_messages import Ban, Ignore, Invite, Kick, Mute, Role, Rules, Unban


@pytest.mark.parametrize(
    ("command", "argument", "message"),
    [
        ("kick", "eve", Kick("eve", "tea")),
        ("kick", "eve  no more spam", Kick("eve", "tea", "no more spam")),
        ("ban", "eve", Ban("eve", "tea")),
        ("ban", "eve 2d", Ban("eve", "tea", 172_800.0)),
        ("ban", "eve 10m no more spam", Ban("eve", "tea", 600.0, "no more spam")),
        ("ban", "eve 10 minutes", Ban("eve", "tea", None, "10 minutes")),
        ("unban", "eve", Unban("eve", "tea")),
        ("mute", "eve", Mute("eve", "tea")),
        ("mute", "eve 30s", Mute("eve", "tea", 30.0)),
        ("unmute", "eve", Mute("eve", "tea", 0.0)),
        ("invite", "eve", Invite("eve", "tea")),
        ("role", "eve moderator", Role("eve", "moderator", "tea")),
        ("ignore", "", Ignore()),
        ("ignore", "eve", Ignore("eve")),
        ("unignore", "eve", Ignore("eve", on=False)),
        ("rules", "", Rules("tea")),
        ("rules", "invite-only on", Rules("tea", invite_only=True)),
        ("rules", "announce off", Rules("tea", announce=False)),
        ("rules", "slow 1m", Rules("tea", slow_seconds=60.0)),
        ("rules", "slow off", Rules("tea", slow_seconds=0.0)),
        ("rules", "password open sesame", Rules("tea", password="open sesame")),  # noqa: S106  # a test's
        ("rules", "password -", Rules("tea", password="")),
    ],
)
def test_what_is_sent(command: str, argument: str, message: ClientMessage) -> None:
    """For the room that is meant."""
    assert getattr(moderating, command)(argument, "tea") == message


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        *((each, "") for each in ("kick", "ban", "unban", "mute", "unmute", "invite", "role")),
        ("unban", "eve now"),
        ("mute", "eve for ever"),
        ("role", "eve king"),
        ("rules", "invite-only"),
        ("rules", "invite-only maybe"),
        ("rules", "slow often"),
        ("rules", "password"),
        ("rules", "nonsense on"),
    ],
)
def test_what_makes_no_sense_says_how_it_is(command: str, argument: str) -> None:
    """Nothing is sent then."""
    with pytest.raises(UsageError, match="type it like this: /"):
        getattr(moderating, command)(argument, "tea")


@given(st.integers(1, 9_999_999), st.sampled_from("smhd"))
def test_a_time_is_read_as_it_is_told(number: int, unit: str) -> None:
    """In the largest unit that it is whole in."""
    seconds = seconds_of(f"{number}{unit}")
    assert seconds is not None
    assert seconds_of(time_of(seconds).replace(" ", "")) == seconds
