"""Messages of several lines, as a client sends them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.codec import encode
from chat_protocol.messages import Msg
from chat_protocol.server_messages import MsgFrame
from chat_server.net.dialects.irc.batches import CONCAT_TAG, NAME, parts
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.multiline import LINES_AT_MOST, BadBatchError, Batch, weight
from tests.support.irc_world import IrcClient, come, shown
from tests.support.world import World


def said(
    text: str, *, joined: bool = False, command: str = "PRIVMSG", target: str = "#tea", batch: str = "1"
) -> Line:
    """Return a line of a batch."""
    return Line(command, (target, text), {"batch": batch, **({CONCAT_TAG: ""} if joined else {})})


def test_lines_are_put_together() -> None:
    """With a line break between them, unless one goes on where the last one ended."""
    batch = Batch("1", "#tea", 100)
    for line in (said("hello"), said(""), said("how is "), said("everyone?", joined=True)):
        batch.add(line)
    assert (batch.text, batch.notice) == ("hello\n\nhow is everyone?", False)


@given(
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=400),
    st.integers(4, 20),
)
def test_what_goes_out_comes_in_again(text: str, space: int) -> None:
    """Whatever the text."""
    batch = Batch("1", "#tea", 10_000)
    made = list(parts(text, space))
    if len(made) <= LINES_AT_MOST:
        for part, joined in made:
            batch.add(said(part, joined=joined))
        assert batch.text == text


@pytest.mark.parametrize(
    ("line", "code", "context"),
    [
        (said("x", batch="2"), "MULTILINE_INVALID", ()),
        (said("", joined=True), "MULTILINE_INVALID", ()),
        (said("x", command="NOTICE"), "MULTILINE_INVALID", ()),
        (said("x", command="TAGMSG"), "MULTILINE_INVALID", ()),
        (said("x", target="#den"), "MULTILINE_INVALID_TARGET", ("#tea", "#den")),
        (Line("PRIVMSG", (), {"batch": "1"}), "MULTILINE_INVALID_TARGET", ("#tea", "*")),
        (said("x" * 95), "MULTILINE_MAX_BYTES", ("100",)),
    ],
)
def test_what_breaks_a_rule(line: Line, code: str, context: tuple[str, ...]) -> None:
    """Each has its code."""
    batch = Batch("1", "#tea", 100)
    batch.add(said("hello"))
    with pytest.raises(BadBatchError) as caught:
        batch.add(line)
    assert (caught.value.code, caught.value.context) == (code, context)


def test_bounds_are_exact() -> None:
    """A line break counts as one byte, characters as those of UTF-8."""
    batch = Batch("1", "#tea", 8)
    batch.add(said("éé"))
    batch.add(said("xyz"))
    with pytest.raises(BadBatchError):
        batch.add(said("x", joined=True))
    batch = Batch("1", "#tea", 10_000)
    for _ in range(LINES_AT_MOST):
        batch.add(said("x"))
    with pytest.raises(BadBatchError) as caught:
        batch.add(said("x"))
    assert (caught.value.code, caught.value.context) == ("MULTILINE_MAX_LINES", (str(LINES_AT_MOST),))


CAPS = ("batch", "message-tags", "server-time", "echo-message", "labeled-response", "standard-replies", NAME)


def room_of(*caps: str) -> tuple[World, IrcClient, IrcClient]:
    """Return a chat, and two clients in #tea; the second has these capabilities."""
    chat = World()
    ann, bob = come(chat, "ann", *CAPS), come(chat, "bob", *caps)
    for client in (ann, bob):
        client.send("JOIN #tea")
    ann.taken()
    return chat, ann, bob


def batch(*lines: str, label: str = "") -> list[str]:
    """Return the lines of a batch to #tea."""
    tag = f"@label={label} " if label else ""
    return [f"{tag}BATCH +1 {NAME} #tea", *lines, "BATCH -1"]


def test_a_batch_is_one_message() -> None:
    """It is echoed with its label as a batch, and comes as one to whom can take it, and natively."""
    chat, ann, bob = room_of(*CAPS)
    native = chat.client("nat", "tea")
    ann.taken(), bob.taken()
    lines = batch(
        "@batch=1 PRIVMSG #tea hello",
        "@batch=1 PRIVMSG #tea :how is ",
        f"@batch=1;{CONCAT_TAG} PRIVMSG #tea :everyone?",
        label="x",
    )
    begun, *within, ended = ann.told(*lines)
    assert (begun.command, begun.params[1:], begun.tags["label"]) == ("BATCH", (NAME, "#tea"), "x")
    assert begun.tags["msgid"] == "tea/1"
    assert [each.params[1] for each in within] == ["hello", "how is everyone?"]
    assert ended.params == (f"-{begun.params[0][1:]}",)
    begun, *within, _ = bob.told()
    assert begun.tags["msgid"] == "tea/1"
    assert all("msgid" not in each.tags and "time" not in each.tags for each in within)
    assert [each.text for each in native.outbox.of(MsgFrame)] == ["hello\nhow is everyone?"]


def test_others_get_several_lines() -> None:
    """The first has the msgid."""
    _, ann, bob = room_of("message-tags")
    ann.send(*batch("@batch=1 PRIVMSG #tea one", "@batch=1 PRIVMSG #tea two"))
    lines = bob.told()
    assert [each.params[1] for each in lines] == ["one", "two"]
    assert ["msgid" in each.tags for each in lines] == [True, False]


def test_a_long_native_message_is_a_batch() -> None:
    """Longer than a line, or with line breaks."""
    chat, _, bob = room_of(*CAPS)
    native = chat.client("nat", "tea")
    bob.taken()
    native.send(Msg("x" * 1000, "tea"))
    begun, *within, _ = bob.told()
    assert begun.params[1] == NAME
    assert "".join(each.params[1] for each in within) == "x" * 1000
    assert [CONCAT_TAG in each.tags for each in within] == [False, True, True]


def test_a_batch_that_fails_is_told_once() -> None:
    """What comes of it after that is passed over; the next one is good."""
    _, ann, bob = room_of()
    lines = ["@batch=2 PRIVMSG #tea hi", "@batch=1 PRIVMSG #tea hi", "@batch=1 PRIVMSG #tea hi"]
    (failed,) = ann.told(*batch(*lines))
    assert (failed.command, failed.params[:2]) == ("FAIL", ("BATCH", "MULTILINE_INVALID"))
    assert bob.taken() == []
    ann.send(*batch("@batch=1 PRIVMSG #tea hi"))
    assert shown(bob.told()) == [("PRIVMSG", "#tea", "hi")]


@pytest.mark.parametrize(
    "lines",
    [
        ["BATCH +1"],
        ["BATCH +1 other #tea"],
        [f"BATCH + {NAME} #tea"],
        ["BATCH -1"],
        ["BATCH 1"],
        ["@batch=1 PRIVMSG #tea hi"],
        [f"BATCH +1 {NAME} #tea", f"BATCH +2 {NAME} #tea"],
        [f"BATCH +1 {NAME} #tea", "BATCH -2"],
        [f"BATCH +1 {NAME} #tea", "BATCH -1"],
        [f"BATCH +1 {NAME} #tea", "@batch=1 PRIVMSG #tea :", "BATCH -1"],
    ],
)
def test_what_is_no_batch(lines: list[str]) -> None:
    """It is told, and nothing is said."""
    _, ann, bob = room_of()
    (failed,) = ann.told(*lines)
    assert (failed.command, failed.params[:2]) == ("FAIL", ("BATCH", "MULTILINE_INVALID"))
    assert bob.taken() == []


def test_a_client_that_asks_for_no_batches_sends_none() -> None:
    """The capability comes first."""
    ann = come(World(), "ann", "standard-replies")
    assert shown(ann.told(f"BATCH +1 {NAME} #tea"))[0][:3] == ("FAIL", "BATCH", "MULTILINE_INVALID")


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=400))
def test_no_message_is_longer_natively_than_its_writer_could_say_it(text: str) -> None:
    """Control characters take six bytes there."""
    assert len(encode(Msg(text))) - len(encode(Msg(""))) <= 2 * weight(text)
