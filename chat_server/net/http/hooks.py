"""The route of hooks: a POST of a program becomes a message, and 200 says that it is stored."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence

import structlog

from chat_protocol.errors import (
    AuthFailedError,
    BadFieldError,
    BannedError,
    LimitReachedError,
    LineTooLongError,
    NotAllowedError,
    PeerError,
    RateLimitedError,
    UnavailableError,
)
from chat_server.chat.hooks import Hooks, Post
from chat_server.errors import StorageError
from chat_server.net.http.exchange import Request, Response, Route, plain
from chat_server.net.http.payload import read

log = structlog.get_logger()

PATH = "/hooks/"
#: Bytes of what is posted: fifty alerts with all their labels may have more than 64 KiB.
BODY_BYTES = 256 * 1024
#: For how many seconds a post waits to be stored; programs give up after 10 or 15.
STORE_SECONDS = 8.0
#: How many seconds before the connection's end an answer must be on its way.
ANSWER_SECONDS = 1.0
#: After how many seconds it is worth another try if nothing better is known.
RETRY_SECONDS = 5.0
#: How many characters a ref may have; a longer key is known by its digest.
REF_LENGTH = 64
#: What is answered to an error, and as what it is counted; anything else is an `invalid` post, and 400.
_ANSWERS: Mapping[type[PeerError], tuple[int, str]] = {
    AuthFailedError: (404, "unknown"),
    RateLimitedError: (429, "limited"),
    LineTooLongError: (413, "invalid"),
    NotAllowedError: (403, "refused"),
    BannedError: (403, "refused"),
    LimitReachedError: (503, "unavailable"),
    UnavailableError: (503, "unavailable"),
}


class HookRoute:
    """Answers posts to hooks. Tokens stand in the path, so it is never logged."""

    def __init__(
        self, hooks: Hooks, counted: Callable[[str], str], text_bytes: int, clock: Callable[[], float]
    ) -> None:
        self._hooks = hooks
        # What guesses of an address are counted by.
        self._counted = counted
        self._text_bytes = text_bytes
        self._clock = clock

    def answer(self, request: Request) -> Response:
        """Answer a post; any thread may call this, under no lock."""
        number: int | None = None
        try:
            hook = self._hooks.find(request.path.removeprefix(PATH), self._counted(request.peer))
            number = hook.number
            self._hooks.charge(hook)
            posted = self._hooks.post(hook, self._post(request), self._until(request))
        except PeerError as error:
            status, result = _ANSWERS.get(type(error), (400, "invalid"))
            return self._refused(request, number, status, result, error)
        except StorageError as error:
            log.warning("hook_refused", hook=number, status=503, peer=request.peer, error=str(error))
            self._hooks.count("unavailable")
            return plain(503, "it cannot be stored at the moment; send it again later", _again(RETRY_SECONDS))
        self._hooks.count("repeated" if posted.repeated else "accepted")
        return plain(200, "ok")

    def _post(self, request: Request) -> Post:
        headers = request.headers
        if headers.get("content-encoding", "identity") != "identity":
            raise BadFieldError("a body that is not compressed is needed; leave Content-Encoding out")
        payload = read(headers.get("content-type", ""), request.body, self._text_bytes)
        return Post(payload.text, payload.room, ref_of(headers.get("idempotency-key", "")))

    def _until(self, request: Request) -> float:
        return min(request.deadline - ANSWER_SECONDS, self._clock() + STORE_SECONDS)

    def _refused(
        self, request: Request, number: int | None, status: int, result: str, error: PeerError
    ) -> Response:
        log.warning("hook_refused", hook=number, status=status, peer=request.peer, error=error.text)
        self._hooks.count(result)
        if status not in {429, 503}:
            return plain(status, error.text)
        return plain(status, error.text, _again(error.retry_after or RETRY_SECONDS))


def hook_routes(
    hooks: Hooks, counted: Callable[[str], str], text_bytes: int, clock: Callable[[], float]
) -> Sequence[Route]:
    """Return the routes of hooks, whose texts have at most so many bytes."""
    route = HookRoute(hooks, counted, text_bytes, clock)
    return (Route(PATH, route.answer, ("POST",), BODY_BYTES),)


def ref_of(key: str) -> str | None:
    """Return the ref for an Idempotency-Key, which may stand in quotes; none for an empty one."""
    key = key.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > REF_LENGTH or not key.isprintable():
        return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return key or None


def _again(seconds: float) -> tuple[str, str]:
    return "Retry-After", str(math.ceil(seconds))
