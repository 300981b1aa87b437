"""Masks of nicks and channels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.net.dialects.irc.masks import is_mask, matching


@pytest.mark.parametrize(
    ("name", "mask", "same"),
    [
        ("coolNick", "coolni*", True),
        ("coolNick", "cool?ick", True),
        ("coolNick", "coolnick", True),
        ("coolNick", "ool*", False),
        ("a[b]", "a[b]", True),
        ("ab", "a[b]", False),
        ("#tea", "*", True),
    ],
)
def test_masks(name: str, mask: str, *, same: bool) -> None:
    """Star and question mark stand for others; everything else for itself, whatever the case."""
    assert matching(mask)(name) == same


def test_what_a_mask_is() -> None:
    """One with a star or a question mark."""
    assert [is_mask(each) for each in ("a*", "a?", "a", "")] == [True, True, False, False]


@given(st.text(), st.text())
def test_any_mask_can_be_asked_for(name: str, mask: str) -> None:
    """And a name's own spelling always matches."""
    matching(mask)(name)
    assert is_mask(name) or matching(name)(name)
