"""The forms in which many are told the same."""

import pytest

from chat_protocol.codec import encode_lines
from chat_protocol.server_messages import Joined, MsgFrame, Notice
from chat_server.net.dialects.irc.form import KEPT_BYTES, SHAPING, Form


def made(form: Form, frame: MsgFrame) -> list[bytes]:
    """Make two lines of a message."""
    del form
    return [frame.text.encode(), b"|"]


def test_what_is_shared_is_joined() -> None:
    """Up to what each is told in its own way."""
    form = Form(frozenset(), {MsgFrame: made})
    one, two = MsgFrame("tea", 1, 1.5, "ann", "a"), MsgFrame("tea", 2, 1.5, "ann", "b")
    joined, notice = Joined("tea", "bob"), Notice("hi")
    assert form(encode_lines([one, two])) == b"a|b|"
    assert form(encode_lines([one, joined, notice, two])) == [b"a|", joined, notice, b"b|"]
    assert form(encode_lines([joined])) == [joined]
    assert form(b"") == b""
    assert form.lines(two) == [b"b", b"|"]


def test_what_was_made_of_a_message_is_taken_again() -> None:
    """Where many speak, each is sent it among others; of long ones nothing is kept."""
    count = 0

    def counting(form: Form, frame: MsgFrame) -> list[bytes]:
        nonlocal count
        count += 1
        return made(form, frame)

    form = Form(frozenset(), {MsgFrame: counting})
    frames = [MsgFrame("tea", id_, 1.5, "ann", text) for id_, text in enumerate("abc")]
    joined = Joined("tea", "bob")
    assert form(encode_lines(frames)) == b"a|b|c|"
    assert form(encode_lines([frames[0], joined, *frames[1:]])) == [b"a|", joined, b"b|c|"]
    assert form(encode_lines(frames[1:])) == b"b|c|"
    assert count == len(frames)
    long = [MsgFrame("tea", 9, 1.5, "ann", "x" * KEPT_BYTES)] * 2
    assert [len(form(encode_lines(long))) for _ in range(2)] == [2 * KEPT_BYTES + 2] * 2
    assert count == len(frames) + 4


@pytest.mark.parametrize("cap", ["message-tags", "server-time", "account-tag"])
def test_a_form_with_tags_is_not_bare(cap: str) -> None:
    """Each of these puts tags before lines."""
    assert Form(frozenset(), {}).bare
    assert not Form(frozenset({cap}), {}).bare
    assert cap in SHAPING


def test_several_lines_are_one_for_who_can_put_them_together() -> None:
    """Which takes three capabilities."""
    caps = frozenset({"draft/multiline", "batch", "message-tags"})
    assert Form(caps, {}, made).long is made
    for each in caps:
        assert Form(caps - {each}, {}, made).long is None
