"""What the metrics port answers."""

from collections.abc import Callable, Mapping

from chat_server.net.totals import Health, Snapshot
from chat_server.ops.health import healthz, readyz
from chat_server.ops.http import Route
from chat_server.ops.metrics import metrics


def routes(snapshot: Callable[[], Snapshot], health: Callable[[], Health]) -> Mapping[str, Route]:
    """Return each path with what answers it."""
    return {
        "/metrics": metrics(snapshot),
        "/healthz": lambda _accept: healthz(health),
        "/readyz": lambda _accept: readyz(health),
    }
