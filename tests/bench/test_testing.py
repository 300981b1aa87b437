"""Packages of Debian's testing suite."""

import pytest

from bench import testing


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ("http://mirror.example/debian/ mirror.example bookworm\n", "http://mirror.example/debian/"),
        (
            "http://a.example/debian-security/ a.example x\nhttp://b.example/debian b.example y\n",
            "http://b.example/debian",
        ),
        ("http://a.example/ubuntu/ a.example noble\n", None),
        ("", None),
    ],
)
def test_the_main_archive_is_found_among_what_is_in_use(listed: str, found: str | None) -> None:
    """So no address has to be known beforehand."""
    assert testing.repository(listed) == found


def test_a_machine_without_apt_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the peer of the distribution is measured, or none."""
    monkeypatch.setattr(testing, "TARGETS", ("no-such-program",))
    assert testing.unpack("nats-server") is False
