"""A record of what moderators and operators do."""

import pytest
from structlog.testing import capture_logs

from chat_server.chat.audit import Audit
from chat_server.errors import StoreError
from chat_server.store.file import StoreFile
from chat_server.store.moderation import Act, Moderation
from tests.support.world import Clock

KICK = Act("ann", "kick", "eve", "tea", "spam")


def test_an_act_is_logged_and_kept() -> None:
    """Once each."""
    moderation = Moderation(StoreFile(None), Clock())
    with capture_logs() as logs:
        Audit(moderation).note(KICK)
    assert [(each["event"], each["actor"], each["act"], each["target"]) for each in logs] == [
        ("act", "ann", "kick", "eve")
    ]
    assert [each[:5] for each in moderation.acts(9)] == [KICK[:5]]


def test_a_row_that_cannot_be_kept_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has the act, and that it was not kept."""
    moderation = Moderation(StoreFile(None), Clock())

    def faulty(_: Act) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(moderation, "note", faulty)
    with capture_logs() as logs:
        Audit(moderation).note(KICK)
    assert [each["event"] for each in logs] == ["act", "act_not_kept"]
