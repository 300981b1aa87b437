"""What every message is made of."""

import pytest
from msgspec import ValidationError, convert

from chat_protocol.base import Ref, tag
from chat_protocol.messages import Msg


def test_a_tag_is_the_type() -> None:
    """What stands on the wire."""
    assert tag(Msg) == "MSG"


@pytest.mark.parametrize(("ref", "good"), [("r", True), ("r" * 64, True), ("", False), ("r" * 65, False)])
def test_a_ref_is_short_and_not_empty(ref: str, *, good: bool) -> None:
    """A stranger chooses it."""
    if good:
        assert convert(ref, Ref) == ref
    else:
        with pytest.raises(ValidationError):
            convert(ref, Ref)
