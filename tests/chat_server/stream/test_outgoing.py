"""Pushing to a member whose outbox may be broken."""

from typing import NoReturn

from chat_server.stream import outgoing
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import CONGESTED, REFUSED
from tests.support.world import RecordingOutbox


def fail(*_arguments: object) -> NoReturn:
    """Fail as an epoll without memory does."""
    raise OSError(12, "Cannot allocate memory")


def test_a_push_answers_as_the_outbox_does() -> None:
    """Where nothing is wrong, nothing is added."""
    outbox = RecordingOutbox()
    outbox.state = CONGESTED
    assert outgoing.push(outbox, Frames(b"x"), droppable=True) == CONGESTED
    assert outgoing.congested(outbox)
    assert (outbox.pushed, outbox.droppable, outbox.ended) == ([b"x"], [True], [])


def test_a_fault_ends_the_member() -> None:
    """Something is missing there now; it is told why."""
    outbox = RecordingOutbox()
    outbox.on_push = fail
    assert outgoing.push(outbox, Frames(b"x")) == REFUSED
    assert outbox.ended == ["internal_error"]


def test_nothing_is_raised_whatever_fails() -> None:
    """Also when it cannot be ended, nor asked."""
    outbox = RecordingOutbox()
    outbox.on_push = outbox.on_end = fail
    outbox.congested = fail  # type: ignore[method-assign]  # as one that is broken through and through
    assert outgoing.push(outbox, Frames(b"x")) == REFUSED
    assert not outgoing.congested(outbox)
