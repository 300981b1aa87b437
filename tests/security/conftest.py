"""Prints the table, and runs the servers that the rows attack."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.security.realm import EXEMPT, Realm
from tests.security.table import Case, Row, rendered, row_of
from tests.support.certificates import made
from tests.support.peer import fresh


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the table be asked for."""
    parser.addoption("--security-table", action="store_true", help="print the table of attacks")


@pytest.fixture(autouse=True)
def _row(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Have the report of each test say which row it is; the table's own tests are none."""
    if (row := row_of(request.function)) is not None:
        record_property("row", list(row))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401  # pytest names no type
    """Print the table, in the order of the files."""
    if not config.getoption("--security-table", default=False):
        return
    cases = []
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            if row := dict(report.user_properties).get("row"):
                shown = "failed" if outcome == "error" else outcome
                cases.append((report.location[:2], Case(Row(*row), shown)))
    terminalreporter.section("attacks")
    for line in rendered(case for _, case in sorted(cases, key=lambda each: each[0])):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """Run a server with its defaults."""
    with Running() as running:
        yield running


@pytest.fixture(scope="session")
def hasty() -> Iterator[Running]:
    """Run a server that waits for a name no longer than a second."""
    with Running("--register-timeout", "1") as running:
        yield running


@pytest.fixture(scope="session")
def encrypted() -> Iterator[Running]:
    """Run a server with TLS; a handshake may take half a second."""
    files = ("--tls-cert", str(made() / "cert.pem"), "--tls-key", str(made() / "key.pem"))
    with Running("--register-timeout", "1", *files) as running:
        yield running


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Run a server for accounts and guests, on which nobody is counted by address."""
    realm = Realm(tmp_path_factory.mktemp("realm"), *EXEMPT)
    yield realm
    realm.close()


@pytest.fixture
def guests(server: Running) -> Iterator[Guests]:
    """Bring peers to the server."""
    guests = Guests(server.address)
    yield guests
    guests.leave()


@pytest.fixture
def room() -> str:
    """Return the name of a room that no other test uses."""
    return fresh("room")
