"""What all tests share: how long hypothesis looks for a counterexample; signals as they are by default."""

import gc
import os
import signal

from hypothesis import HealthCheck, settings

# Whoever starts the tests may have it ignored (nohup does), which a process hands down to all that it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# No deadline: on a busy machine one example may take long, which says nothing about the code.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile(
    "long", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_finish() -> None:
    """Keep the thousands of collected tests out of every later garbage collection."""
    gc.collect()
    gc.freeze()
