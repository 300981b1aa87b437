"""What two people have said to each other alone, page by page."""

import pytest

from chat_protocol.messages import Dm, History
from chat_protocol.server_messages import HistoryFrame
from chat_server.chat import exchange
from tests.chat_server.chat.test_people import come, world
from tests.support.world import Client, World


class Talk:
    """Ann, who has an account, has written to bob and gus in turn, and they to her."""

    def __init__(self, rounds: int = 5) -> None:
        self.chat = world("ann", "bob")
        self.ann, self.bob, self.gus = come(self.chat, "ann"), come(self.chat, "bob"), self.chat.client("gus")
        for number in range(rounds):
            self.ann.send(Dm("bob", f"b{number}"), Dm("gus", f"g{number}"))
            self.bob.send(Dm("ann", f"B{number}"))
            self.gus.send(Dm("ann", f"G{number}"))
            self.chat.time.now += 1.0

    def read(self, client: Client, peer: str, **fields: float) -> HistoryFrame:
        """Return a page that a client is given."""
        client.outbox.clear()
        client.send(History("@", peer=peer, **fields))  # type: ignore[arg-type]  # its fields
        (page,) = client.outbox.of(HistoryFrame)
        return page


def texts(page: HistoryFrame) -> list[str]:
    """Return the texts of a page."""
    return [each.text for each in page.messages if not hasattr(each, "of")]


def test_what_is_said_with_one_is_apart_from_what_is_said_with_another() -> None:
    """Both ways, in order, in whatever spelling of the name; a guest has not what it said itself."""
    talk = Talk(2)
    assert texts(talk.read(talk.ann, "BOB")) == ["b0", "B0", "b1", "B1"]
    assert texts(talk.read(talk.ann, "gus")) == ["g0", "G0", "g1", "G1"]
    assert texts(talk.read(talk.bob, "ann")) == ["b0", "B0", "b1", "B1"]
    assert texts(talk.read(talk.gus, "ann")) == ["g0", "g1"]
    assert texts(talk.read(talk.ann, "nobody")) == []
    assert texts(talk.read(talk.ann, "ann")) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["B3", "b4", "B4"]),
        ({"before": 9}, ["B0", "b1", "B1"]),
        ({"after": 3}, ["b1", "B1", "b2"]),
        ({"after": 0}, ["b0", "B0", "b1"]),
        ({"until": 1_790_000_002.0}, ["B0", "b1", "B1"]),
        ({"since": 1_790_000_001.0}, ["b1", "B1", "b2"]),
    ],
)
def test_a_page_is_where_it_was_asked_for(fields: dict[str, float], expected: list[str]) -> None:
    """The messages nearest to where it begins, as HISTORY of a room has them."""
    talk = Talk()
    page = talk.read(talk.ann, "bob", limit=3, **fields)
    assert texts(page) == expected


@pytest.mark.parametrize("small", [1, 3, 200])
@pytest.mark.parametrize("pages", [1, 2, 20])
@pytest.mark.parametrize("forward", [False, True])
def test_going_on_from_next_reads_all_of_it(
    monkeypatch: pytest.MonkeyPatch, small: int, pages: int, *, forward: bool
) -> None:
    """Once, however little one request looks through."""
    talk = Talk()
    monkeypatch.setattr(exchange, "PAGE_MESSAGES", small)
    monkeypatch.setattr(exchange, "PAGES_AT_MOST", pages)
    read: list[str] = []
    fields: dict[str, float] = {"after": 0} if forward else {}
    for _ in range(50):
        page = talk.read(talk.ann, "bob", limit=2, **fields)
        read = [*read, *texts(page)] if forward else [*texts(page), *read]
        if not page.more:
            break
        assert page.next is not None
        fields = {"after" if forward else "before": page.next}
    assert read == [each for number in range(5) for each in (f"b{number}", f"B{number}")]


def test_a_page_has_a_size() -> None:
    """In bytes; more is told."""
    talk = Talk(0)
    for _ in range(4):
        talk.bob.send(Dm("ann", "x" * 100_000))
    page = talk.read(talk.ann, "bob")
    assert (len(page.messages), page.more) == (2, True)


def test_a_peer_is_for_direct_messages() -> None:
    """A room has none."""
    (ann,) = World().clients("ann")
    ann.send(History("lobby", peer="bob"), History(peer="bob"), History("@", peer="bob"))
    assert ann.outbox.errors() == ["bad_field", "bad_field", "not_a_member"]
