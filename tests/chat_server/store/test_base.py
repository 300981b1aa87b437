"""What every store does, tried on each."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.store.base import Naming, Scope, Store
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Clock

DIGEST = hashlib.sha256(b"secret").digest()


def naming(name: str, *alike: str) -> Naming:
    """Return a name that is known by itself in small letters, and by these."""
    return Naming(name, name.lower(), frozenset((name.lower(), *alike)))


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    made = SqliteStore(tmp_path / "chat.db-store" if request.param == "file" else None, Clock())
    yield made
    made.close()


def test_an_account_is_found_by_its_name(store: Store) -> None:
    """As it was made; others are not there."""
    ann = store.add(naming("Ann"), "hash", operator=True)
    assert ann is not None
    assert store.find("ann") == store.account(ann.number) == ann
    assert (ann.name, ann.hash, ann.operator, ann.disabled) == ("Ann", "hash", True, False)
    assert store.find("bob") is store.account(99) is None
    assert store.accounts() == [ann]


def test_no_two_accounts_share_what_a_name_is_known_by(store: Store) -> None:
    """Which is kept for the account, also what it only looks like."""
    assert store.add(naming("Ivan", "lvan"), "") is not None
    assert store.add(naming("lvan"), "") is None
    assert store.is_reserved(["x", "lvan"])
    assert not store.is_reserved(["x"])
    assert len(store.accounts()) == 1


@pytest.mark.parametrize("change", ["password", "disabled", "operator", "revoked"])
def test_what_ends_a_stay_is_another_version(store: Store, change: str) -> None:
    """So nobody goes on who came before it."""
    ann = store.add(naming("ann"), "old")
    assert ann is not None
    token = store.add_token(ann.number, DIGEST, "bot", Scope())
    if change == "password":
        store.set_password(ann.number, "new")
    elif change == "disabled":
        store.set_disabled(ann.number, disabled=True)
    elif change == "operator":
        store.set_operator(ann.number, operator=True)
    else:
        assert store.revoke(token)
    now = store.account(ann.number)
    assert now is not None
    assert now.version == ann.version + 1
    assert (now.hash == "new", now.disabled, now.operator, store.token(DIGEST) is None) == (
        *(change == "password", change == "disabled", change == "operator", change == "revoked"),
    )


def test_a_token_says_whose_it_is_and_what_for(store: Store) -> None:
    """Until it is revoked, which can be done once."""
    ann = store.add(naming("ann"), "")
    assert ann is not None
    scope = Scope(("tea", "lobby"), writes=False)
    number = store.add_token(ann.number, DIGEST, "builder", scope)
    found = store.token(DIGEST)
    assert found is not None
    assert (found[0], list(found[1].rooms), found[1].writes) == (ann, ["tea", "lobby"], False)
    (listed,) = store.tokens()
    assert (listed.number, listed.account, listed.label, listed.created) == (number, "ann", "builder", 1000.0)
    assert store.token(b"other") is None
    assert [store.revoke(number), store.revoke(number)] == [True, False]
    assert (store.token(DIGEST), store.tokens()) == (None, [])


def test_an_invitation_is_good_once(store: Store) -> None:
    """But a name that is taken does not use it up."""
    store.add_invitation(DIGEST, 2000.0)
    assert store.add(naming("ann"), "") is not None
    assert store.redeem(DIGEST, naming("ann"), "h") == (True, None)
    good, bob = store.redeem(DIGEST, naming("bob"), "h")
    assert good
    assert bob is not None
    assert store.find("bob") == bob
    assert store.redeem(DIGEST, naming("cat"), "h") == (False, None)
    assert store.redeem(b"other", naming("cat"), "h") == (False, None)


def test_an_invitation_has_its_time() -> None:
    """And goes after it."""
    clock = Clock()
    store = SqliteStore(None, clock)
    store.add_invitation(DIGEST, 1500.0)
    clock.now = 1501.0
    assert store.redeem(DIGEST, naming("ann"), "h") == (False, None)
    store.add_invitation(b"other", 1600.0)
    clock.now = 1500.0
    assert store.redeem(DIGEST, naming("ann"), "h") == (False, None)
    store.close()


rooms = st.sampled_from(["lobby", "tea", "@"])


@given(st.lists(st.dictionaries(st.tuples(st.integers(1, 2), rooms), st.none() | st.integers(0, 9))))
def test_positions_are_those_noted_last(steps: list[dict[tuple[int, str], int | None]]) -> None:
    """Each account has its own; a room that is forgotten is none of its rooms."""
    store = SqliteStore(None)
    model: dict[tuple[int, str], int] = {}
    for step in steps:
        store.set_positions(step)
        for place, id_ in step.items():
            if id_ is None:
                model.pop(place, None)
            else:
                model[place] = id_
    for number in (1, 2):
        assert store.positions(number) == {room: id_ for (who, room), id_ in model.items() if who == number}
    store.close()


def test_rooms_come_in_the_order_in_which_they_were_entered(store: Store) -> None:
    """However often they are read."""
    store.set_positions({(1, "tea"): 1, (1, "lobby"): 2})
    store.set_positions({(1, "tea"): 5})
    store.set_positions({(1, "ale"): 1})
    assert list(store.positions(1)) == ["tea", "lobby", "ale"]
