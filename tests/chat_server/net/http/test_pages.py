"""The files of the page, as they are read and asked for again."""

import gzip
import hashlib
from importlib import resources
from pathlib import Path

import pytest

from chat_server.net.http.exchange import Request
from chat_server.net.http.pages import TYPES, read_pages, shown


def asked(**headers: str) -> Request:
    """Return a request with these headers."""
    return Request(
        "GET", "/", "", {key.replace("_", "-"): each for key, each in headers.items()}, b"", "", 0.0
    )


def test_a_folder_is_read_once(tmp_path: Path) -> None:
    """What is a page is served as what it is; nothing else is, and no folder."""
    for name in ("index.html", "chat.js", "secret.txt", "__init__.py", ".env"):
        (tmp_path / name).write_text(name)
    (tmp_path / "below.js").mkdir()
    pages = read_pages(tmp_path)
    assert sorted(pages) == ["/", "/chat.js", "/index.html"]
    assert pages["/"] is pages["/index.html"]
    script = pages["/chat.js"].whole
    assert (script.body, script.content_type) == (b"chat.js", TYPES[".js"])


def test_the_wheel_has_a_page() -> None:
    """Each file of it is served but those that are Python's."""
    folder = resources.files("chat_server") / "web"
    pages = read_pages(folder)
    names = {f"/{each.name}" for each in folder.iterdir() if not each.name.startswith("__")}
    assert names == set(pages) - {"/"}
    assert pages["/"].whole.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("ask", ["{}", "W/{}", '"other", {}', "*"])
def test_what_has_not_changed_is_not_sent_again(tmp_path: Path, ask: str) -> None:
    """The browser asks with what it has."""
    (tmp_path / "a.css").write_text("a")
    page = read_pages(tmp_path)["/a.css"]
    tag = dict(page.whole.headers)["ETag"]
    again = shown(page, asked(if_none_match=ask.format(tag)))
    assert (again.status, again.body, again.headers) == (304, b"", page.whole.headers)


@pytest.mark.parametrize("ask", ["", '"other"', "W/", "nonsense,,"])
def test_what_has_changed_is(tmp_path: Path, ask: str) -> None:
    """As is what the browser has not."""
    (tmp_path / "a.css").write_text("a")
    page = read_pages(tmp_path)["/a.css"]
    assert shown(page, asked(if_none_match=ask)) is page.whole
    assert shown(page, asked()) is page.whole
    (tmp_path / "a.css").write_text("b")
    assert read_pages(tmp_path)["/a.css"].whole.headers != page.whole.headers


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        *(("gzip, deflate, br", True), ("br;q=1.0, GZIP ;q=0.5", True), ("gzip;q=0.001", True)),
        *(("", False), ("br", False), ("gzip;q=0", False), ("gzip; q=0.00", False), ("gzipped", False)),
    ],
)
def test_a_browser_gets_it_compressed_if_it_takes_that(
    tmp_path: Path, accepted: str, *, packed: bool
) -> None:
    """It knows which of the two it has, and so does a cache between."""
    (tmp_path / "a.css").write_text("a" * 1000)
    page = read_pages(tmp_path)["/a.css"]
    answer = shown(page, asked(accept_encoding=accepted))
    assert ("Content-Encoding", "gzip") in answer.headers if packed else answer is page.whole
    assert ("Vary", "Accept-Encoding") in answer.headers
    assert (gzip.decompress(answer.body) if packed else answer.body) == b"a" * 1000
    tag = dict(answer.headers)["ETag"]
    assert shown(page, asked(accept_encoding=accepted, if_none_match=tag)).status == 304
    assert shown(page, asked(accept_encoding="" if packed else "gzip", if_none_match=tag)).status == 200


def test_what_is_compressed_already_is_not_again(tmp_path: Path) -> None:
    """A picture would only grow."""
    (tmp_path / "a.png").write_bytes(hashlib.sha256().digest())
    assert read_pages(tmp_path)["/a.png"].packed is None
