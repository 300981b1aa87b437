"""The signals that end the client in order."""

import signal

import pytest

from chat_client.signals import ENDING, handled


@pytest.mark.parametrize("number", ENDING)
def test_each_is_handled_meanwhile(number: int) -> None:
    """Afterwards it means what it meant before."""
    before = signal.getsignal(number)
    told: list[int] = []
    with handled(lambda which, _frame: told.append(which)):
        signal.raise_signal(number)
    assert told == [number]
    assert signal.getsignal(number) is before


def test_nohup_stays_in_force() -> None:
    """A SIGHUP that the caller has ignored is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    told: list[int] = []
    try:
        with handled(lambda which, _frame: told.append(which)):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told == []
