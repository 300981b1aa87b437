"""A message of several lines as it goes out."""

from hypothesis import given
from hypothesis import strategies as st

from chat_server.net.dialects.irc.batches import CONCAT_TAG, NAME, lines, parts
from chat_server.net.dialects.irc.grammar import LINE_BYTES, parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)


def whole(text: str, space: int) -> str:
    """Return the parts of a text put together again."""
    made = ""
    for number, (part, joined) in enumerate(parts(text, space)):
        made += part if joined or not number else f"\n{part}"
    return made


@given(TEXTS, st.integers(4, 40))
def test_the_parts_are_the_text(text: str, space: int) -> None:
    """Put together again; each fits, and no first line goes on."""
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    assert whole(text, space) == expected
    made = list(parts(text, space))
    assert all(len(part.encode()) <= space and "\n" not in part for part, _ in made)
    assert made[0][1] is False
    assert not any(joined and not part for part, joined in made)


def test_a_line_is_cut_behind_a_word() -> None:
    """If there is one near its end; the space stays."""
    assert list(parts("hello big world", 12)) == [("hello big ", False), ("world", True)]
    assert list(parts("a bcdefghijklmnop", 12)) == [("a bcdefghijk", False), ("lmnop", True)]
    assert list(parts("ééé", 5)) == [("éé", False), ("é", True)]


@given(TEXTS)
def test_a_batch_is_lines_of_irc(text: str) -> None:
    """It is opened and closed; what is of the whole message is at its beginning alone."""
    made = [
        parse(each.decode().removesuffix("\r\n"))
        for each in lines("ann!u@h", "PRIVMSG", "#tea", text, "@msgid=tea/7 ", "m7")
    ]
    begun, *within, ended = made
    assert begun is not None
    assert ended is not None
    assert (begun.command, begun.params, begun.tags) == ("BATCH", ("+m7", NAME, "#tea"), {"msgid": "tea/7"})
    assert (ended.command, ended.params) == ("BATCH", ("-m7",))
    for each in within:
        assert each is not None
        assert (each.command, each.params[0], each.tags["batch"]) == ("PRIVMSG", "#tea", "m7")
        assert set(each.tags) <= {"batch", CONCAT_TAG}
    sizes = [len(each) for each in lines("ann!u@h", "PRIVMSG", "#tea", text, "", "m7")]
    tags = len(f"@batch=m7;{CONCAT_TAG} ")
    assert max(sizes) <= LINE_BYTES + tags
