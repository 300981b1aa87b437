"""What a search finds: the same in every journal."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.codec import encode
from chat_protocol.server_messages import MsgFrame
from chat_server.journal.base import Journal, Record
from chat_server.journal.words import is_in, phrases, spelled, tokens
from tests.chat_server.journal.factories import FACTORIES, settle

TEXTS = [
    "the quick Fox", "C++ and c#", "你好世界", "東京タワーへ行く", "สวัสดีชาวโลก", "Привет, МИР", "Ёлка",
    "café crème", "I ❤\ufe0f you 🎈🎈", "بی\u200cخبر", "नमस्ते दुनिया", "foo_bar-baz", "e-mail: a@b.c",
    "100% 1,000 $5", "straße ﬁne", "", "...", "\u0301",
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fox", [0]),
        ("FOX quick", [0]),
        ("fo", []),
        ("c++", [1]),
        ("c#", [1]),
        ("世界", [2]),
        ("好世", [2]),
        ("界世", []),
        ("京タ", [3]),
        ("ชาว", [4]),
        ("мир", [5]),
        ("елка", [6]),
        ("cafe", [7]),
        ("CRÈME", [7]),
        ("🎈", [8]),
        ("🎈🎈", [8]),
        ("🎈🎈🎈", []),
        ("❤", [8]),
        ("दुनिया", [10]),
        ("bar", [11]),
        ("foo-bar", [11]),
        ("a@b.c", [12]),
        ("1,000", [13]),
        ("$5", [13]),
        ("strasse FINE", [14]),
        ("...", []),
        ("\0", []),
    ],
)
def test_every_journal_finds_the_same(journals: list[Journal], query: str, found: list[int]) -> None:
    """In every script, with symbols, without accents."""
    for journal in journals:
        assert sorted(_ids(journal.search(query, ["den"], 50))) == [each + 1 for each in found]


class Texts(Record):
    """The texts, as somebody says them at once."""

    def lines(self, first: int, ts: float) -> bytes:
        """Return a line for each."""
        return b"".join(
            encode(MsgFrame("den", id_, ts, "ann", text)) for id_, text in enumerate(TEXTS, first)
        )


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Journal]]:
    """Return a journal of each kind with the texts."""
    opened = [factory.open(tmp_path_factory.mktemp(factory.name), 0) for factory in FACTORIES]
    for journal in opened:
        journal.commit([Texts("den", len(TEXTS), 1.0)])
        settle(journal)
    yield opened
    for journal in opened:
        with closing(journal):
            pass


def _ids(lines: list[bytes]) -> list[int]:
    return [int(line.partition(b'"id":')[2].partition(b",")[0]) for line in lines]


@given(st.text(max_size=12) | st.sampled_from(TEXTS).map(lambda text: text[1:4]))
def test_every_journal_answers_alike(journals: list[Journal], query: str) -> None:
    """Whatever somebody types."""
    answers = [sorted(_ids(journal.search(query, ["den"], 50))) for journal in journals]
    assert answers[0] == answers[1]


@given(st.text(max_size=20))
def test_a_text_is_found_by_each_of_its_words(text: str) -> None:
    """Whatever they are made of; and what a tokenizer gets are letters and digits alone."""
    row = tokens(text)
    assert all(is_in(phrase, row) for phrase in phrases(text))
    assert all(word.isascii() and word.isalnum() for word in spelled(row).split())
    assert len(spelled(row).split()) == len(row)


def test_so_many_words_count() -> None:
    """The rest would only cost time."""
    assert len(phrases("a " * 1000)) == 16
