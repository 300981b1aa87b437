"""Whether the other side is still there."""

from chat_client.protocol.liveness import (
    ADMISSION_SECONDS,
    ANSWER_SECONDS,
    GREETING_SECONDS,
    IDLE_SECONDS,
    Liveness,
)


def test_a_server_must_speak_first() -> None:
    """A new connection on which nothing comes is asked soon, and given up where no answer comes."""
    liveness = Liveness(100.0)
    assert liveness.deadline == 100.0 + GREETING_SECONDS
    assert liveness.ask(101.0)
    assert liveness.deadline == 101.0 + ANSWER_SECONDS
    assert not liveness.ask(111.0)


def test_a_silent_server_is_asked_once() -> None:
    """After a silence it is asked, and given up where no answer comes."""
    liveness = Liveness(0.0)
    liveness.heard(1.0)
    assert liveness.deadline == 1.0 + IDLE_SECONDS
    assert liveness.ask(26.0)
    assert liveness.deadline == 26.0 + ANSWER_SECONDS
    assert not liveness.ask(36.0)


def test_a_server_that_talks_and_lets_nobody_in_is_given_up() -> None:
    """The time counts from the start, and anew after a name was asked for; once one is in, no more."""
    liveness = Liveness(0.0)
    liveness.heard(ADMISSION_SECONDS)
    assert not liveness.is_kept_waiting(ADMISSION_SECONDS)
    assert liveness.is_kept_waiting(ADMISSION_SECONDS + 1)
    liveness.waits_for_no_admission(100.0)
    assert not liveness.is_kept_waiting(100.0 + ADMISSION_SECONDS)
    assert liveness.is_kept_waiting(101.0 + ADMISSION_SECONDS)


def test_any_answer_counts() -> None:
    """Whatever comes shows that the server is there, and the silence begins anew."""
    liveness = Liveness(0.0)
    liveness.heard(1.0)
    liveness.ask(26.0)
    liveness.heard(27.0)
    assert liveness.deadline == 27.0 + IDLE_SECONDS
    assert liveness.ask(52.0)
