"""Who is let in, and as whom."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from chat_protocol.errors import (
    AuthFailedError,
    AuthRequiredError,
    BadFieldError,
    BannedError,
    LimitReachedError,
    NameTakenError,
    NotAllowedError,
    PeerError,
    RateLimitedError,
)
from chat_protocol.messages import RegName
from chat_server.chat import names
from chat_server.chat.access import Access, AccessRules, Entry
from chat_server.chat.identity import Identity
from chat_server.chat.passwords import Passwords, digest
from chat_server.chat.session import Session, guest
from chat_server.errors import StoreError
from chat_server.store.base import EVERYTHING, Account, Naming, Scope
from chat_server.store.moderation import Ban
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Clock

HERE = "192.0.2.1"
PASSWORD = "correct horse"  # noqa: S105  # a test's
HASH = Passwords().hashed(PASSWORD)


def access(mode: str = "accounts", **rules: object) -> Access:
    """Return a door with such rules, to a chat with the account dave."""
    made = Access(AccessRules(mode, **rules), SqliteStore(None, Clock()), Clock())  # type: ignore[arg-type]  # its fields
    add(made, "dave")
    return made


def add(door: Access, name: str, hash_: str = HASH) -> Account:
    """Make an account."""
    account = door.store.add(Naming(name, names.key(name), names.keys(name)), hash_)
    assert account is not None
    return account


def come(door: Access, name: str = "dave", known: Session | None = None, **fields: Any) -> Entry:  # noqa: ANN401  # as REG_NAME's fields
    """Come to the door."""
    return door.admit(RegName(name, **fields), name, HERE, known)


def test_everyone_comes_in_where_it_is_open() -> None:
    """Whoever shows something is told that it counts for nothing here, rather than to believe it did."""
    door = access("open")
    assert come(door, "ann") == Entry(None, EVERYTHING)
    with pytest.raises(AuthFailedError, match="has no accounts"):
        come(door, "ann", password=PASSWORD)
    assert door.find("dave") is None


def test_one_password_for_all() -> None:
    """Whoever comes back to a session need not give it again."""
    door = access("password", password="open sesame")  # noqa: S106  # a test's
    assert come(door, "ann", password="open sesame") == Entry(None, EVERYTHING)  # noqa: S106  # a test's
    with pytest.raises(AuthRequiredError, match="has a password"):
        come(door, "ann")
    with pytest.raises(AuthFailedError, match="wrong password"):
        come(door, "ann", password="open")  # noqa: S106  # a test's
    assert come(door, "ann", guest("1", "ann")) == Entry(None, EVERYTHING)


def test_an_account_comes_in_with_its_password() -> None:
    """In whatever spelling of the name."""
    door = access()
    dave = door.store.find("dave")
    assert come(door, "DAVE", password=PASSWORD) == Entry(dave, EVERYTHING)
    assert door.find("dAve") == dave


def test_an_unknown_name_and_a_wrong_password_are_the_same() -> None:
    """Also for an account that is disabled, or has no password."""
    door = access()
    add(door, "bot", "")
    eve = add(door, "eve")
    door.store.set_disabled(eve.number, disabled=True)
    errors = []
    for name, password in (("dave", "wrong"), ("nobody", PASSWORD), ("bot", "anything"), ("eve", PASSWORD)):
        with pytest.raises(AuthFailedError) as refused:
            come(door, name, password=password)
        errors.append((refused.value.code, refused.value.text))
    assert len(set(errors)) == 1


def test_a_name_alone_is_not_enough_without_guests() -> None:
    """And the answer tells nothing of which names there are."""
    texts = set()
    for name in ("dave", "nobody"):
        with pytest.raises(AuthRequiredError) as refused:
            come(access(), name)
        texts.add(refused.value.text)
    assert len(texts) == 1


def test_a_guest_has_no_name_that_an_account_has() -> None:
    """Nor one that looks like it, nor the service's."""
    door = access(guests=True)
    assert come(door, "ann") == Entry(None, EVERYTHING)
    for name in ("d\u0430ve", "admin"):
        with pytest.raises(NameTakenError):
            come(door, name)
    for known in (None, guest("1", "ann")):
        with pytest.raises(AuthRequiredError, match="give its password, or choose another"):
            come(door, "DAVE", known)
    assert add(door, "admin").name == "admin"
    assert come(door, "admin", password=PASSWORD).account is not None


def test_whoever_comes_back_is_who_they_were() -> None:
    """Without a password, as long as the account is as it was."""
    door = access()
    dave = door.store.find("dave")
    assert dave is not None
    known = Session("1", Identity("account-1", "dave", dave), proved=dave.version)
    assert come(door, "dave", known) == Entry(dave, None)
    door.store.set_password(dave.number, HASH)
    assert not door.is_current(known)
    with pytest.raises(AuthRequiredError):
        come(door, "dave", known)
    now = come(door, "dave", known, password=PASSWORD).account
    assert now is not None
    assert now.version == dave.version + 1


def test_a_bot_comes_in_with_its_token() -> None:
    """Under its own name alone; a token that is revoked is as good as none."""
    door = access()
    dave = door.store.find("dave")
    assert dave is not None
    scope = Scope(("builds",), writes=False)
    number = door.store.add_token(dave.number, digest("token-1"), "ci", scope)
    entry = come(door, token="token-1")  # noqa: S106  # a test's
    assert entry.account == dave
    assert entry.scope is not None
    assert (tuple(entry.scope.rooms), entry.scope.writes) == (("builds",), False)
    add(door, "ann")
    for name, token in (("ann", "token-1"), ("dave", "token-2")):
        with pytest.raises(AuthFailedError):
            come(door, name, token=token)
    door.store.revoke(number)
    with pytest.raises(AuthFailedError):
        come(door, token="token-1")  # noqa: S106  # a test's


@pytest.mark.parametrize("registration", ["off", "invitation", "open"])
def test_who_may_register(registration: str) -> None:
    """Nobody, whoever was invited, everyone."""
    door = access(registration=registration)
    door.store.add_invitation(digest("invitation-1"), 2000.0)
    ways: dict[str, Any] = {"open": {"register": True}, "invitation": {"invitation": "invitation-1"}}
    for way, fields in ways.items():
        if registration in (way, "open"):
            entry = come(door, f"by{way}", password=PASSWORD, **fields)
            assert entry.account is not None
            assert come(door, f"by{way}", password=PASSWORD).account == entry.account
        else:
            with pytest.raises(NotAllowedError):
                come(door, f"by{way}", password=PASSWORD, **fields)


@pytest.mark.parametrize(
    ("name", "fields", "error", "said"),
    [
        ("ann", {"invitation": "other", "password": PASSWORD}, AuthFailedError, "used, or too old"),
        ("ann", {"register": True, "password": "short"}, BadFieldError, "8 characters or more"),
        ("ann", {"register": True}, BadFieldError, "8 characters or more"),
        ("d\u0430ve", {"register": True, "password": PASSWORD}, NameTakenError, "taken"),
        ("admin", {"register": True, "password": PASSWORD}, NameTakenError, "kept for the service"),
    ],
)
def test_what_stops_a_registration(
    name: str, fields: dict[str, Any], error: type[PeerError], said: str
) -> None:
    """It says what to do, and no account is made."""
    door = access(registration="open")
    with pytest.raises(error, match=said):
        come(door, name, **fields)
    assert [each.name for each in door.store.accounts()] == ["dave"]


def test_strangers_make_so_many_accounts() -> None:
    """In all, and for one address in a minute; what an operator makes is not held to it."""
    door = access(registration="open", accounts=3)
    for name in ("ann", "bob"):
        come(door, name, register=True, password=PASSWORD)
    with pytest.raises(LimitReachedError):
        come(door, "cat", register=True, password=PASSWORD)
    assert add(door, "cat").name == "cat"
    wide = access(registration="open")
    for number in range(5):
        come(wide, f"bot{number}", register=True, password=PASSWORD)
    with pytest.raises(RateLimitedError):
        come(wide, "bot5", register=True, password=PASSWORD)


def test_guessing_is_slow_and_told() -> None:
    """For an address whatever it tries, and for a name wherever it is tried from; who is right goes on."""
    door = access()
    for number in range(20):
        come(door, "dave", password=PASSWORD)
        assert len(door.tries) <= 2, number
    with capture_logs() as logs:
        for number in range(5):
            with pytest.raises(AuthFailedError):
                door.admit(RegName("dave", password="x"), "dave", f"198.51.100.{number}", None)  # noqa: S106  # a test's
        with pytest.raises(RateLimitedError) as refused:
            door.admit(RegName("dave", password=PASSWORD), "dave", "203.0.113.1", None)
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 12
    assert {(each["event"], each["user"]) for each in logs} == {("login_failed", "dave")}
    assert door.results["wrong"] == 5
    assert door.results["limited"] == 1
    assert door.results["account"] == 20


def test_an_exempt_address_is_not_counted_but_the_name_is() -> None:
    """Behind a proxy that hides addresses everybody has the same."""
    door = access()
    for number in range(20):
        with pytest.raises(AuthFailedError):
            door.admit(RegName(f"n{number}", password="x"), f"n{number}", "", None)  # noqa: S106  # a test's


def test_nobody_comes_in_who_is_banned() -> None:
    """Under the name, whatever is shown; under the account, once it has proved who it is. It is counted."""
    door = access(guests=True)
    dave = door.store.find("dave")
    assert dave is not None
    stay = Session("1", Identity("1", "dave", dave), proved=dave.version)
    door.bans.add(Ban("", "account", str(dave.number), "dave", reason="spam"))
    door.bans.add(Ban("", "name", "eve", "eve"))
    with capture_logs() as logs:
        with pytest.raises(AuthFailedError):
            come(door, "dave", password="wrong")  # noqa: S106  # a test's
        for name, known in (
            ("dave", None),
            ("dave", stay),
            ("\u0435ve", None),
        ):
            with pytest.raises(BannedError):
                come(door, name, known, password=PASSWORD)
        with pytest.raises(BannedError):
            come(door, "someone", guest("1", "EVE"))
    assert [each["code"] for each in logs] == ["auth_failed", *["banned"] * 4]
    assert (door.results["banned"], door.results["account"]) == (4, 0)
    with pytest.raises(BannedError):
        door.refuse_reserved("Eve")
    assert come(door, "ann") == Entry(None, EVERYTHING)


def test_a_store_that_fails_costs_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not looked at is no guess: as soon as the store can be read, people come in again."""
    door = access()

    def faulty(_: str) -> None:
        raise StoreError("another program holds it")

    with monkeypatch.context() as patched:
        patched.setattr(door.store, "find", faulty)
        for _ in range(9):
            with pytest.raises(StoreError):
                come(door, password=PASSWORD)
    assert come(door, password=PASSWORD).account is not None
