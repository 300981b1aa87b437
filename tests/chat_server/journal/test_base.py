"""What every journal promises, asked of every journal."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_server.journal.base import PAGE_BYTES, Bounds, Journal, Record, cut, page
from tests.chat_server.journal.factories import FACTORIES, ORDERING, Factory, settle
from tests.support.world import frames, record

#: For what a shared journal in memory need not do: search, retention, forgetting.
KEEPING = pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: factory.name)


@pytest.fixture(params=ORDERING, ids=lambda factory: factory.name)
def factory(request: pytest.FixtureRequest) -> Factory:
    """Return one kind of journal after another."""
    assert isinstance(request.param, Factory)
    return request.param


@pytest.fixture
def journal(factory: Factory, tmp_path: Path) -> Iterator[Journal]:
    """Return a new journal that keeps all."""
    opened = factory.open(tmp_path, 0)
    yield opened
    opened.close()


def lines(data: bytes) -> list[int]:
    """Return the ids of the messages in these frames."""
    return [json.loads(line)["id"] for line in data.splitlines()]


def store(journal: Journal, *sizes: int, room: str = "lobby") -> int:
    """Store batches of these sizes, one a second, a commit each; return the last id."""
    last = journal.bounds(room).last
    for size in sizes:
        journal.commit([record(room, last + 1, last + size, float(last + 1))])
        last += size
    return last


def test_a_new_journal_is_empty(journal: Journal) -> None:
    """No room has a message, and none is found."""
    assert journal.bounds("lobby") == Bounds(1, 0, 0.0)
    assert journal.read("lobby", 0, 100, 200) == (0, 0, b"")
    assert journal.id_at("lobby", 0.0) == 1
    assert journal.known("nobody") == {}
    assert len(journal.secret) >= 32
    assert journal.epoch


def test_what_was_committed_is_read_as_it_was(journal: Journal) -> None:
    """Byte for byte, in the order of the ids."""
    journal.commit([record("lobby", 1, 3, 1.0), record("den", 1, 1, 2.0), record("lobby", 4, 4, 3.0)])
    journal.commit([record("lobby", 5, 6, 3.5)])
    expected = frames("lobby", 1, 3, 1.0) + frames("lobby", 4, 4, 3.0) + frames("lobby", 5, 6, 3.5)
    assert journal.read("lobby", 0, 6, 200) == (0, 6, expected)
    assert journal.read("den", 0, 1, 200) == (0, 1, frames("den", 1, 1, 2.0))
    assert journal.bounds("lobby") == (1, 6, 3.5)
    assert journal.bounds("den") == (1, 1, 2.0)


def test_a_commit_tells_where_each_record_is(journal: Journal) -> None:
    """Ids go on in each room for itself; times never go back, whatever a clock says."""
    first = journal.commit([record("lobby", 1, 3, 5.0), record("den", 1, 1, 2.0), record("lobby", 4, 4, 4.0)])
    second = journal.commit([record("lobby", 5, 5, 6.0)])
    assert [(each.first, each.last, each.ts) for each in (*first, *second)] == [
        (1, 3, 5.0),
        (1, 1, 2.0),
        (4, 4, 5.0),
        (5, 5, 6.0),
    ]
    assert second[0].frames == journal.read("lobby", 4, 5, 9).frames == frames("lobby", 5, 5, 6.0)


def test_the_same_records_have_the_same_place(journal: Journal) -> None:
    """If they come again after a fault, with others behind them."""
    one = record("lobby", 1, 2)
    (place,) = journal.commit([one])
    again, behind = journal.commit([one, record("lobby", 3, 3)])
    assert (again.first, again.last, behind.first) == (place.first, place.last, 3)
    assert journal.bounds("lobby").last == 3


def test_a_room_that_is_opened_goes_on_where_it_was(journal: Journal) -> None:
    """Whatever becomes of other rooms before something is said in it."""
    store(journal, 2, room="den")
    assert journal.open("den") == journal.bounds("den")
    before = journal.open("lobby").last
    (place,) = journal.commit([record("lobby", before + 1, before + 1)])
    assert place.first == before + 1


def test_rooms_are_apart(journal: Journal) -> None:
    """History does not leak from one room to another, whatever their names share."""
    store(journal, 2, room="den")
    store(journal, 3, room="den2")
    assert lines(journal.read("den", 0, 99, 200).frames) == [1, 2]
    assert journal.bounds("de") == Bounds(1, 0, 0.0)


@pytest.mark.parametrize(
    ("after", "upto", "limit", "expected"),
    [
        (0, 10, 200, range(1, 11)),
        (0, 10, 4, range(1, 5)),
        (3, 10, 200, range(4, 11)),
        (4, 6, 200, (5, 6)),
        (9, 10, 1, (10,)),
        (10, 10, 200, ()),
        (4, 4, 200, ()),
        (6, 4, 200, ()),
        (0, 99, 200, range(1, 11)),
        (99, 200, 200, ()),
    ],
)
def test_read(journal: Journal, after: int, upto: int, limit: int, expected: range) -> None:
    """What lies between, the oldest first, wherever the batches begin and end."""
    store(journal, 3, 1, 4, 2)
    got = journal.read("lobby", after, upto, limit)
    assert lines(got.frames) == list(expected)
    assert (got.after, got.last) == (after, after + len(expected))


def test_a_page_is_bounded_in_bytes(journal: Journal) -> None:
    """It ends early, and is empty only where nothing is left, however long the messages are."""
    size = PAGE_BYTES // 2
    journal.commit([record("lobby", id_, id_, 1.0, "x" * size) for id_ in (1, 2, 3)])
    journal.commit([record("lobby", 4, 4, 1.0, "x" * PAGE_BYTES * 2)])
    position, pages = 0, []
    while (got := journal.read("lobby", position, 4, 200)).frames:
        assert got.after == position
        pages.append(lines(got.frames))
        position = got.last
    assert [id_ for ids in pages for id_ in ids] == [1, 2, 3, 4]
    assert len(pages) >= 3


@pytest.mark.parametrize(
    ("ts", "id_"), [(0.0, 1), (1.0, 1), (1.1, 4), (4.0, 4), (5.0, 5), (5.5, 7), (9e9, 7)]
)
def test_id_at(journal: Journal, ts: float, id_: int) -> None:
    """The first message that is not older, or the one that is to come."""
    store(journal, 3, 1, 2)
    assert journal.id_at("lobby", ts) == id_


@KEEPING
def test_retention(factory: Factory, tmp_path: Path) -> None:
    """At least the messages asked for stay, what is older goes, and ids go on."""
    journal = factory.open(tmp_path, 5)
    store(journal, *[1] * 20)
    settle(journal)
    first, last, ts = journal.bounds("lobby")
    assert 1 < first <= 16
    assert (last, ts) == (20, 20.0)
    got = journal.read("lobby", 0, 20, 200)
    assert (got.after, got.last) == (first - 1, 20)
    assert lines(got.frames) == list(range(first, 21))
    assert journal.id_at("lobby", 0.0) == first
    store(journal, 1)
    assert journal.bounds("lobby").last == 21
    journal.close()


@KEEPING
def test_a_page_that_retention_has_cut_is_empty_beyond_its_end(factory: Factory, tmp_path: Path) -> None:
    """To read what is gone returns nothing, and no later message in its place."""
    journal = factory.open(tmp_path, 3)
    store(journal, *[1] * 10)
    settle(journal)
    assert journal.bounds("lobby").first > 2
    assert journal.read("lobby", 0, 2, 200).frames == b""
    journal.close()


@KEEPING
def test_search(journal: Journal) -> None:
    """All the words, whatever their case, in these rooms alone, the newest first."""
    journal.commit([record("lobby", 1, 2, 1.0, "Red fox"), record("den", 1, 1, 2.0, "red dog")])
    journal.commit([record("lobby", 3, 3, 3.0, "blue fox")])
    settle(journal)
    assert [lines(line) for line in journal.search("FOX", ["lobby"], 10)] == [[3], [2], [1]]
    assert [lines(line) for line in journal.search("fox red", ["lobby", "den"], 10)] == [[2], [1]]
    assert [lines(line) for line in journal.search("fox", ["lobby"], 1)] == [[3]]
    assert journal.search("red", ["attic"], 10) == []
    assert journal.search("green", ["lobby", "den"], 10) == []


@KEEPING
@pytest.mark.parametrize("words", ['"', "'", "*", "fox*", "a OR b", "NEAR(", "-", "text:", "(", "^fox", "\0"])
def test_search_takes_any_words(journal: Journal, words: str) -> None:
    """None of them is a language of its own."""
    store(journal, 2)
    settle(journal)
    assert isinstance(journal.search(words, ["lobby"], 10), list)


def test_epochs_and_secrets_differ(factory: Factory, tmp_path: Path) -> None:
    """Two records have nothing in common."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = (factory.open(folder, 0) for folder in folders)
    assert one.epoch != other.epoch
    assert one.secret != other.secret
    one.close()
    other.close()


@pytest.mark.parametrize("factory", [each for each in FACTORIES if each.durable], ids=lambda each: each.name)
def test_it_outlives_the_process(factory: Factory, tmp_path: Path) -> None:
    """Messages, epoch and refs are there when it is opened again."""
    journal = factory.open(tmp_path, 0)
    journal.commit([referred("lobby", 1, "s1", "a", "b"), referred("den", 1, "s2", "a")])
    journal.commit([referred("lobby", 3, "s1", "c")])
    epoch, kept = journal.epoch, journal.read("lobby", 0, 3, 200)
    journal.close()
    journal = factory.open(tmp_path, 0)
    assert journal.epoch == epoch
    assert journal.read("lobby", 0, 3, 200) == kept
    assert journal.bounds("lobby") == (1, 3, 1.0)
    assert journal.known("s1") == {"a": ("lobby", 1, 1.0), "b": ("lobby", 2, 1.0), "c": ("lobby", 3, 1.0)}
    assert journal.known("s2") == {"a": ("den", 1, 1.0)}
    assert journal.known("s3") == {}
    store(journal, 1)
    assert journal.bounds("lobby").last == 4
    journal.close()


def referred(room: str, first: int, session: str, *refs: str) -> Record:
    """Return a record of messages with these refs."""
    made = record(room, first, first + len(refs) - 1)
    made.session = session
    made.refs = [(ref, index) for index, ref in enumerate(refs)]
    return made


BATCHES = st.lists(st.tuples(st.sampled_from(["lobby", "den"]), st.integers(1, 5)), max_size=25)


@given(BATCHES, st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batches_read_in_any_pages(
    factory: Factory, batches: list[tuple[str, int]], data: st.DataObject
) -> None:
    """However they were stored, pages of any size put together are all that was stored."""
    with tempfile.TemporaryDirectory() as folder, closing(factory.open(Path(folder), 0)) as journal:
        expected: dict[str, list[int]] = {"lobby": [], "den": []}
        for room, size in batches:
            expected[room] += range(store_one(journal, room, size), len(expected[room]) + size + 1)
        for room, ids in expected.items():
            upto = data.draw(st.integers(0, len(ids) + 3))
            limit = data.draw(st.integers(1, 7))
            assert read_all(journal, room, upto, limit) == ids[:upto]


def store_one(journal: Journal, room: str, size: int) -> int:
    """Store a batch; return its first id."""
    last = journal.bounds(room).last
    journal.commit([record(room, last + 1, last + size)])
    return last + 1


def read_all(journal: Journal, room: str, upto: int, limit: int) -> list[int]:
    """Return the ids of all pages."""
    got: list[int] = []
    position = 0
    while (one := journal.read(room, position, upto, limit)).frames:
        assert one.after == position
        assert len(lines(one.frames)) == one.last - one.after <= limit
        got += lines(one.frames)
        position = one.last
    return got


def test_cut() -> None:
    """The lines between two ids, each with its end; none where they lie elsewhere."""
    data = frames("lobby", 5, 8)
    assert lines(b"".join(cut(5, data, 5, 7))) == [6, 7]
    assert lines(b"".join(cut(5, data, 0, 99))) == [5, 6, 7, 8]
    assert cut(5, data, 8, 99) == cut(5, data, 0, 4) == cut(5, data, 7, 6) == []


def test_page() -> None:
    """Within both bounds, and at least one message."""
    long = b"x" * PAGE_BYTES + b"\n"
    assert page(3, [b"1\n", b"2\n", b"3\n"], 2) == (3, 5, b"1\n2\n")
    assert page(0, [long, b"2\n"], 9) == (0, 1, long)
    assert page(0, [b"1\n", long], 9) == (0, 1, b"1\n")
    assert page(7, [], 9) == (7, 7, b"")


@KEEPING
def test_a_room_that_is_forgotten_has_nothing_left(journal: Journal) -> None:
    """And no other room loses anything."""
    store(journal, 3, room="den")
    store(journal, 2, room="tea")
    assert journal.takes("den")
    journal.forget("den")
    journal.forget("nowhere")
    assert journal.read("den", 0, 3, 10).frames == b""
    assert lines(journal.read("tea", 0, 2, 10).frames) == [1, 2]
    assert journal.bounds("den")[:2] == (4, 3), "its ids go on when it comes to be again"
    journal.commit([record("den", 4, 5)])
    assert lines(journal.read("den", 0, 5, 10).frames) == [4, 5]


@KEEPING
def test_inboxes_that_are_forgotten_leave_nothing_behind(journal: Journal) -> None:
    """However many there were; a room that comes after them is its own."""
    for number in range(20):
        store(journal, 2, room=f"@{number}")
        journal.forget(f"@{number}")
    store(journal, 1, room="den")
    store(journal, 1, room="@last")
    journal.forget("@last")
    for number in range(20):
        assert journal.read(f"@{number}", 0, 2, 9).frames == b""
    assert lines(journal.read("den", 0, 1, 9).frames) == [1]


@pytest.mark.parametrize("number", [1, 3, 12])
def test_what_is_stored_already_is_not_stored_again(journal: Journal, number: int) -> None:
    """The same records may come once more after a fault, with others or without."""
    both = [record(f"room{at % 2}", at // 2 + 1, at // 2 + 1) for at in range(number)]
    journal.commit(both)
    journal.commit([*both, record("new", 1, 1)])
    journal.commit(both)
    for room in ("room0", "room1"):
        kept = lines(journal.read(room, 0, 99, 99).frames)
        assert kept == list(range(1, len([each for each in both if each.room == room]) + 1))
    assert lines(journal.read("new", 0, 9, 9).frames) == [1]


class Changed(Record):
    """A record of one line that changes an earlier message."""

    def lines(self, first: int, ts: float) -> bytes:
        """Return the line."""
        assert self.change is not None
        of, text = self.change
        word, rest = ("DELETE", {}) if text is None else ("EDIT", {"text": text})
        line = {"type": word, "room": self.room, "id": first, "ts": ts, "from": "ann", "of": of, **rest}
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"

    def bodies(self) -> bytes:
        """Return the line without its head."""
        frame = json.loads(self.lines(0, 0.0))
        return json.dumps({key: frame[key] for key in list(frame)[4:]}).encode() + b"\n"


def change(journal: Journal, of: int, text: str | None, room: str = "lobby") -> None:
    """Edit a message, or delete it."""
    kind = "delete" if text is None else "edit"
    journal.commit([Changed(room, 1, 99.0, change=(of, text), kind=kind)])


def shown(journal: Journal, *, raw: bool = False, room: str = "lobby") -> list[tuple[str, object]]:
    """Return type and text of what is read of a room; of what was changed also how."""
    rows = []
    for line in journal.read(room, 0, 99, 99, raw=raw).frames.splitlines():
        frame = json.loads(line)
        how = [each for each in ("edited", "deleted") if frame.get(each)]
        rows.append((frame["type"], (frame.get("text"), *how) if how else frame.get("text")))
    return rows


def test_what_was_changed_is_read_as_it_is_now(journal: Journal) -> None:
    """Each keeps its place; only who asks for it gets what was said."""
    journal.commit([record("lobby", 1, 3, 1.0), record("den", 1, 3, 1.0)])
    change(journal, 2, "better")
    change(journal, 2, "best")
    change(journal, 1, None)
    assert shown(journal) == [
        ("MSG", ("", "deleted")),
        ("MSG", ("best", "edited")),
        ("MSG", "m 3"),
        ("EDIT", "better"),
        ("EDIT", "best"),
        ("DELETE", None),
    ]
    assert [text for _, text in shown(journal, raw=True)][:3] == ["m 1", "m 2", "m 3"]
    assert [text for _, text in shown(journal, room="den")] == ["m 1", "m 2", "m 3"]
    assert lines(journal.read("lobby", 1, 3, 99).frames) == [2, 3]


def test_the_text_of_an_edit_goes_with_the_message(journal: Journal) -> None:
    """Also if a page begins behind the message."""
    journal.commit([record("lobby", 1, 2, 1.0)])
    change(journal, 1, "a secret")
    change(journal, 1, None)
    assert b"secret" not in journal.read("lobby", 0, 99, 99).frames
    assert b"secret" not in journal.read("lobby", 2, 99, 99).frames
    assert lines(journal.read("lobby", 0, 99, 99).frames) == [1, 2, 3, 4]


@KEEPING
def test_search_finds_what_is_there_now(factory: Factory, tmp_path: Path) -> None:
    """By its last text, once, under its own id; what was deleted is not found."""
    with closing(factory.open(tmp_path, 0)) as journal:
        journal.commit([record("lobby", 1, 3, 1.0, "tea")])
        change(journal, 1, "coffee")
        change(journal, 1, "coffee again")
        change(journal, 2, None)
        settle(journal)
        found = {
            words: [
                (each["id"], each["text"]) for each in map(json.loads, journal.search(words, ["lobby"], 9))
            ]
            for words in ("tea", "coffee")
        }
    assert found == {"tea": [(3, "tea 3")], "coffee": [(1, "coffee again")]}


@KEEPING
def test_what_was_changed_stays_so(factory: Factory, tmp_path: Path) -> None:
    """After a restart; and when a room is forgotten, no message that comes anew is changed."""
    journal = factory.open(tmp_path, 0)
    journal.commit([record("lobby", 1, 2, 1.0), record("den", 1, 1, 1.0)])
    change(journal, 1, None)
    change(journal, 1, None, "den")
    if factory.durable:
        journal.close()
        journal = factory.open(tmp_path, 0)
    assert shown(journal)[0] == ("MSG", ("", "deleted"))
    journal.forget("den")
    journal.open("den")
    journal.commit([record("den", 3, 3, 5.0)])
    assert shown(journal, room="den") == [("MSG", "m 3")]
    journal.close()
