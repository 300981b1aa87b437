"""The hammer of TLS, for a moment: `python -m tests.chaos.hammer` does it for longer, with more."""

from pathlib import Path

from tests.chaos.hammer import hammer


def test_a_room_over_tls(tmp_path: Path) -> None:
    """Nothing crashes, locks up, is lost or out of order; no line of the log is an error."""
    assert hammer(20, 0.5, tmp_path) == []
