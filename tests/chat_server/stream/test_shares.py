"""What senders get of a pass."""

from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat.session import Session, guest
from chat_server.stream.publication import Publication
from chat_server.stream.shares import own_acks, own_shares
from tests.support.world import RecordingOutbox, World

lines = st.binary(max_size=4)
passes = st.lists(st.tuples(st.none() | st.integers(0, 2), lines, lines), min_size=1, max_size=8)


def made(rows: list[tuple[int | None, bytes, bytes]]) -> tuple[list[Session], list[Publication]]:
    """Return three sessions and publications of theirs, or of nobody: sender, frames, acknowledgements."""
    den = World().room("den")
    sessions = [guest(f"token{number}", "ann") for number in range(3)]
    for session in sessions:
        session.outbox = RecordingOutbox()
    taken = [
        Publication(
            "den",
            1,
            1.0,
            frames=frames,
            delivery=den.delivery,
            sender=None if sender is None else sessions[sender],
            acks=acks,
        )
        for sender, frames, acks in rows
    ]
    return sessions, taken


@given(passes)
def test_each_sender_gets_acknowledgements_in_place_of_the_own(
    rows: list[tuple[int | None, bytes, bytes]],
) -> None:
    """And everything else, in its order; nobody else is in it."""
    sessions, taken = made(rows)
    shares = own_shares(taken, b"".join(each.frames for each in taken))
    expected = {
        sessions[number].outbox: b"".join(
            acks if sender == number else frames for sender, frames, acks in rows
        )
        for number in {sender for sender, _, _ in rows if sender is not None}
    }
    assert shares == expected


@given(passes)
def test_who_is_gone_gets_acknowledgements_alone(rows: list[tuple[int | None, bytes, bytes]]) -> None:
    """Those of the senders that are asked for, and of nobody else."""
    sessions, taken = made(rows)
    acks = own_acks(taken, {sessions[0].outbox})
    joined = b"".join(acks for sender, _, acks in rows if sender == 0)
    assert acks == ({sessions[0].outbox: joined} if joined else {})
