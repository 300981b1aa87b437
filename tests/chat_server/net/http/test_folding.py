"""Texts out of boxes."""

from typing import Any

import pytest

from chat_server.net.http.folding import DEEPEST, TEXTS_AT_MOST, fields_of, text_of, texts_of_blocks


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (1, "1"), (1.5, "1.5"), (True, ""), (None, ""), (["x"], ""), ({}, "")]
)
def test_what_is_a_text(value: object, text: str) -> None:
    """Numbers too."""
    assert text_of(value) == text


def test_fields_are_a_line_each() -> None:
    """Those that have something to say."""
    fields = [{"title": "a", "value": " b "}, {"title": "c"}, {"value": 1}, {}, "x"]
    assert list(fields_of(fields)) == ["a: b", "c", "1"]
    assert list(fields_of("x")) == []


def test_what_lies_too_deep_or_is_too_much_is_left_out() -> None:
    """Nobody would read it."""
    deep: Any = "found"
    for _ in range(DEEPEST + 1):
        deep = {"text": deep}
    assert list(texts_of_blocks([deep])) == []
    assert list(texts_of_blocks([deep["text"]])) == ["found"]
    assert len(list(texts_of_blocks([{"text": "x"}] * (TEXTS_AT_MOST + 1)))) == TEXTS_AT_MOST
