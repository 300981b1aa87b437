"""The reasons are closed lists."""

import re
from pathlib import Path

import pytest

import chat_server
from chat_protocol.reasons import CloseReason, RejectReason

SOURCES = "\n".join(path.read_text() for path in Path(chat_server.__file__).parent.rglob("*.py"))
ALL: list[CloseReason | RejectReason] = [*CloseReason, *RejectReason]


@pytest.mark.parametrize("reason", ALL)
def test_no_reason_is_listed_for_nothing(reason: CloseReason | RejectReason) -> None:
    """Each is given by the server, is fit for a label, and has a text for a person."""
    assert f"{type(reason).__name__}.{reason.name}" in SOURCES
    assert re.fullmatch("[a-z_]+", reason)
    assert reason.name == reason.upper()
    assert reason.text


def test_no_two_reasons_are_alike() -> None:
    """A label tells one thing, of whichever list it is."""
    assert len({*map(str, ALL)}) == len(ALL)


def test_it_goes_over_the_wire_as_its_word() -> None:
    """So that a frame, a label and a line of the log say the same."""
    assert (str(CloseReason.PEER_RESET), f"{RejectReason.SERVER_FULL}") == ("peer_reset", "server_full")
