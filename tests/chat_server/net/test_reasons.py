"""The reasons are closed lists: whatever the code ends a connection with is in them."""

import re
from pathlib import Path

import pytest

import chat_server
from chat_server.net.reasons import CLOSE_REASONS, REJECT_REASONS

SOURCES = "\n".join(path.read_text() for path in Path(chat_server.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("reason", sorted(set(re.findall(r'(?:\.end\(|_on_end\(|over = )"(\w+)"', SOURCES))))
def test_every_end_has_a_listed_reason(reason: str) -> None:
    """Each literal that ends a connection."""
    assert reason in CLOSE_REASONS


@pytest.mark.parametrize("reason", sorted(set(re.findall(r'_reject\(\w+, \w+, "(\w+)"\)', SOURCES))))
def test_every_rejection_has_a_listed_reason(reason: str) -> None:
    """Each literal that turns a connection away."""
    assert reason in REJECT_REASONS


@pytest.mark.parametrize("reason", [*CLOSE_REASONS, *REJECT_REASONS])
def test_no_reason_is_listed_for_nothing(reason: str) -> None:
    """Each is used beside the list, is fit for a label, and has a text for a person."""
    assert SOURCES.count(f'"{reason}"') > 1 or f'["{reason}"]' in SOURCES
    assert re.fullmatch("[a-z_]+", reason)
    assert ({**CLOSE_REASONS, **REJECT_REASONS})[reason]
