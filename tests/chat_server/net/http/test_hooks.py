"""What programs are answered that post to a hook."""

from collections.abc import Iterator, Mapping

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.server_messages import MsgFrame
from chat_server.chat import names
from chat_server.chat.passwords import digest
from chat_server.errors import StoreError
from chat_server.net.http.exchange import Request, Response
from chat_server.net.http.hooks import hook_routes, ref_of
from chat_server.store.moderation import Ban
from tests.support.world import FragileJournal, World

TOKEN = "hook-secret"  # noqa: S105  # a test's


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Mapping[str, object]]]:
    """Return what is logged."""
    with structlog.testing.capture_logs() as lines:
        yield lines  # type: ignore[misc]  # a list of mappings


def made(world: World, *rooms: str, per_minute: float = 60.0) -> World:
    """Return a world with a hook for these rooms."""
    number = world.store.hooks.add(
        digest(TOKEN), "ci", names.keys("ci"), rooms or ("lobby", "ops"), per_minute
    )
    assert number == 1
    return world


def post(world: World, body: str | bytes = "hi", token: str = TOKEN, **headers: str) -> Response:
    """Return what a post is answered."""
    (route,) = hook_routes(world.hub.hooks, lambda host: host, 100, world.clock)
    sent = body if isinstance(body, bytes) else body.encode()
    given_ = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/hooks/{token}"
    assert route.leads_to(path)
    assert route.methods == ("POST",)
    return route.handle(Request("POST", path, "", given_, sent, "192.0.2.1", world.clock.now + 20))


def said(response: Response) -> str:
    """Return the sentence of an answer."""
    return response.body.decode().strip()


def results(world: World) -> dict[str, int]:
    """Return what was counted."""
    return {result: number for result, number in world.hub.hooks.results.items() if number}


def test_ok_says_that_it_is_stored() -> None:
    """And everybody in the room has it."""
    world = made(World())
    ann = world.client("ann", "ops")
    answer = post(world, '{"text": "green", "channel": "#ops", "username": "root"}')
    assert (answer.status, said(answer)) == (200, "ok")
    (frame,) = ann.outbox.of(MsgFrame)
    assert (frame.room, frame.sender, frame.text) == ("ops", "ci", "green")
    assert results(world) == {"accepted": 1}


def test_an_idempotency_key_makes_a_repeat_harmless() -> None:
    """It is answered as the first was."""
    world = made(World())
    ann = world.client("ann")
    answers = [post(world, idempotency_key='"build-7"') for _ in range(2)]
    assert [(each.status, said(each)) for each in answers] == [(200, "ok")] * 2
    assert len(ann.outbox.of(MsgFrame)) == 1
    assert results(world) == {"accepted": 1, "repeated": 1}


def test_an_unknown_token_is_told_so(logged: list[Mapping[str, object]]) -> None:
    """Nobody learns more, the token is not logged, and guesses have an end."""
    world = made(World())
    for token in ("hook-guess", "", "x/y", f"{TOKEN}/", "%68ook-secret"):
        answer = post(world, token=token)
        assert (answer.status, said(answer)) == (
            404,
            "there is no such hook: its address is mistyped, or the hook was revoked",
        )
    answer = post(world, token="hook-guess")  # noqa: S106  # a test's
    assert (answer.status, answer.headers) == (429, (("Retry-After", "12"),))
    assert post(world).status == 200
    assert world.store.hooks.revoke(1)
    assert post(world).status == 429
    assert {line["event"] for line in logged} == {"hook_refused", "hook_posted"}
    assert "guess" not in str(logged)
    assert results(world) == {"accepted": 1, "unknown": 5, "limited": 2}


def test_a_hook_that_goes_too_fast_is_told_when_to_come_again() -> None:
    """What it sent is not said."""
    world = made(World(), per_minute=1.0)
    assert post(world).status == 200
    answer = post(world)
    assert (answer.status, answer.headers) == (429, (("Retry-After", "60"),))
    assert said(answer) == "this hook may post 1 messages a minute"


@pytest.mark.parametrize(
    ("body", "headers", "status", "text"),
    [
        (b"{", {}, 400, "send JSON"),
        (b"", {}, 400, "nothing to say"),
        (b"x" * 101, {}, 413, "at most 100"),
        (b"x", {"content_encoding": "gzip"}, 400, "Content-Encoding"),
        (b"x", {"content_type": "image/png"}, 400, "not understood"),
        (b'{"text": "x", "channel": "tea"}', {}, 403, "posts to #lobby, #ops alone"),
    ],
)
def test_what_is_not_taken_says_why(body: bytes, headers: dict[str, str], status: int, text: str) -> None:
    """In a sentence, with the status that programs know."""
    world = made(World())
    answer = post(world, body, **headers)
    assert (answer.status, answer.headers) == (status, ())
    assert text in said(answer)


def test_a_hook_that_is_banned_is_told_so() -> None:
    """By an operator, as anybody else."""
    world = made(World())
    world.access.bans.add(Ban("", "name", "ci", "ci", reason="noise"))
    answer = post(world)
    assert (answer.status, said(answer)) == (403, "ci is banned from this chat: noise")
    assert results(world) == {"refused": 1}


def test_what_cannot_be_stored_is_to_be_sent_again() -> None:
    """Nothing is acknowledged that is not stored."""
    journal = FragileJournal()
    world = made(World(journal=journal))
    journal.broken = True
    answer = post(world)
    assert (answer.status, answer.headers) == (503, (("Retry-After", "5"),))
    assert "Idempotency-Key" in said(answer)
    assert results(world) == {"unavailable": 1}


def test_a_store_that_cannot_be_read_is_no_unknown_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is to be sent again as well."""
    world = made(World())

    def fail(*_: object) -> None:
        raise StoreError("disk I/O error")

    monkeypatch.setattr(world.store.hooks, "find", fail)
    answer = post(world)
    assert (answer.status, answer.headers) == (503, (("Retry-After", "5"),))
    assert "disk" not in said(answer)


@pytest.mark.parametrize(
    ("key", "ref"),
    [
        ("", None),
        ('""', None),
        ("a", "a"),
        ('"a b"', "a b"),
        ('"', '"'),
        ("x" * 64, "x" * 64),
    ],
)
def test_the_ref_of_a_key(key: str, ref: str | None) -> None:
    """Quotes are not part of it (RFC 9651, 3.3.3)."""
    assert ref_of(key) == ref


@given(st.text(), st.text())
def test_any_key_makes_a_ref(one: str, other: str) -> None:
    """Of a length that is stored; two that differ make two."""
    refs = [ref_of(f"k{key}k") for key in (one, other)]
    assert all(ref is not None and 1 <= len(ref) <= 64 for ref in refs)
    assert (refs[0] == refs[1]) == (one == other)
