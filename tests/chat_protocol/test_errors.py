"""What a peer may do wrong: a code for each breach."""

import re

import pytest

from chat_protocol import errors
from chat_protocol.errors import PeerError

ALL = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, PeerError)]
CODED = [each for each in ALL if each is not PeerError]


@pytest.mark.parametrize("kind", CODED)
def test_a_breach_has_a_code_and_a_text(kind: type[PeerError]) -> None:
    """The code is for programs, the text for a person; the name of the class says the same."""
    error = kind("do this instead")
    assert (error.text, str(error)) == ("do this instead", "do this instead")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert kind.__name__.lower() == error.code.replace("_", "") + "error"


def test_codes_are_a_closed_list_without_repeats() -> None:
    """A code tells which rule was broken."""
    codes = [each.code for each in CODED]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", ALL)
def test_each_says_when_it_is_raised(kind: type[PeerError]) -> None:
    """In its docstring."""
    assert (kind.__doc__ or "").strip().endswith(".")
