"""Every page: its links lead somewhere, its commands exist, and nothing is left to fill in."""

import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from chat_server.admin_command import REQUESTS as ADMIN_COMMANDS
from chat_server.cli import COMMANDS_APART, MAINTENANCE
from chat_server.user_command import COMMANDS as USER_COMMANDS
from tests.docs.page import PAGES, ROOT

LINKS = sorted(
    {(page, link) for page in PAGES for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))}
)


def anchor(heading: str) -> str:
    """Return the anchor that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    """Return all anchors of a page."""
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize(
    ("page", "link"), LINKS, ids=lambda value: value.name if isinstance(value, Path) else value
)
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    """To a file of the tree, and to a heading in it. What is elsewhere is not asked."""
    if link.startswith("https://"):
        return
    path, _, heading = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists()
    assert not heading or heading in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_in_the_text_exists(page: Path) -> None:
    """Folders and files of the tree that stand between back quotes."""
    named = re.findall(
        r"`((?:chat_protocol|chat_server|chat_client|demo|deploy|tools|tests|docs|bench)/[\w./-]*)(?:::\w+)?`",
        page.read_text("utf-8"),
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_exists(page: Path) -> None:
    """What `make` is asked for is in the Makefile, and each command of chat-server is one."""
    written = page.read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    made = re.findall(r"(?:^ +|`|\$ )make ([a-z-]+)", written, re.MULTILINE)
    asked = re.findall(r"chat-server ([a-z]+) --?\w", written)
    assert set(made) <= set(targets)
    assert set(asked) <= {*MAINTENANCE, "healthcheck", "serve", *COMMANDS_APART}
    assert set(re.findall(r"chat-server user ([a-z]+)", written)) <= set(USER_COMMANDS)
    assert set(re.findall(r"chat-server admin ([a-z]+)", written)) <= set(ADMIN_COMMANDS)


def test_every_page_is_reached_from_the_first() -> None:
    """A newcomer finds all of docs/ by links."""
    seen, following = set(), {ROOT / "README.md"}
    while following:
        seen |= following
        links = chain.from_iterable(
            ((page.parent / link.partition("#")[0]).resolve() for page, link in LINKS if page == each)
            for each in following
        )
        following = {link for link in links if link in PAGES} - seen
    assert set(PAGES) - seen <= {ROOT / "CHANGELOG.md"}
