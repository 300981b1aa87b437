"""What a session published with refs: new, known, refused; and when it may be forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from chat_server.journal.ledger import REF_BYTES, Ledger


def test_new_known_and_refused() -> None:
    """New ones up to the bound, none that was published before or stands here twice; the rest is refused."""
    ledger = Ledger(6, {"old": ("lobby", 1, 1.0), "older": ("lobby", 2, 1.0), "oldest": ("lobby", 3, 1.0)})
    refs = ["old", "a", "a", None, "b", "c", "d", "old", None]
    assert ledger.claim(refs) == ([1, 3, 4, 5, 8], [6])
    assert ledger.claim(["a", "e"]) == ([], [1])


def test_what_is_under_way_has_no_place_yet() -> None:
    """It is known, so a resend is not new; it is acknowledged once it is stored."""
    ledger = Ledger(10)
    ledger.claim(["a", "b"])
    assert ledger.find(["a", "b", "c"]) == []
    ledger.settle({"b": ("@f00", 5, 2.5)})
    assert ledger.find(["b", "a"]) == [("b", ("@f00", 5, 2.5))]


def test_what_was_not_taken_is_new_again() -> None:
    """Its message was not submitted: whoever sends it again must not be told that it is known."""
    ledger = Ledger(10)
    ledger.claim(["a"])
    ledger.cancel(["a", "never"])
    assert ledger.claim(["a"]).fresh == [0]


def test_of_what_others_know_the_newest_half_is_taken_over() -> None:
    """There is room for as many again."""
    known = {str(number): ("lobby", number, 1.0) for number in range(10)}
    ledger = Ledger(8, known)
    assert [ref for ref, _ in ledger.find(known)] == ["6", "7", "8", "9"]


def test_a_question_is_asked_once_at_a_time() -> None:
    """From half the bound on, until its own answer comes; another connection is asked anew."""
    ledger = Ledger(4)
    ledger.claim(["a"])
    ledger.settle({"a": ("lobby", 1, 1.0)})
    assert ledger.question("lobby", 1) is None
    ledger.claim(["b", "c", "d"])
    ledger.settle({"b": ("den", 1, 1.0), "c": ("lobby", 2, 1.0), "d": ("lobby", 3, 1.0)})
    first = ledger.question("lobby", 2)
    assert first is not None
    assert (ledger.question("den", 1), ledger.question("lobby", 2)) == (None, first)
    ledger.ask_anew()
    ledger.answered(first)
    assert len(ledger) == 4, "the acknowledgements may have been lost with the connection"
    second = ledger.question("lobby", 2)
    for ref in (None, "x", first, second, second):
        ledger.answered(ref)
    assert [ref for ref, _ in ledger.find("abcd")] == ["b", "d"]


def test_what_is_under_way_is_never_forgotten() -> None:
    """An answer tells of what is stored alone."""
    ledger = Ledger(2)
    ledger.claim(["a", "b"])
    ledger.settle({"a": ("lobby", 1, 1.0)})
    ledger.answered(ledger.question("lobby", 9))
    assert ledger.claim(["a", "b"]) == ([0], [])


def test_the_oldest_may_be_forgotten() -> None:
    """Of a sender that never says what it has read; what is under way stays."""
    ledger = Ledger(100)
    ledger.claim([*"abcdefg"])
    ledger.settle(dict.fromkeys("bcdefg", ("lobby", 1, 1.0)))
    ledger.forget_oldest(4)
    assert len(ledger) == 7
    ledger.forget_oldest(2)
    assert [ref for ref in "abcdefg" if ledger.knows(ref)] == ["a", "f", "g"]


def test_weight() -> None:
    """It grows with the refs and their length, as memory does."""
    ledger = Ledger(1000, {str(number).zfill(60): ("lobby", number, 1.0) for number in range(100)})
    assert ledger.weight == 100 * (REF_BYTES + 60)


@given(
    st.lists(st.lists(st.none() | st.sampled_from("abcdef"), max_size=8), max_size=8),
    st.integers(1, 4),
    st.booleans(),
)
def test_a_ref_is_new_once(batches: list[list[str | None]], limit: int, settles: bool) -> None:  # noqa: FBT001  # drawn
    """However messages are cut into batches, and whether or not the first is stored by then."""
    ledger = Ledger(limit * 2)
    new: list[str] = []
    for refs in batches:
        fresh, refused = ledger.claim(refs)
        new += [ref for index in fresh if (ref := refs[index]) is not None]
        assert not set(fresh) & set(refused)
        assert len(ledger) <= limit * 2
        if settles:
            ledger.settle({ref: ("lobby", 1, 1.0) for index in fresh if (ref := refs[index]) is not None})
    assert len(new) == len(set(new))
