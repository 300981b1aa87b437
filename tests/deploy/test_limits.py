"""The limits that the systemd unit and Compose give the server, which must be room enough for it."""

import re
from configparser import RawConfigParser
from pathlib import Path

import pytest

from chat_server.config import Config
from chat_server.net.system import SPARE_DESCRIPTORS

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVER = COMPOSE[COMPOSE.index("\n  server:") : COMPOSE.index("\n  alice:")]
#: What a cgroup with 10,000 connections was seen to use at most, in MiB.
MEASURED_MIB = 700


@pytest.fixture(scope="module")
def unit() -> RawConfigParser:
    """Return the unit; of a key that is given twice, the last."""
    parser = RawConfigParser(strict=False)
    parser.read_string((ROOT / "deploy/chat-server.service").read_text(encoding="utf-8"))
    return parser


def of_server(pattern: str) -> int:
    """Return the number in a line of the Compose file's server."""
    found = re.search(pattern, SERVER)
    assert found, pattern
    return int(found[1])


def test_both_have_a_descriptor_and_a_thread_for_each_connection(unit: RawConfigParser) -> None:
    """With the default of `--connections`, and both alike."""
    needed = Config.connections + SPARE_DESCRIPTORS
    files = unit.getint("Service", "LimitNOFILE")
    threads = unit.getint("Service", "TasksMax")
    assert (files, threads) == (of_server(r"nofile: \{soft: (\d+)"), of_server(r"pids_limit: (\d+)"))
    assert min(files, threads) >= needed


def test_both_bound_the_memory_with_room_to_spare(unit: RawConfigParser) -> None:
    """Twice what the connections need; and whatever grows is slowed down before it is ended."""
    most, high = (int(unit["Service"][key].removesuffix("M")) for key in ("MemoryMax", "MemoryHigh"))
    assert most == of_server(r"mem_limit: (\d+)m")
    assert most >= 2 * MEASURED_MIB
    assert MEASURED_MIB < high < most


def test_the_unit_starts_again_unless_that_is_useless(unit: RawConfigParser) -> None:
    """As often as need be, but not with settings that are wrong: status 2 would come back each time."""
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["RestartPreventExitStatus"] == "2"


def test_both_leave_time_for_the_drain(unit: RawConfigParser) -> None:
    """Nobody kills the server while it still says goodbye."""
    seconds = int(unit["Service"]["TimeoutStopSec"].removesuffix("s"))
    assert seconds == of_server(r"stop_grace_period: (\d+)s") > Config.drain_timeout
