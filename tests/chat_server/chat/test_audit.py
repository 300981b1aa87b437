"""What operators and moderators did."""

import ast
import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chat_server.chat.audit import ACTS, ROWS_WAITING, Audit
from chat_server.errors import StoreError
from chat_server.store.moderation import Act
from chat_server.store.sqlite import SqliteStore
from tests.support.source import modules, tree
from tests.support.world import Clock


def test_an_act_is_logged_counted_and_stored() -> None:
    """With who did what to whom, where and why."""
    clock = Clock()
    store = SqliteStore(None, clock)
    audit = Audit(store.moderation)
    assert audit.now() == clock.now
    with capture_logs() as logs:
        audit.note(Act("ann", "kick", "dave", "tea", "spam"))
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("act", "info")
    fields = ("actor", "act", "target", "room", "detail")
    assert [line[each] for each in fields] == ["ann", "kick", "dave", "tea", "spam"]
    assert audit.counts == {**dict.fromkeys(ACTS, 0), "kick": 1}
    assert store.moderation.acts(10) == [Act("ann", "kick", "dave", "tea", "spam", 1, clock.now)]


def test_an_act_whose_row_cannot_be_stored_is_done_all_the_same(tmp_path: Path) -> None:
    """It is told, and stored later with the time at which it was done, in order."""
    clock = Clock()
    store = SqliteStore(tmp_path / "store", clock)
    audit = Audit(store.moderation)
    store.file.connection.execute("PRAGMA busy_timeout = 1")  # a test does not wait for 2 s
    with sqlite3.connect(tmp_path / "store", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with capture_logs() as logs:
            audit.note(Act("ann", "kick", "dave"))
            audit.note(Act("ann", "ban", "dave"))
        with pytest.raises(StoreError):
            audit.save()
        other.execute("ROLLBACK")
    other.close()
    assert [each["event"] for each in logs] == ["act", "act_not_kept"] * 2
    clock.now += 60
    audit.save()
    audit.save()
    acts = store.moderation.acts(10)
    assert [(each.act, each.ts) for each in acts] == [("ban", clock.now - 60), ("kick", clock.now - 60)]
    store.close()


def test_rows_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is left out, so that a full disk does not take the memory too."""
    store = SqliteStore(None, Clock())
    audit = Audit(store.moderation)

    def fail(act: Act) -> None:
        raise StoreError(act.target)

    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(store.moderation, "note", fail)
        for number in range(ROWS_WAITING + 5):
            audit.note(Act("ann", "kick", str(number)))
    audit.save()
    acts = store.moderation.acts(ROWS_WAITING + 5)
    assert len(acts) == ROWS_WAITING
    assert acts[0].target == str(ROWS_WAITING + 4)


def test_every_act_of_the_code_is_listed() -> None:
    """So that each is counted under its word; `erase` happens without a server that could count it."""
    noted: set[str] = set()
    for node in (each for path in modules("chat_server") for each in ast.walk(tree(path))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"self._note", "Act"} and node.args[1:]:
            words = [each.value for each in ast.walk(node.args[1]) if isinstance(each, ast.Constant)]
            noted |= {word for word in words if isinstance(word, str)}
    assert noted - {"erase"} == set(ACTS)
