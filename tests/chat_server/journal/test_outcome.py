"""What has become of messages that were edited or deleted."""

import json

from hypothesis import given
from hypothesis import strategies as st

from chat_server.journal.outcome import as_changed
from tests.support.world import frames

texts = st.none() | st.text(max_size=5)


@given(st.integers(1, 9), st.integers(1, 9), st.dictionaries(st.integers(1, 20), texts))
def test_a_line_keeps_its_place(first: int, count: int, changes: dict[int, str | None]) -> None:
    """Only the text changes, and that says how; what was not changed is the same bytes."""
    before = frames("lobby", first, first + count - 1).splitlines(keepends=True)
    after = as_changed(
        before, first, lambda low, high: {id_: text for id_, text in changes.items() if low <= id_ <= high}
    )
    for id_, (old, new) in enumerate(zip(before, after, strict=True), first):
        frame = json.loads(new)
        assert new.endswith(b"\n")
        assert frame["id"] == id_
        if id_ not in changes:
            assert new == old
        elif changes[id_] is None:
            assert (frame["text"], frame["deleted"]) == ("", True)
        else:
            assert (frame["text"], frame["edited"]) == (changes[id_], True)
