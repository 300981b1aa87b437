"""Faults are told of, and cost one step."""

import pytest
import structlog
from structlog.testing import capture_logs

from chat_server import faults


def fail(*_arguments: object, **_fields: object) -> None:
    """Fail as nobody expects."""
    raise MemoryError("told to")


def test_a_contained_fault_is_logged() -> None:
    """With what it struck; what follows happens."""
    with capture_logs() as logged:
        with faults.contained("step"):
            fail()
        with faults.contained("another step"):
            pass
    assert [(each["event"], each["what"], each["log_level"]) for each in logged] == [
        ("contained", "step", "error")
    ]


def test_a_log_that_fails_too_is_no_fault_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no memory to log with."""
    monkeypatch.setattr(faults, "log", structlog.wrap_logger(None, processors=[fail]))  # type: ignore[list-item]  # it returns nothing, ever
    with faults.contained("step"):
        fail()


def test_a_signal_is_no_fault() -> None:
    """What ends the process is not contained."""
    with pytest.raises(KeyboardInterrupt), faults.contained("step"):
        raise KeyboardInterrupt
