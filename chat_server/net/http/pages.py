"""The files of the page, read once: no path that a request names is ever looked for on the disk."""

import gzip
import hashlib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NamedTuple

from chat_server.net.http.exchange import Request, Response

INDEX = "index.html"
#: What a file is, by its ending; one with another ending is not served.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
#: A browser asks each time whether it has changed, so that page and server always fit.
_CACHED = ("Cache-Control", "no-cache")
_VARIES = ("Vary", "Accept-Encoding")


class Page(NamedTuple):
    """One file as it is, and compressed if that makes it smaller."""

    whole: Response
    packed: Response | None = None


def read_pages(folder: Traversable) -> Mapping[str, Page]:
    """Return the files of a folder by the path that leads to each; the index is the root as well."""
    found: dict[str, Page] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        content_type = TYPES.get(PurePosixPath(file.name).suffix)
        if content_type is not None and file.is_file():
            found[f"/{file.name}"] = _page(file.read_bytes(), content_type)
    if f"/{INDEX}" in found:
        found["/"] = found[f"/{INDEX}"]
    return found


def shown(page: Page, request: Request) -> Response:
    """Return the page as the browser takes it, or that it has not changed since (RFC 9110, 13.1.2)."""
    answer = page.whole
    if page.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        answer = page.packed
    wanted = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in wanted.split(",")}
    if not tags & {dict(answer.headers)["ETag"], "*"}:
        return answer
    return Response(304, b"", answer.content_type, answer.headers)


def _page(body: bytes, content_type: str) -> Page:
    packed = gzip.compress(body, mtime=0)
    if len(packed) >= len(body):
        return Page(_answer(body, content_type))
    return Page(
        _answer(body, content_type, _VARIES),
        _answer(packed, content_type, _VARIES, ("Content-Encoding", "gzip")),
    )


def _answer(body: bytes, content_type: str, *headers: tuple[str, str]) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Response(200, body, content_type, (("ETag", tag), _CACHED, *headers))


def _takes_gzip(accepted: str) -> bool:
    """Tell whether a browser takes what is compressed (RFC 9110, 12.5.3)."""
    for each in accepted.split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").rstrip("0").rstrip(".") not in {"q=", "q=0"}
    return False
