"""Handing over tells whether somebody else does the job now."""

from chat_server.stream.handover import handed_over
from tests.support.world import Jobs


def fail(*_arguments: object, **_fields: object) -> None:
    """Fail as nobody expects."""
    raise MemoryError("told to")


def test_handing_over() -> None:
    """Tells whether somebody else does the job now."""
    jobs = Jobs()
    assert handed_over(jobs, fail, 2.0)
    assert jobs.waiting == [(fail, 2.0)]
    assert not handed_over(fail, fail)
