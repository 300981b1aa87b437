"""What people tell of themselves: bounded, and empty texts are left out."""

import pytest

from chat_protocol.codec import client_decoder, encode
from chat_protocol.errors import BadFieldError
from chat_protocol.people_messages import WATCHED_AT_MOST, Person, PersonRoom, Profile, ProfileFrame, Watch

DECODER = client_decoder(1 << 16)


@pytest.mark.parametrize(
    ("message", "good"),
    [
        (Profile(realname="r" * 128), True),
        (Profile(realname="r" * 129), False),
        (Profile(away="a" * 200), True),
        (Profile(away="a" * 201), False),
        (Watch(["n"] * WATCHED_AT_MOST), True),
        (Watch(["n"] * (WATCHED_AT_MOST + 1)), False),
    ],
)
def test_what_a_stranger_sends_has_a_bound(message: Profile | Watch, *, good: bool) -> None:
    """Texts in characters, lists in names."""
    (decoded,) = DECODER.decode(encode(message))
    assert isinstance(decoded, BadFieldError) is not good


def test_what_is_empty_is_left_out() -> None:
    """A profile says all that there is, and a person's rooms say roles alone that are no member's."""
    assert encode(ProfileFrame("ann", bot=True)) == b'{"type":"PROFILE","name":"ann","bot":true}\n'
    person = Person("ann", 1.0, 2.0, [PersonRoom("tea"), PersonRoom("den", "owner")])
    assert encode(person) == (
        b'{"type":"PERSON","name":"ann","since":1.0,"idle":2.0,'
        b'"rooms":[{"room":"tea"},{"room":"den","role":"owner"}]}\n'
    )
