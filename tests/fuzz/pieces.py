"""Streams in pieces, as a network may cut them."""

from collections.abc import Iterator


def cut(data: bytes, seed: int) -> Iterator[bytes]:
    """Cut bytes in pieces of sizes that depend on the seed."""
    at, size = 0, seed
    while at < len(data):
        size = (size * 5 + 3) % 31
        yield data[at : at + size + 1]
        at += size + 1
