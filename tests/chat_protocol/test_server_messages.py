"""What the server sends, as it stands on the wire."""

import msgspec

from chat_protocol.codec import encode
from chat_protocol.server_messages import DmFrame, HistoryFrame, MsgFrame, Users


def test_the_sender_is_from_on_the_wire() -> None:
    """`from` is a word of Python, so the field has another name here."""
    room = msgspec.json.decode(encode(MsgFrame("lobby", 1, 2.5, "ann", "hi")))
    direct = msgspec.json.decode(encode(DmFrame(1, 2.5, "ann", "bob", "hi")))
    assert room == {"type": "MSG", "room": "lobby", "id": 1, "ts": 2.5, "from": "ann", "text": "hi"}
    assert direct["from"] == "ann"


def test_a_guest_costs_nothing_on_the_wire() -> None:
    """Only what comes from an account says so."""
    assert b"account" not in encode(MsgFrame("lobby", 1, 2.5, "ann", "hi"))
    assert b"account" not in encode(Users("lobby", ["ann"], 1))
    assert encode(DmFrame(1, 2.5, "ann", "bob", "hi", account=True)).endswith(b'"account":true}\n')


def test_a_page_has_messages_of_both_kinds() -> None:
    """Each says which it is."""
    page = HistoryFrame(
        "@", [DmFrame(1, 2.5, "ann", "bob", "hi"), MsgFrame("tea", 1, 2.5, "ann", "hi")], more=False
    )
    decoded = msgspec.json.decode(encode(page), type=HistoryFrame)
    assert decoded == page
