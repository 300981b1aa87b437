"""What was sent and is not acknowledged."""

import pytest

from chat_client.errors import PendingFullError, RefInUseError
from chat_client.protocol.pending import PENDING_MESSAGES, Pending
from chat_protocol.messages import Dm, Msg


def test_keeps_the_order() -> None:
    """What waits comes back in the order in which it was said, rooms and direct messages alike."""
    pending = Pending()
    messages: list[Msg | Dm] = [
        Msg(text="1", room="lobby"),
        Dm(to="bob", text="2"),
        Msg(text="3", room="tea"),
    ]
    for ref, message in zip("abc", messages, strict=True):
        pending.add(ref, message)
    pending.settle("b")
    assert pending.messages() == [messages[0], messages[2]]


def test_settles_once() -> None:
    """A message is returned by the first acknowledgement only, and an unknown ref is nobody's."""
    pending = Pending()
    pending.add("a", Msg(text="1", room="lobby"))
    assert pending.settle("b") is None
    assert pending.settle(None) is None
    assert pending.settle("a") == Msg(text="1", room="lobby")
    assert pending.settle("a") is None
    assert len(pending) == 0


def test_knows_where_something_waits() -> None:
    """A room has something waiting until the last of its messages is settled."""
    pending = Pending()
    pending.add("a", Msg(text="1", room="lobby"))
    pending.add("b", Msg(text="2", room="lobby"))
    pending.settle("a")
    assert pending.waits_in("lobby")
    pending.settle("b")
    assert not pending.waits_in("lobby")
    assert not pending.waits_in("tea")


def test_is_bounded() -> None:
    """Beyond the bound a message is refused, and taken again when there is room."""
    pending = Pending()
    for number in range(PENDING_MESSAGES):
        pending.add(str(number), Msg(text="x", room="lobby"))
    with pytest.raises(PendingFullError, match="try again"):
        pending.add("more", Msg(text="x", room="lobby"))
    pending.settle("0")
    pending.add("more", Msg(text="x", room="lobby"))


def test_refuses_a_ref_in_use() -> None:
    """Two messages cannot wait under one ref, since one answer would settle both."""
    pending = Pending()
    pending.add("a", Msg(text="1", room="lobby"))
    with pytest.raises(RefInUseError, match="waits already"):
        pending.add("a", Msg(text="2", room="lobby"))
