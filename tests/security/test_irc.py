"""Whatever a stranger says in IRC: it is answered or passed over, and breaks nothing."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_protocol.messages import Msg
from chat_server.net.dialects.irc.grammar import LINE_BYTES, TAGS_BYTES
from chat_server.net.dialects.irc.tables import COMMANDS
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.security.table import row
from tests.support.irc_world import IrcClient, come
from tests.support.world import World

WORDS = (
    *(
        "#tea",
        "#nowhere",
        "#",
        "ann",
        "bob",
        "*",
        "0",
        "+",
        "-",
        "+o",
        "-v",
        "+b",
        "+kimstn",
        "B",
        "LS",
        "END",
    ),
    *("302", "REQ", "sasl", "PLAIN", "EXTERNAL", "LATEST", "AROUND", "BETWEEN", "TARGETS", "msgid=tea/1"),
    *(
        "timestamp=2019-01-04T14:33:26.123Z",
        "draft/multiline",
        "+1",
        "-1",
        "ann!*@*",
        "*!*@*",
        "200",
        "C",
        "S",
    ),
)
WORD = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20
)
TAGS = st.sampled_from(["", "@batch=1 ", "@label=x ", "@label=x;batch=1 ", "@=;;a=\\ ", "@time=now "])


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Return a line that is nearly one."""
    command = draw(st.sampled_from(sorted(COMMANDS)) | WORD)
    words = draw(st.lists(WORD, max_size=5))
    last = draw(st.sampled_from(["", ":", " :"]))
    return f"{draw(TAGS)}{command} {' '.join(words)}{last}{draw(WORD)}"


def people() -> tuple[World, IrcClient, IrcClient]:
    """Return a chat, an account that owns a room, and somebody who has said nothing yet."""
    chat = world("ann", "bob")
    ann = come(chat, "ann", "batch", "labeled-response", "message-tags", "draft/multiline", account=PASSWORD)
    ann.send("JOIN #tea", "MODE #tea +i-i")
    chat.client("bob" * 3, "tea").send(Msg("hello", "tea"))
    return chat, ann, IrcClient(chat)


@row("any line of IRC", defence="answered or passed over; what comes back is a line that fits")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(lines(), min_size=1, max_size=12))
def test_any_line_of_irc(said: list[str]) -> None:
    """By whoever is in, and by whoever is not: each line that comes back is one of IRC, and fits."""
    chat, ann, stranger = people()
    for client in (ann, stranger):
        for line in said:
            if client.conversation.over is None:
                for shown in client.send(line):
                    assert len(shown.encode()) <= LINE_BYTES + TAGS_BYTES
                    assert not {"\r", "\n", "\0"} & set(shown)
        assert client.outbox.ended in ([], ["name_reserved"])
        client.taken()
    assert chat.client("eve").session.identity.name == "eve"


@row("any bytes over IRC", defence="each line is one of IRC, or told to be none")
@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_over_irc(pieces: list[bytes]) -> None:
    """Cut anywhere."""
    _, ann, stranger = people()
    for client in (ann, stranger):
        for piece in pieces:
            client.conversation.handle(client.dialect.feed(piece), 0.0)
        client.conversation.handle(client.dialect.finish(), 0.0)
        client.taken()
        assert client.outbox.ended == []
