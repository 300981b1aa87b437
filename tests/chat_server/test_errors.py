"""The tree of exceptions: two families, and a code for each breach."""

import re

import pytest

from chat_server import errors
from chat_server.errors import ChatError, OperatorError, PeerError

ALL = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ChatError)]
PEER = [each for each in ALL if issubclass(each, PeerError) and each is not PeerError]


def test_two_families() -> None:
    """Every one is of the peer or of the operator, never of both."""
    leaves = set(ALL) - {ChatError, PeerError, OperatorError}
    assert all(issubclass(each, PeerError) is not issubclass(each, OperatorError) for each in leaves)


@pytest.mark.parametrize("kind", PEER)
def test_a_breach_has_a_code_and_a_text(kind: type[PeerError]) -> None:
    """The code is for programs, the text for a person; the name of the class says the same."""
    error = kind("do this instead")
    assert (error.text, str(error)) == ("do this instead", "do this instead")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert kind.__name__.lower() == error.code.replace("_", "") + "error"


def test_codes_are_a_closed_list_without_repeats() -> None:
    """A code tells which rule was broken."""
    codes = [each.code for each in PEER]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", ALL)
def test_each_says_when_it_is_raised(kind: type[ChatError]) -> None:
    """In its docstring."""
    assert (kind.__doc__ or "").strip().endswith(".")
