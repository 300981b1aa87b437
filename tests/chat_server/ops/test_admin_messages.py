"""What a shell asks on the admin socket, and what it is answered."""

from typing import get_args

import msgspec
import pytest

from chat_server.ops import admin_messages as admin


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b'{"type":"shutdown"}',
        b'{"type":"kick"}',
        b'{"type":"kick","name":7}',
        b'{"type":"ban","who":"dave","seconds":0}',
        b'{"type":"ban","who":"dave","seconds":1e300}',
        b'{"type":"ban","who":"%s"}' % (b"x" * 257),
        b'{"type":"notice","text":"%s"}' % (b"x" * 501),
        b'{"type":"notice","text":"\xff"}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_request_is_refused(line: bytes) -> None:
    """Whatever is missing, of another type, or beyond its bounds."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        admin.decode_request(line)


def test_every_request_has_a_word_of_its_own() -> None:
    """So has every answer; both fit in a line."""
    for union in (admin.Request, admin.Answer):
        words = [kind.__struct_config__.tag for kind in get_args(union)]
        assert len(set(words)) == len(words)
        assert all(isinstance(word, str) for word in words)
    longest = admin.BanSomebody("\U0001f600" * 256, admin.BAN_SECONDS, "\U0001f600" * 500)
    assert len(admin.encode(longest)) < admin.REQUEST_BYTES


def test_it_comes_as_it_was_sent() -> None:
    """Both ways, without what is left out anyway."""
    asked = admin.BanSomebody("dave", 60.0, "spam")
    assert admin.decode_request(admin.encode(asked)) == asked
    row = admin.ConnectionRow(1, "dave", False, "192.0.2.1:1", 2.5, 0, ["lobby"])  # as its field
    assert admin.decode_answer(admin.encode(row)) == row
    assert admin.encode(admin.Done()) == b'{"type":"done"}'
