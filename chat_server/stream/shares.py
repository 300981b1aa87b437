"""What each sender gets of a pass: the acknowledgements in place of the own messages."""

from collections.abc import Container, Sequence

from chat_server.stream.outgoing import Outgoing
from chat_server.stream.publication import Publication


def own_shares(taken: Sequence[Publication], frames: bytes) -> dict[Outgoing, bytes]:
    """Return the shares of everyone who sent something of this; `frames` is all of it, joined.

    The steps grow with the publications, not with publications times senders; only the bytes do, as they
    do for what is sent.
    """
    if len(taken) == 1:
        publication = taken[0]
        if publication.sender is None:
            return {}
        own_ = {publication.sender.outbox: publication.acks}
        return {**dict.fromkeys(publication.passed_over, b""), **own_} if publication.passed_over else own_
    own: dict[Outgoing, list[tuple[int, int, bytes]]] = {}
    end = 0
    for each in taken:
        start, end = end, end + len(each.frames)
        for outbox in each.passed_over:
            own.setdefault(outbox, []).append((start, end, b""))
        if each.sender is not None:
            own.setdefault(each.sender.outbox, []).append((start, end, each.acks))
    view = memoryview(frames)
    return {outbox: _spliced(view, cuts) for outbox, cuts in own.items()}


def own_acks(taken: Sequence[Publication], outboxes: Container[Outgoing]) -> dict[Outgoing, bytes]:
    """Return what these senders, who are here no more, are told: what became of their own messages."""
    acks: dict[Outgoing, bytes] = {}
    for each in taken:
        if each.acks and each.sender is not None and (outbox := each.sender.outbox) in outboxes:
            acks[outbox] = acks.get(outbox, b"") + each.acks
    return acks


def _spliced(view: memoryview, cuts: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return the bytes with each cut (start, end, replacement) replaced."""
    pieces: list[bytes | memoryview] = []
    position = 0
    for start, end, acks in cuts:
        pieces += (view[position:start], acks)
        position = end
    pieces.append(view[position:])
    return b"".join(pieces)
