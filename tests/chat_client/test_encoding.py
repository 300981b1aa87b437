"""Byte order marks, and what comes in UTF-16."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.encoding import Recoder, unmarked

TEXT = "say grüße 今 👩\n/join tea\n"
STREAMS = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with its mark": codecs.BOM_UTF8 + TEXT.encode(),
    "UTF-16, little end first": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
}


def read(*pieces: bytes) -> bytes:
    """Return what a stream of these pieces is in UTF-8."""
    recoder = Recoder()
    return b"".join(map(recoder.feed, pieces)) + recoder.feed(b"", final=True)


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_any_of_them_is_read(stream: bytes) -> None:
    """At once, byte by byte, and with a tail, it is the same text."""
    for pieces in ([stream], [stream[place : place + 1] for place in range(len(stream))]):
        assert unmarked(read(*pieces)).decode() == TEXT
    assert unmarked(read(stream, stream[-2:])).decode().startswith(TEXT)


@given(st.lists(st.binary(max_size=4)))
def test_no_stream_fails(pieces: list[bytes]) -> None:
    """What is no UTF-16 either goes through, or is replaced; without a mark it stays as it is."""
    whole = b"".join(pieces)
    found = read(*pieces)
    assert found == read(whole)
    if not whole.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        assert found == whole
