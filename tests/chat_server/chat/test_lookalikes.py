"""Names that look the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.chat.lookalikes import skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0430dmin", "admin"),
        ("p\u0430yp\u0430l", "paypal"),
        ("adrnin", "admin"),
        ("Ivan", "lvan"),
        ("0scar", "Oscar"),
        ("Michae1", "Michael"),
        ("\u03b1nn", "ann"),
        ("b\u0585b", "bob"),
        ("\u0455\u0441\u043e\u0440\u0435", "scope"),
    ],
)
def test_two_names_that_look_alike(one: str, other: str) -> None:
    """Letters of other scripts, digits for letters, two letters for one."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("Zoe", "Zo\u00eb"), ("ann", "bob"), ("李雷", "韩梅")])
def test_two_names_that_do_not(one: str, other: str) -> None:
    """Accents are seen."""
    assert skeleton(one) != skeleton(other)


@given(st.text(st.characters(categories=["L"], max_codepoint=0x2FFF)), st.text("abcxyz"))
def test_what_comes_together_looks_as_its_parts_do(one: str, other: str) -> None:
    """A letter looks the same wherever it stands."""
    assert skeleton(f"{other}{one}") == skeleton(other) + skeleton(one)
