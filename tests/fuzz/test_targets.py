"""Each target holds for its corpus, and for what hypothesis thinks of in a moment."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.blind import inputs
from tests.fuzz.targets import TARGETS, corpus


@pytest.mark.parametrize(
    ("target", "path"),
    [(target, path) for target in TARGETS for path in corpus(target)],
    ids=lambda each: getattr(each, "name", each),
)
def test_the_corpus_holds(target: str, path: Path) -> None:
    """What once broke a target is put there, so that it never does again."""
    TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@given(st.data())
def test_a_target_holds(target: str, data: st.DataObject) -> None:
    """For any bytes."""
    TARGETS[target](data.draw(inputs(target)))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_says_what_must_hold(target: str) -> None:
    """In one sentence, which is the first paragraph of its docstring."""
    said = (TARGETS[target].__doc__ or "").split("\n\n")[0].strip()
    assert said.endswith(".")
    assert said.count(". ") == 0
