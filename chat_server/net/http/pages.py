"""The files of the page, read once: no path that a request names is ever looked for on the disk."""

import hashlib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

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


def read_pages(folder: Traversable) -> Mapping[str, Response]:
    """Return the files of a folder by the path that leads to each; the index is the root as well."""
    found: dict[str, Response] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        content_type = TYPES.get(PurePosixPath(file.name).suffix)
        if content_type is not None and file.is_file():
            found[f"/{file.name}"] = _page(file.read_bytes(), content_type)
    if f"/{INDEX}" in found:
        found["/"] = found[f"/{INDEX}"]
    return found


def conditional(page: Response, request: Request) -> Response:
    """Return the page, or that it has not changed since the browser got it (RFC 9110, 13.1.2)."""
    wanted = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in wanted.split(",")}
    if not tags & {dict(page.headers)["ETag"], "*"}:
        return page
    return Response(304, b"", page.content_type, page.headers)


def _page(body: bytes, content_type: str) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    # A browser asks each time whether it has changed, so that page and server always fit.
    return Response(200, body, content_type, (("ETag", tag), ("Cache-Control", "no-cache")))
