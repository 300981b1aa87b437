"""Whether the other side is still there."""

from chat_client.liveness import ANSWER, GREETING, IDLE, Liveness


def test_a_server_must_speak_first() -> None:
    """A new connection on which nothing comes is asked soon, and given up where no answer comes."""
    liveness = Liveness(100.0)
    assert liveness.deadline == 100.0 + GREETING
    assert liveness.ask(101.0)
    assert liveness.deadline == 101.0 + ANSWER
    assert not liveness.ask(111.0)


def test_a_silent_server_is_asked_once() -> None:
    """After a silence it is asked, and given up where no answer comes."""
    liveness = Liveness(0.0)
    liveness.heard(1.0)
    assert liveness.deadline == 1.0 + IDLE
    assert liveness.ask(26.0)
    assert liveness.deadline == 26.0 + ANSWER
    assert not liveness.ask(36.0)


def test_any_answer_counts() -> None:
    """Whatever comes shows that the server is there, and the silence begins anew."""
    liveness = Liveness(0.0)
    liveness.heard(1.0)
    liveness.ask(26.0)
    liveness.heard(27.0)
    assert liveness.deadline == 27.0 + IDLE
    assert liveness.ask(52.0)
