"""What CHATHISTORY asks for."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.net.dialects.irc.render import stamp
from chat_server.net.dialects.irc.selectors import (
    Point,
    Selection,
    SelectorError,
    limit_of,
    point,
    select,
    time_of,
)

#: Ids 1 to 30 of a room, and their times.
SAID = [(id_, 1_000.0 + id_) for id_ in range(1, 31)]


def read(selection: Selection, said: list[tuple[int, float]]) -> list[int]:
    """Return the ids that a selection brings, of a room that answers as the server does."""
    found: list[int] = []
    for reading in selection.readings:
        asked = reading.request
        page = said
        if asked.after is not None:
            page = [each for each in said if each[0] > asked.after][: asked.limit]
        elif asked.since is not None:
            page = [each for each in said if each[1] >= asked.since][: asked.limit]
        else:
            if asked.before is not None:
                page = [each for each in said if each[0] < asked.before]
            elif asked.until is not None:
                page = [each for each in said if each[1] < asked.until]
            page = page[-asked.limit :]
        found += [each[0] for each in reading.cut([each for each in page if selection.shows(*each)])]
    return found


def ids(first: int, last: int) -> list[int]:
    """Return these ids."""
    return list(range(first, last + 1))


@pytest.mark.parametrize("by", ["msgid", "timestamp"])
@pytest.mark.parametrize(
    ("subcommand", "points", "limit", "expected"),
    [
        ("LATEST", [None], 5, ids(26, 30)),
        ("LATEST", [20], 5, ids(26, 30)),
        ("LATEST", [28], 5, ids(29, 30)),
        ("LATEST", [30], 5, []),
        ("BEFORE", [10], 3, ids(7, 9)),
        ("BEFORE", [1], 3, []),
        ("AFTER", [10], 3, ids(11, 13)),
        ("AFTER", [30], 3, []),
        ("AROUND", [10], 1, [10]),
        ("AROUND", [10], 3, ids(9, 11)),
        ("AROUND", [10], 4, ids(8, 11)),
        ("AROUND", [1], 4, ids(1, 2)),
        ("BETWEEN", [5, 9], 100, ids(6, 8)),
        ("BETWEEN", [9, 5], 100, ids(6, 8)),
        ("BETWEEN", [5, 20], 3, ids(6, 8)),
        ("BETWEEN", [20, 5], 3, ids(17, 19)),
        ("BETWEEN", [5, 5], 3, []),
    ],
)
def test_what_is_asked_for_comes(
    by: str, subcommand: str, points: list[int | None], limit: int, expected: list[int]
) -> None:
    """By ids and by times alike."""
    written = [
        "*"
        if each is None
        else f"msgid=tea/{each}"
        if by == "msgid"
        else f"timestamp={stamp(1_000.0 + each)}"
        for each in points
    ]
    assert read(select(subcommand, [*written, str(limit)], "tea"), SAID) == expected


@pytest.mark.parametrize(
    ("subcommand", "params", "code"),
    [
        ("LATEST", ["*"], "INVALID_PARAMS"),
        ("LATEST", ["*", "many"], "INVALID_PARAMS"),
        ("LATEST", ["*", "-1"], "INVALID_PARAMS"),
        ("LATEST", ["*", "1" * 10], "INVALID_PARAMS"),
        ("BEFORE", ["*", "5"], "INVALID_MSGREFTYPE"),
        ("BEFORE", ["id=5", "5"], "INVALID_MSGREFTYPE"),
        ("BEFORE", ["msgid=den/5", "5"], "INVALID_PARAMS"),
        ("BEFORE", ["msgid=5", "5"], "INVALID_PARAMS"),
        ("BEFORE", ["timestamp=yesterday", "5"], "INVALID_PARAMS"),
        ("BETWEEN", ["msgid=tea/5", "5"], "INVALID_PARAMS"),
    ],
)
def test_what_makes_no_sense(subcommand: str, params: list[str], code: str) -> None:
    """Each has its code."""
    with pytest.raises(SelectorError) as caught:
        select(subcommand, params, "tea")
    assert caught.value.code == code


@pytest.mark.parametrize(("written", "expected"), [("5", 5), ("0", 200), ("200", 200), ("201", 200)])
def test_a_limit_is_a_page_at_most(written: str, expected: int) -> None:
    """0 is for as many as there may be."""
    assert limit_of(written) == expected


@given(st.integers(0, 4_000_000_000_000))
def test_a_time_is_read_as_it_is_written(millis: int) -> None:
    """To the millisecond."""
    assert round(time_of(stamp(millis / 1000)) * 1000) == millis


@given(st.text())
def test_any_text_is_a_time_or_an_error(text: str) -> None:
    """It never raises anything else."""
    for written in (text, f"2019-01-04T14:33:26{text}Z", f"{text}-01-04T14:33:26.123Z"):
        try:
            found = time_of(written)
        except SelectorError as error:
            assert error.code == "INVALID_PARAMS"  # noqa: PT017  # it may be good as well
        else:
            assert datetime.fromtimestamp(found, UTC).year >= 1


def test_the_direct_messages_have_msgids_of_their_own() -> None:
    """One of a room is none of theirs."""
    assert point("msgid=@/7", "@") == Point(id=7)
    with pytest.raises(SelectorError):
        point("msgid=tea/7", "@")
