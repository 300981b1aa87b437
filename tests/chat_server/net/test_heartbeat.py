"""What a heartbeat says of its thread."""

import threading

from chat_server.net.heartbeat import Heartbeat
from tests.chat_server.net.support import PATIENCE, Clock


def test_a_thread_is_well_while_it_beats() -> None:
    """Before its start nothing is wrong; then silence is, and in the end that it has ended."""
    clock = Clock()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, args=(PATIENCE,), name="worker")
    heartbeat = Heartbeat(thread, clock, patience=5.0)
    clock.now += 100
    said = [heartbeat.fault()]
    thread.start()
    heartbeat.beat()
    clock.now += 5
    said.append(heartbeat.fault())
    clock.now += 2
    said.append(heartbeat.fault())
    heartbeat.beat()
    said.append(heartbeat.fault())
    over.set()
    thread.join(PATIENCE)
    said.append(heartbeat.fault())
    assert said == [None, None, "thread worker is stuck for 7 s", None, "thread worker has ended"]
