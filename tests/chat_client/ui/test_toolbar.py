"""How things stand, in a terminal of any width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from chat_client.ui.toolbar import ConnectionState, Standing, address, shortened

USUAL = Standing(ConnectionState.UP, 0, "tea", "dave", "localhost:9090", ("lobby", "music"))
LOST = Standing(ConnectionState.DOWN, 3, "tea", "dave", "localhost:9090", ("lobby", "music"))
WIDE = Standing(ConnectionState.DOWN, 12, "日本語の部屋の名前", "山田太郎", "chat.example:9090", ("ロビー",))


@pytest.mark.parametrize(
    ("standing", "columns", "line"),
    [
        (USUAL, 80, "[tea]  dave@localhost:9090  lobby music"),
        (USUAL, 40, "[tea]  dave@localhost:9090  lobby music"),
        (USUAL, 20, "[tea]  dave@localho…"),
        (LOST, 80, "not connected  waiting for the server: 3  [tea]  dave@localhost:9090  lobby mus…"),
        (LOST, 40, "offline 3 wait [tea]  dave@localhost:90…"),
        (LOST, 20, "offline 3 wait [tea]"),
        (WIDE, 80, "not connected  waiting for the server: 12  [日本語の部屋の名前]  山田太郎@chat.…"),
        (WIDE, 40, "offline 12 wait [日本語の部屋の名前]"),
        (WIDE, 20, "offline 12 wait"),
        (
            Standing(ConnectionState.NAMELESS, 0, None, None, "localhost:9090"),
            80,
            "waiting for your name  localhost:9090",
        ),
        (Standing(ConnectionState.NAMELESS, 0, None, None, "localhost:9090"), 20, "name?  localhost:90…"),
        (
            Standing(ConnectionState.CONNECTING, 0, None, "dave", "localhost:9090"),
            40,
            "connecting  dave@localhost:9090",
        ),
        (Standing(ConnectionState.CONNECTING, 10_000, None, None, ""), 20, "connect… 10000 wait"),
        (Standing(ConnectionState.UP, 0, None, None, "h:1"), 20, "h:1"),
        (
            Standing(ConnectionState.UP, 0, "tea", "dave", "h:1", verified=False),
            40,
            "certificate not checked  [tea]  dave@h:1",
        ),
        (Standing(ConnectionState.UP, 0, "tea", "dave", "h:1", verified=False), 20, "unchecked [tea]"),
    ],
)
def test_examples(standing: Standing, columns: int, line: str) -> None:
    """What matters comes first, in fewer words if there is less room; what is left of the rest follows."""
    assert standing.shown(columns) == line


@given(
    st.builds(
        Standing,
        st.sampled_from(ConnectionState),
        st.integers(0, 10_000),
        st.none() | st.text("aé日🚀", max_size=32),
        st.none() | st.text("aé日🚀", max_size=32),
        st.text("ab.:1日", max_size=60),
        st.lists(st.text("aé日", max_size=32), max_size=20).map(tuple),
    ),
    st.integers(20, 200),
)
def test_what_matters_is_never_cut_off(standing: Standing, columns: int) -> None:
    """In every width from 20 on it fits, and says the connection's state and how much waits."""
    line = standing.shown(columns)
    assert get_cwidth(line) <= columns
    assert any(line.startswith(words) for words in standing.connection.value)
    assert not standing.pending or f"{standing.pending} wait" in line or f"server: {standing.pending}" in line


@given(st.text("aé日🚀", max_size=40), st.integers(1, 40))
def test_shortened(text: str, columns: int) -> None:
    """A text keeps its beginning, and shows that it is not all."""
    short = shortened(text, columns)
    assert get_cwidth(short) <= columns
    assert short == text or (short[-1] == "…" and text.startswith(short[:-1]))


def test_addresses() -> None:
    """The colons of IPv6 are told from that of the port."""
    assert [address("::1", 9), address("h", 9)] == ["[::1]:9", "h:9"]


def test_shortening_looks_at_each_character_once() -> None:
    """A name that a server makes very long holds nobody up."""
    assert shortened("x" * 2_000_000, 5) == "xxxx…"
