"""Whether the server is alive and ready, as a probe asks."""

from collections.abc import Callable

from chat_server.net.totals import Health
from chat_server.ops.http import Answer, text


def healthz(look: Callable[[], Health]) -> Answer:
    """Answer 200, or 503 with the threads that have ended or make no progress."""
    faults = look().faults
    return text(503, "".join(f"{fault}\n" for fault in faults)) if faults else text(200, "ok\n")


def readyz(look: Callable[[], Health]) -> Answer:
    """Answer 200 if connections are taken and messages can be stored, or 503 with the reason."""
    health = look()
    if not health.ready:
        return text(503, "starting or stopping\n")
    if health.draining:
        return text(503, "draining: nobody new is taken; chat-server admin undrain ends it\n")
    if health.failure is not None:
        return text(503, f"messages cannot be stored: {health.failure}\n")
    return text(200, "ready\n")
