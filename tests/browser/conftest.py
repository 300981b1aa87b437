"""A browser, a server with a page, and visitors. Without a browser these tests are skipped, and say why.

With CHAT_REQUIRE_BROWSER=1 they fail instead, so that nobody takes a skip for a pass.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tests.conformance.running import ROOT

CHROMIUM = Path("/usr/bin/chromium")
#: What keeps it to itself. It has no sandbox for root, who runs tests in containers.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
Visit = Callable[..., Visitor]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures of the documents be taken anew."""
    parser.addoption("--pictures", action="store_true", help="write the pictures of docs/images/ anew")


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return where to put pictures: with the documents if that was asked for, or else away."""
    return ROOT / "docs/images" if request.config.getoption("--pictures") else tmp_path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run the machine's Chromium."""
    if not CHROMIUM.exists():
        assert os.environ.get("CHAT_REQUIRE_BROWSER") != "1", f"{CHROMIUM} is missing, and was required"
        pytest.skip(f"{CHROMIUM} is missing; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Run a server with a page."""
    site = Site()
    yield site
    site.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """Open tabs, each in a browser of its own; in the end nothing may have gone wrong in any."""
    visitors: list[Visitor] = []

    def visit(place: Site = site, **options: Any) -> Visitor:  # noqa: ANN401  # as a browser's context takes them
        options = {"viewport": {"width": 1400, "height": 900}, "locale": "en-GB"} | options
        visitors.append(Visitor(browser.new_context(**options), place.page))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.check()
        visitor.page.context.close()
