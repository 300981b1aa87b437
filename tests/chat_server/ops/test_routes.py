"""The paths of the metrics port, on a server that runs."""

from collections.abc import Iterator

import pytest

from chat_server.config import Config
from chat_server.journal.memory import MemoryJournal
from chat_server.net.server import Server
from chat_server.ops.routes import routes


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that runs."""
    server = Server(Config(host="127.0.0.1", port=0, drain_timeout=2.0), MemoryJournal())
    server.start()
    yield server
    server.stop()


def test_a_path_for_each_question(server: Server) -> None:
    """Metrics for Prometheus, health for who restarts it, readiness for who sends connections."""
    answers = {path: route("") for path, route in routes(server.snapshot, server.health).items()}
    assert {path: answer.status for path, answer in answers.items()} == {
        "/metrics": 200,
        "/healthz": 200,
        "/readyz": 200,
    }
    assert b"chat_connections 0.0" in answers["/metrics"].body


def test_each_look_is_a_new_one(server: Server) -> None:
    """What changes is seen at the next question."""
    readyz = routes(server.snapshot, server.health)["/readyz"]
    server.ready = False
    assert readyz("").status == 503
    server.ready = True
    assert readyz("").status == 200
