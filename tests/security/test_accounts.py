"""Being somebody else, or more than one may be."""

import io
import threading

import pytest
import structlog

from chat_server import log
from chat_server.chat.tries import TRIES_A_MINUTE
from tests.security.realm import PASSWORD, Realm
from tests.security.table import row
from tests.security.test_names import ALIKE, spellings
from tests.support.peer import PATIENCE, Frame, fresh

WRONG = "a wrong password"


@row(
    "guessing a password",
    defence="tries that fail are counted for the name and for the address; one answer for all",
    default=f"{TRIES_A_MINUTE} a minute",
)
def test_guessing_a_password(realm: Realm) -> None:
    """Nobody learns whether there is such a name; and nobody else has to wait for it."""
    account, other = realm.account("victim"), realm.account("other")
    for name in (account.name, fresh("nobody")):
        answers = [realm.refused(name=name, password=WRONG) for _ in range(TRIES_A_MINUTE)]
        assert answers == ["auth_failed"] * TRIES_A_MINUTE
        assert realm.refused(name=name, password=PASSWORD) == "rate_limited"
    realm.login(other)


@row(
    "an account's name through every door",
    defence="reserved in whatever spelling, whoever is there",
)
@pytest.mark.parametrize("door", ["guest", "rename", "registration", "session of another"])
def test_an_account_s_name_through_every_door(realm: Realm, door: str) -> None:
    """As it is, in other spellings, and in letters that look like it; its owner does not notice."""
    account, other = realm.account("peacock"), realm.account("other")
    owner, thief = realm.login(account), realm.guest()
    theirs = realm.login(other).session
    for name in [*spellings(account.name), account.name.translate(ALIKE)]:
        if door == "rename":
            thief.send("NAME", name=name)
            assert thief.until("ERROR")["code"] == "name_taken"
            continue
        shown: dict[str, dict[str, object]] = {
            "guest": {},
            "registration": {"password": PASSWORD, "register": True},
            "session of another": {"session": theirs},
        }
        assert realm.refused(name=name, **shown[door]) in {"name_taken", "auth_required"}, name
    owner.fence()
    assert not [each for each in owner.seen if each["type"] == "BYE"]


@row(
    "a session token of somebody else's account",
    defence="good under the account's name alone, as long as its password is the same",
)
def test_a_session_token_of_somebody_else_s_account(realm: Realm) -> None:
    """A guest and another account get a new session; after a change of the password nobody gets this one."""
    account, other = realm.account("victim"), realm.account("other")
    owner, away = realm.login(account), realm.login(account)
    thief = realm.stranger()
    assert thief.register(fresh("thief"), session=owner.session)["resumed"] is False
    assert realm.login(other, session=owner.session).name == other.name
    owner.fence()
    away.close()
    realm.store.set_password(account.number, account.hash)
    assert owner.rest()[-1]["reason"] == "logged_out"
    realm.login(account)
    assert realm.refused(name=account.name, session=away.session) == "auth_required"
    assert realm.refused(name=account.name, session=owner.session) == "auth_required"


@row(
    "a guest's name through registration",
    defence="refused while the guest is here, or may come back",
)
def test_a_guest_s_name_through_registration(realm: Realm) -> None:
    """Else a stranger would get what is said to the guest."""
    guest = realm.guest("peacock")
    for name in [*spellings(guest.name), guest.name.translate(ALIKE)]:
        assert realm.refused(name=name, password=PASSWORD, register=True) == "name_taken"
    guest.fence()


#: What a token for reading in one room is not for; `{}` stands for somebody's name.
BEYOND: list[Frame] = [
    *({"type": kind, "room": "lobby"} for kind in ("WHO", "TOPIC", "HISTORY", "RULES", "JOIN", "LEAVE")),
    *({"type": "HISTORY", "room": each} for each in ("@", "#Lobby")),
    *({"type": "SEARCH", "words": "secret", "room": each} for each in ("@", "lobby")),
    {"type": "READ", "room": "@", "id": 1},
    *({"type": "MSG", "text": "x", "room": each} for each in ("lobby", "builds")),
    {"type": "EDIT", "id": 1, "text": "x", "room": "builds"},
    {"type": "DELETE", "id": 1, "room": "builds"},
    {"type": "TOPIC", "topic": "x", "room": "builds"},
    {"type": "RULES", "room": "builds", "announce": True},
    *({"type": kind, "name": "{}"} for kind in ("NAME", "KICK", "BAN", "UNBAN", "MUTE", "INVITE", "IGNORE")),
    *({"type": kind, "name": "{}", "room": "lobby"} for kind in ("KICK", "BAN", "MUTE", "INVITE")),
    {"type": "ROLE", "name": "{}", "role": "owner", "room": "lobby"},
    {"type": "DM", "to": "{}", "text": "x"},
]


@row(
    "a bot's token beyond its scope",
    defence="one table of what only reads; its rooms alone; no direct messages",
)
def test_a_bot_s_token_beyond_its_scope(realm: Realm) -> None:
    """By every command, by a resume, and by a session that is over, though the account is an operator's."""
    account, gus = realm.account("bot", operator=True), realm.guest()
    gus.send("DM", to=account.name, text="a secret", ref="dm")
    gus.until("ACK", ref="dm")
    _, secret = realm.token(account, ["builds"], writes=False)
    bot = realm.stranger()
    assert bot.register(account.name, token=secret, after={"lobby": 0, "@": 0})["rooms"] == ["builds"]
    for number, frame in enumerate(BEYOND):
        bot.send_frames({**{k: gus.name if v == "{}" else v for k, v in frame.items()}, "ref": f"{number}"})
        assert bot.until("ERROR", ref=f"{number}")["code"] == "not_allowed", frame
    bot.send("SEARCH", words="secret", ref="s")
    assert bot.until("FOUND", ref="s")["messages"] == []
    bot.send("LIST", ref="l")
    assert [each["room"] for each in bot.until("ROOMS", ref="l")["rooms"]] == ["builds"]
    assert not [each for each in bot.seen if each["type"] == "DM"]
    bot.close()
    again = realm.stranger()
    assert again.register(account.name, session=bot.session, after={"lobby": 0})["rooms"] == ["builds"]
    again.close()
    assert realm.refused(name=account.name, session=bot.session, epoch="another") == "auth_required"
    gus.fence()


@row(
    "a token that was revoked, an account that was disabled",
    defence="ends what came with it, and opens nothing more",
    default="within 1 s",
)
@pytest.mark.parametrize("change", ["revoke", "disable"])
def test_a_token_that_was_revoked_an_account_that_was_disabled(realm: Realm, change: str) -> None:
    """The connections end; neither token, session nor password is good afterwards."""
    account = realm.account("former")
    number, secret = realm.token(account)
    former = realm.login(account, token=secret)
    if change == "revoke":
        realm.store.revoke(number)
    else:
        realm.store.set_disabled(account.number, disabled=True)
    assert former.rest()[-1]["reason"] == "logged_out"
    assert realm.refused(name=account.name, token=secret) == "auth_failed"
    assert realm.refused(name=account.name, session=former.session) == "auth_required"
    if change == "disable":
        assert realm.refused(name=account.name, password=PASSWORD) == "auth_failed"


@row("an invitation used twice at once", defence="looked at and used up in one transaction")
def test_an_invitation_used_twice_at_once(realm: Realm) -> None:
    """By eight who start together: one of them has an account."""
    from chat_server.chat.passwords import digest  # noqa: PLC0415  # beside its one use

    invitation, outcomes = fresh("an-invitation-"), []
    realm.store.add_invitation(digest(invitation), 1e12)
    peers = [realm.stranger() for _ in range(8)]
    start = threading.Barrier(len(peers))

    def register(number: int) -> None:
        peers[number].until("REG_NAME")
        start.wait(PATIENCE)
        peers[number].send("REG_NAME", name=fresh("new"), password=PASSWORD, invitation=invitation)
        outcomes.append(peers[number].read()["type"])

    threads = [threading.Thread(target=register, args=(number,), name=f"new-{number}") for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["ERROR"] * 7 + ["WELCOME"]


@row("secrets in the log, the metrics, a crash", defence="neither logged nor a label; a trace has no values")
def test_secrets_in_the_log_the_metrics_a_crash(realm: Realm) -> None:
    """Whatever becomes of what somebody shows: right, wrong, too short, for a room."""
    account = realm.account("careful")
    _, token = realm.token(account)
    for fields in ({"password": WRONG}, {"token": WRONG}, {"invitation": WRONG, "password": WRONG}):
        realm.refused(name=account.name, **fields)
    owner = realm.login(account, token=token)
    owner.join(room := fresh("den"))
    owner.send("RULES", room=room, password="the room's secret", ref="r")  # noqa: S106  # a test's
    owner.until("RULES", ref="r")
    realm.guest().send("JOIN", room=room, password=WRONG)
    owner.fence()
    written = io.StringIO()
    before = structlog.get_config()
    try:
        log.configure("info", "json", written)
        _crash(WRONG)
    finally:
        structlog.configure(**before)  # as the other tests have it
    told = "".join(realm.running.lines) + written.getvalue() + "".join(sorted(_series(realm)))
    assert "login_failed" in told
    assert "connection_failed" in written.getvalue()
    secrets = (WRONG, PASSWORD, token, "the room's secret", "$argon2", owner.session)
    assert not [each for each in secrets if each in told]


def _crash(password: str) -> None:
    """Log a fault as a connection's thread does, while it has a password in hand."""
    try:
        int("", base=len(password))
    except ValueError:
        structlog.get_logger().exception("connection_failed")


def _series(realm: Realm) -> set[str]:
    from tests.security.test_operators import series  # noqa: PLC0415  # that module's own rows are its own

    return series(realm.running)


@row("forged fields", defence="the server alone says who spoke, and whether it is an account")
def test_forged_fields(realm: Realm) -> None:
    """In what is said in a room and to one person, by a guest who names an account."""
    account = realm.account("victim")
    owner, guest = realm.login(account), realm.guest()
    forged = {"from": account.name, "account": True, "name": account.name, "id": 99, "ts": 1.0}
    guest.send("MSG", text="trust me", room="lobby", **forged)
    guest.send("DM", to=account.name, text="trust me", **forged)
    for told in (owner.hear("trust me"), owner.until("DM")):
        assert (told["from"], "account" in told) == (guest.name, False)
        assert told["ts"] > 1.0


@row(
    "one account on many connections",
    defence="one bucket for all of them, and so many at once",
    default="100",
)
def test_one_account_on_many_connections() -> None:
    """What one spends the others do not have."""
    from tests.chat_server.chat.test_people import come, world  # noqa: PLC0415  # makes hashes

    chat = world("ann")
    phone, desk = come(chat, "ann"), come(chat, "ann")
    assert phone.session.identity.bucket is desk.session.identity.bucket
