"""The search index: words are words, whatever they look like, and the file can be made anew."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import UnavailableError
from chat_server.journal.sqlite import search
from chat_server.journal.sqlite.search import SearchIndex, is_damage


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    """Return an index of a few texts in one room."""
    index = SearchIndex(tmp_path / "index", "epoch")
    index.add(
        1, 14, [(11, "the quick fox"), (12, "The lazy dog"), (13, "foxes, dogs"), (14, 'say "the fox"')]
    )
    yield index
    index.close()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("the", [14, 12, 11]),
        ("THE fox", [14, 11]),
        ("fox the", [14, 11]),
        ("cat", []),
        ("the cat", []),
        ('"the fox"', [14, 11]),
        ("fox OR dog", []),
        ("fox*", [14, 11]),
        (" \0 ", []),
        ("--", []),
        ("text:fox", []),
        ("-fox", [14, 11]),
        ("foxes,dogs", [13]),
    ],
)
def test_all_the_words_must_be_there(index: SearchIndex, words: str, found: list[int]) -> None:
    """Case does not count, FTS5's own syntax means nothing; the newest come first."""
    assert index.find(words, 0, 100, 10) == found


def test_range_and_limit_hold(index: SearchIndex) -> None:
    """Both ends of the range belong to it; the limit leaves the newest."""
    assert index.find("the", 11, 12, 10) == [12, 11]
    assert index.find("the", 0, 100, 1) == [14]


def test_what_is_removed_is_not_found(index: SearchIndex) -> None:
    """Both ends of the range belong to it."""
    index.remove(11, 12)
    assert index.find("the", 0, 100, 10) == [14]


def test_what_is_added_twice_is_found_once(index: SearchIndex) -> None:
    """A step that a crash has it do again does no harm."""
    index.add(1, 14, [(14, 'say "the fox"')])
    assert index.find("say", 0, 100, 10) == [14]
    assert index.reached() == {1: 14}


def test_a_step_that_fails_leaves_nothing_and_the_next_one_works(index: SearchIndex) -> None:
    """Its transaction is taken back."""
    with pytest.raises((sqlite3.Error, OverflowError)):
        index.add(2, 20, [(20, "good"), (2**64, "a key that SQLite cannot store")])
    assert index.find("good", 0, 100, 10) == []
    index.add(2, 20, [(20, "good")])
    assert index.reached() == {1: 14, 2: 20}


@given(words=st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_words_can_break_a_search(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    """Whatever somebody types finds messages or none."""
    index = shared_index(tmp_path_factory)
    assert set(index.find(words, 0, 100, 10)) <= {1, 2}


@given(words=st.lists(st.sampled_from(['"', "*", "fox", "(", ")", "AND", "NEAR/2", "^", ":", "-", "+", "'"])))
def test_no_syntax_can_break_a_search(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    """FTS5's own signs and words are harmless, alone or together, apart or not."""
    index = shared_index(tmp_path_factory)
    for glue in ("", " "):
        assert set(index.find(glue.join(words), 0, 100, 10)) <= {1, 2}


def test_very_many_words_can_be_asked_for(index: SearchIndex) -> None:
    """A whole line of them."""
    assert index.find("the " * 5000, 0, 100, 10) == [14, 12, 11]


_shared: list[SearchIndex] = []


def shared_index(factory: pytest.TempPathFactory) -> SearchIndex:
    """Return one index for all examples."""
    if not _shared:
        _shared.append(SearchIndex(factory.mktemp("search") / "index", "epoch"))
        _shared[0].add(1, 2, [(1, "the quick fox"), (2, "AND NEAR 2")])
    return _shared[0]


@pytest.fixture(autouse=True, scope="module")
def _close_shared() -> Iterator[None]:
    """Close it after the last."""
    yield
    while _shared:
        _shared.pop().close()


def test_it_is_kept(tmp_path: Path) -> None:
    """It need not be made anew at each start."""
    index = SearchIndex(tmp_path / "index", "epoch")
    index.add(1, 11, [(11, "hello")])
    index.close()
    index = SearchIndex(tmp_path / "index", "epoch")
    assert index.find("hello", 0, 100, 10) == [11]
    index.close()


@pytest.mark.parametrize("fault", ["epoch", "garbage", "empty"])
def test_what_is_of_no_use_is_made_anew(tmp_path: Path, fault: str) -> None:
    """The index of another record, a damaged file, an empty one: the server starts all the same."""
    path = tmp_path / "index"
    index = SearchIndex(path, "epoch")
    index.add(1, 11, [(11, "hello")])
    index.close()
    if fault != "epoch":
        path.write_bytes(b"no index at all " * 1000 if fault == "garbage" else b"")
    index = SearchIndex(path, "other" if fault == "epoch" else "epoch")
    assert index.reached() == {}
    assert index.find("hello", 0, 100, 10) == []
    index.close()


def test_without_fts5_search_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else goes on; who searches hears why it cannot be done."""
    monkeypatch.setattr(search, "_TABLES", search._TABLES.replace("fts5", "fts5_that_was_left_out"))  # noqa: SLF001  # as a build without it
    index = SearchIndex(tmp_path / "index", "epoch")
    assert not index.available
    assert index.reached() == {}
    index.remove(0, 10)
    with pytest.raises(UnavailableError, match="without FTS5"):
        index.find("hello", 0, 100, 10)
    index.close()


def test_damage_is_told_from_other_errors() -> None:
    """A full disk is no reason to make a file anew."""
    error = sqlite3.DatabaseError()
    error.sqlite_errorname = "SQLITE_CORRUPT_VTAB"
    assert is_damage(error)
    error.sqlite_errorname = "SQLITE_FULL"
    assert not is_damage(error)
