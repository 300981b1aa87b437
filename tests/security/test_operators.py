"""What operators see stays whole, whatever comes."""

import http.client
import json
import random
import unicodedata

from chat_server.log import EVENTS
from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.security.table import row
from tests.support.peer import PATIENCE, fresh

SEED = 20_261_126
HOSTILE = [
    *(
        '"',
        "\\",
        "{",
        "}",
        "\n",
        "\r",
        "\0",
        "\x1b[31m",
        "\x9b",
        "\u202e",
        "\u2028",
        "\ud7ff",
        "é",
        "\uff20",
        "🏴",
    ),
    *("type", "MSG", "REG_NAME", "event", "level", "conn", "lobby", "__class__", "%s", "{0}", "$(id)", "../"),
]


def noise(chance: random.Random) -> bytes:
    """Return a line of one kind or another, most of them bad."""
    words = "".join(chance.choices(HOSTILE, k=chance.randint(1, 12)))
    kind = chance.choice(["MSG", "DM", "JOIN", "TOPIC", "NAME", "SEARCH", "LEAVE", "HISTORY", "SHOUT", words])
    fields = chance.sample(["text", "to", "room", "topic", "name", "words", "ref", "after", words], k=3)
    line = json.dumps(
        {"type": kind, **dict.fromkeys(fields, words)}, ensure_ascii=chance.random() < 0.5
    ).encode()
    if chance.random() < 0.3:
        at = chance.randrange(len(line))
        line = line[:at] + chance.randbytes(3) + line[at:]
    return line.replace(b"\n", b" ") + b"\n"


def batter(running: Running, connections: int) -> None:
    """Have strangers come with names and lines of any kind, each in another way."""
    chance = random.Random(SEED)
    guests = Guests(running.address)
    for number in range(connections):
        peer = guests.stranger()
        if number % 3:
            peer.register(fresh("ünï-👻"))
        for _ in range(60):
            peer.raw(noise(chance))
        peer.raw(b'{"type":"EXIT"}\n')
        peer.rest()
        peer.close()


def series(running: Running) -> set[str]:
    """Return the names and labels of all series."""
    asked = http.client.HTTPConnection("localhost", running.listening["metrics_port"], timeout=PATIENCE)
    try:
        asked.request("GET", "/metrics")
        told = asked.getresponse().read().decode()
    finally:
        asked.close()
    return {line.rpartition(" ")[0] for line in told.splitlines() if line and not line.startswith("#")}


@row(
    "metric series under random input",
    defence="every series is there from the start; no label is a peer's word",
)
def test_metric_series_under_random_input(server: Running) -> None:
    """Not one more and not one less, so that nobody fills the memory of Prometheus."""
    before = series(server)
    batter(server, 12)
    assert series(server) == before
    assert len(before) > 60


@row("log lines under random input", defence="one JSON object a line; control characters are escapes")
def test_log_lines_under_random_input(server: Running) -> None:
    """Each event is one of the table; nobody forges a line, or reaches the terminal of who reads them."""
    batter(server, 12)
    lines = list(server.lines)
    for line in lines:
        event = json.loads(line)
        assert event["event"] in EVENTS
        assert line.endswith("}\n")
        assert not [each for each in line[:-1] if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"}]
    told = {json.loads(line)["event"] for line in lines}
    assert {"registered", "protocol_error", "disconnected"} <= told
    assert not told & {"connection_failed", "contained", "job_failed"}
