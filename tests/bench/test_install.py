"""What is installed, and that no service is left running by it."""

from pathlib import Path

import pytest

from bench import build, node
from bench.install import services_kept_down, wanted
from bench.peers.naive import Naive
from bench.peers.nats import Nats
from bench.peers.websocket import Ws


def test_each_missing_peer_is_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One package that a distribution lacks does not cost the others."""
    monkeypatch.setattr(Nats, "path", lambda _self: None)
    monkeypatch.setattr(build, "OPENSSL", Path("/nowhere"))
    assert wanted([Nats(), Naive()], None) == [("gcc", "libc6-dev"), ("libssl-dev",), ("nats-server",)]


def test_node_is_wanted_only_for_what_runs_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its programs apart."""
    monkeypatch.setattr(build, "OPENSSL", Path(__file__))
    monkeypatch.setattr(node, "missing_packages", lambda: ["nodejs", "npm"])
    assert wanted([Ws()], "/usr/bin/cc") == [("nodejs",), ("npm",)]
    assert wanted([Naive()], "/usr/bin/cc") == []


def test_what_is_there_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing missing, nothing to install."""
    monkeypatch.setattr(Nats, "path", lambda _self: "/usr/sbin/nats-server")
    monkeypatch.setattr(build, "OPENSSL", Path(__file__))
    assert wanted([Nats(), Naive()], "/usr/bin/cc") == []


def test_services_are_forbidden_for_the_time_being(tmp_path: Path) -> None:
    """The script says 101, and is gone afterwards."""
    policy = tmp_path / "policy-rc.d"
    with services_kept_down(policy):
        assert policy.read_text().endswith("exit 101\n")
        assert policy.stat().st_mode & 0o111
    assert not policy.exists()


def test_services_are_allowed_again_after_an_error(tmp_path: Path) -> None:
    """An interrupted apt-get leaves no policy behind."""
    with pytest.raises(KeyboardInterrupt), services_kept_down(tmp_path / "policy-rc.d"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_operators_own_policy_stays(tmp_path: Path) -> None:
    """It is neither written over nor removed."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    with services_kept_down(policy):
        assert policy.read_text() == "theirs"
    assert policy.read_text() == "theirs"


def test_a_peer_that_is_left_out_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with the command."""
    monkeypatch.setattr(Nats, "path", lambda _self: None)
    assert "apt-get install nats-server" in Nats().missing()
