"""The files of the page, as they are read and asked for again."""

from importlib import resources
from pathlib import Path

import pytest

from chat_server.net.http.exchange import Request
from chat_server.net.http.pages import TYPES, conditional, read_pages


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
    assert (pages["/chat.js"].body, pages["/chat.js"].content_type) == (b"chat.js", TYPES[".js"])


def test_the_wheel_has_a_page() -> None:
    """Each file of it is served but those that are Python's."""
    folder = resources.files("chat_server") / "web"
    pages = read_pages(folder)
    names = {f"/{each.name}" for each in folder.iterdir() if not each.name.startswith("__")}
    assert names == set(pages) - {"/"}
    assert pages["/"].content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("ask", ["{}", "W/{}", '"other", {}', "*"])
def test_what_has_not_changed_is_not_sent_again(tmp_path: Path, ask: str) -> None:
    """The browser asks with what it has."""
    (tmp_path / "a.css").write_text("a")
    page = read_pages(tmp_path)["/a.css"]
    tag = dict(page.headers)["ETag"]
    again = conditional(page, asked(if_none_match=ask.format(tag)))
    assert (again.status, again.body, again.headers) == (304, b"", page.headers)


@pytest.mark.parametrize("ask", ["", '"other"', "W/", "nonsense,,"])
def test_what_has_changed_is(tmp_path: Path, ask: str) -> None:
    """As is what the browser has not."""
    (tmp_path / "a.css").write_text("a")
    page = read_pages(tmp_path)["/a.css"]
    assert conditional(page, asked(if_none_match=ask)) is page
    assert conditional(page, asked()) is page
    (tmp_path / "a.css").write_text("b")
    assert read_pages(tmp_path)["/a.css"].headers != page.headers
