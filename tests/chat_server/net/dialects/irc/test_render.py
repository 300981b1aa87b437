"""What is said, as all who have one form are shown it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.codec import encode, encode_lines
from chat_protocol.server_messages import Ack, DeleteFrame, DmFrame, EditFrame, Joined, MsgFrame
from chat_server.net.dialects.irc.grammar import LINE_BYTES, parse
from chat_server.net.dialects.irc.render import msgid, parse_msgid, stamp, wrapped
from chat_server.net.dialects.irc.tables import form_of
from chat_server.stream.frames import Rendered

BARE = form_of(frozenset())
FULL = form_of(frozenset({"message-tags", "server-time", "account-tag", "echo-message"}))
TS = 1_795_728_340.2531


def lines(rendered: Rendered) -> list[str]:
    """Return lines that all are shown alike."""
    assert isinstance(rendered, bytes)
    return rendered.decode().split("\r\n")[:-1]


def said(text: str, **more: object) -> MsgFrame:
    """Return what ann said in a room."""
    return MsgFrame("tea", 7, TS, "ann", text, **more)  # type: ignore[arg-type]  # the tests know the fields


def test_forms_are_shared() -> None:
    """By all whose capabilities are the same in this, so that what is made once is used by all of them."""
    assert form_of(frozenset({"server-time", "echo-message"})) is form_of(frozenset({"server-time", "sasl"}))
    assert form_of(frozenset()) is not form_of(frozenset({"server-time"}))


def test_a_message_is_one_line() -> None:
    """With the tags that the client can take."""
    frames = encode_lines([said("hello there"), said("oh", account=True)])
    assert lines(BARE(frames)) == [
        ":ann!user@hidden.chat PRIVMSG #tea :hello there",
        ":ann!user@hidden.chat PRIVMSG #tea :oh",
    ]
    assert lines(FULL(frames)) == [
        "@time=2026-11-26T21:25:40.253Z;msgid=tea/7 :ann!user@hidden.chat PRIVMSG #tea :hello there",
        "@time=2026-11-26T21:25:40.253Z;msgid=tea/7;account=ann :ann!user@hidden.chat PRIVMSG #tea :oh",
    ]
    timeless = form_of(frozenset({"account-tag"}))
    assert lines(timeless(frames))[1] == "@account=ann :ann!user@hidden.chat PRIVMSG #tea :oh"
    assert lines(timeless(frames))[0].startswith(":ann")


def test_actions_and_notices() -> None:
    """As clients of IRC know them."""
    assert lines(BARE(encode(said("waves", action=True)))) == [
        ":ann!user@hidden.chat PRIVMSG #tea :\x01ACTION waves\x01"
    ]
    assert lines(BARE(encode(said("psst", notice=True)))) == [":ann!user@hidden.chat NOTICE #tea :psst"]
    assert lines(BARE(encode(said("", deleted=True)))) == [":ann!user@hidden.chat PRIVMSG #tea :(deleted)"]


def test_direct_messages() -> None:
    """To the nick of the one they are for; also what one has said oneself on another connection."""
    frame = DmFrame(3, TS, "ann", "jane.doe", "psst", account=True)
    tags = "@time=2026-11-26T21:25:40.253Z;msgid=@/3;account=ann"
    assert lines(FULL(encode(frame))) == [f"{tags} :ann!user@hidden.chat PRIVMSG jane\u2024doe :psst"]


def test_edits_and_deletions() -> None:
    """Are said once more; the message is named to who can find it, and taken away from who can do that."""
    edit, delete = EditFrame("tea", 8, TS, "ann", 7, "hi"), DeleteFrame("tea", 9, TS, "ann", 7)
    both = encode_lines([edit, delete, EditFrame("tea", 8, TS, "ann", 7, "", deleted=True)])
    assert lines(BARE(both)) == [
        ":ann!user@hidden.chat PRIVMSG #tea :(edited) hi",
        ":ann!user@hidden.chat PRIVMSG #tea :(deleted)",
    ]
    redacting = form_of(frozenset({"message-tags", "draft/message-redaction"}))
    assert lines(redacting(both)) == [
        "@msgid=tea/8;+draft/reply=tea/7 :ann!user@hidden.chat PRIVMSG #tea :(edited) hi",
        ":ann!user@hidden.chat REDACT #tea :tea/7",
    ]
    direct = encode_lines([EditFrame("@", 8, TS, "ann", 7, "hi"), DeleteFrame("@", 9, TS, "ann", 7)])
    assert lines(redacting(direct)) == []


def test_text_with_breaks_is_several_lines() -> None:
    """The first has the msgid, none is empty, and each is an action if the whole is one."""
    got = lines(FULL(encode(said("one\r\n\ntwo\rthree\0four", action=True))))
    texts = ["one", "two", "three", "four"]
    assert [each.rpartition(":")[2] for each in got] == [f"\x01ACTION {each}\x01" for each in texts]
    assert [("msgid" in each) for each in got] == [True, False, False, False]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans())
def test_no_line_is_too_long_and_no_character_is_lost(text: str, action: bool) -> None:  # noqa: FBT001  # hypothesis gives it so
    """Whatever is said natively."""
    frame = encode(said(text * 40, action=action))
    words: list[str] = []
    for line in BARE(frame).split(b"\r\n")[:-1]:  # type: ignore[union-attr]  # all of it is shared
        assert len(line) + 2 <= LINE_BYTES
        parsed = parse(line.decode())
        assert parsed is not None
        assert parsed.params[0] == "#tea"
        words.append(
            parsed.params[1].removeprefix("\x01ACTION ").removesuffix("\x01") if action else parsed.params[1]
        )
    blank = str.maketrans("", "", " \r\n\0\x01")
    assert "".join(words).translate(blank) == (text * 40).translate(blank)


@pytest.mark.parametrize("caps", [(), ("message-tags", "batch", "draft/multiline")])
@pytest.mark.parametrize("text", ["xy\nthere", "xy " * 200])
def test_names_may_fill_a_line(caps: tuple[str, ...], text: str) -> None:
    """Where an operator lets them be so long, lines are too long rather than without any text."""
    said_ = MsgFrame("r" * 256, 7, TS, "n" * 256, text)
    made = form_of(frozenset(caps)).lines(said_)
    assert all(each.count(b"\r\n") == 1 for each in made)
    assert b"".join(made).count(b"xy") == text.count("xy")


@pytest.mark.parametrize("text", ["\x01VERSION\x01", "hi\n\x01VERSION\x01", "\x01DCC SEND a 1 2 3\x01"])
def test_nobody_asks_the_programs_of_a_whole_room(text: str) -> None:
    """Each of them would answer."""
    for frame in (said(text), said(text, notice=True), EditFrame("tea", 8, TS, "ann", 7, text)):
        assert b"\x01" not in b"".join(BARE.lines(frame))
    assert b"".join(BARE.lines(said(text, action=True))).count(b"\x01") == 2 * len(text.split("\n"))
    direct = DmFrame(3, TS, "ann", "bob", text)
    assert b"\x01" in b"".join(BARE.lines(direct))


def test_words_stay_whole_if_they_can() -> None:
    """A line ends at a space if there is one near its end; a character is never cut."""
    assert list(wrapped("aaaa bbbb cccc", 12)) == ["aaaa bbbb", "cccc"]
    assert list(wrapped("a bbbbbbbbbbbbbb", 8)) == ["a bbbbbb", "bbbbbbbb"]
    assert list(wrapped("ééééé", 5)) == ["éé", "éé", "é"]
    assert list(wrapped("", 8)) == [" "]


def test_what_is_each_ones_own_stays_a_message() -> None:
    """Between what is shared."""
    joined, ack = Joined("tea", "bob"), Ack("1", 7, TS, "tea")
    got = BARE(encode_lines([said("a"), said("b"), joined, ack, said("c")]))
    assert isinstance(got, list)
    assert [isinstance(each, bytes) for each in got] == [True, False, False, True]
    assert got[1:3] == [joined, ack]
    assert BARE(b"") == b""


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("tea/7", ("tea", 7)),
        ("@/7", ("@", 7)),
        ("@bob/7", ("@bob", 7)),
        ("a/b/7", ("a/b", 7)),
        ("tea/", None),
        ("/7", None),
        ("7", None),
        ("tea/-7", None),
        ("tea/٣", None),
        ("tea/" + "9" * 17, None),
    ],
)
def test_msgids(written: str, parts: tuple[str, int] | None) -> None:
    """Tell the room and the id."""
    assert parse_msgid(written) == parts
    assert msgid("tea", 7) == "tea/7"
    assert msgid(None, 7) == "@/7"


def test_times_have_milliseconds() -> None:
    """And are rounded, not cut."""
    assert [stamp(each) for each in (0.0, 1.9996, TS)] == [
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:02.000Z",
        "2026-11-26T21:25:40.253Z",
    ]
