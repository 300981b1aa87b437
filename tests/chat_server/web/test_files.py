"""The files of the page: small, without markup made of texts, without anything from elsewhere."""

import json
import re
from pathlib import Path

import pytest

from tests.support.source import ROOT

WEB = ROOT / "chat_server/web"
SCRIPTS = sorted(WEB.glob("*.js"))
PAGE = (WEB / "index.html").read_text("utf-8")
#: What makes code or markup of a text, or would need a looser policy than the page is served with.
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setTimeout\(\s*[\"'`]"
    r"|createContextualFragment|DOMParser|srcdoc|setHTML|document\.cookie|javascript:"
)
#: A line that is more than a comment.
CODE = re.compile(r"^(?!\s*(?://|/\*|\*))(?=.*\S).*$", re.MULTILINE)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_text_becomes_markup_or_code(path: Path) -> None:
    """Whatever others say is set as text."""
    assert UNSAFE.findall(path.read_text("utf-8")) == []


def test_the_page_has_nothing_inline() -> None:
    """The policy that it is served with would not run it."""
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son\w+=", PAGE)


@pytest.mark.parametrize("path", sorted(WEB.iterdir()), ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    """No third party learns who reads here; the names of namespaces are no addresses."""
    if path.suffix != ".png":
        addresses = re.findall(r"(?:https?:|wss?:|[\"'(])//[\w.-]+", path.read_text("utf-8"))
        assert {each for each in addresses if not each.endswith("//www.w3.org")} == set()


def test_every_file_that_is_named_is_there() -> None:
    """In the page, in the manifest, in the modules."""
    icons = json.loads((WEB / "manifest.webmanifest").read_text("utf-8"))["icons"]
    named = {*re.findall(r"(?:href|src)=\"([^#\"]+)\"", PAGE), *(each["src"] for each in icons)}
    for path in SCRIPTS:
        named |= set(re.findall(r"from \"\./([\w.-]+)\"", path.read_text("utf-8")))
    assert named <= {each.name for each in WEB.iterdir()}
    assert {path.name for path in SCRIPTS} <= named


def test_every_element_that_is_asked_for_is_there() -> None:
    """A name that is spelt otherwise would be found by nobody but its user."""
    ids = re.findall(r"\bid=\"([\w-]+)\"", PAGE)
    scripts = "".join(path.read_text("utf-8") for path in SCRIPTS)
    asked = set(re.findall(r"byId\(\"([\w-]+)\"\)", scripts))
    used = set(re.findall(r"(?:for|popovertarget|aria-labelledby|aria-controls)=\"([\w-]+)\"", PAGE))
    assert len(ids) == len(set(ids))
    assert asked | used <= set(ids)


def test_every_command_has_its_help() -> None:
    """The help in the page and the table of commands name the same ones."""
    table = (WEB / "commands.js").read_text("utf-8").partition("const RUN")[2].partition("\n};")[0]
    known = re.findall(r"^  (?:async )?(\w+)(?:: |\()", table, re.MULTILINE)
    assert known == re.findall(r"data-name=\"(\w+)\"", PAGE)


def test_it_stays_small_enough_to_be_read() -> None:
    """Counted are lines of code, without blank ones and comments; a long module does two things."""
    sizes = {path.name: len(CODE.findall(path.read_text("utf-8"))) for path in SCRIPTS}
    assert sum(sizes.values()) < 1000
    assert max(sizes.values()) <= 220
