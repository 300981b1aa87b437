"""The modules that know no page, run in Node; skipped where there is none."""

import json
import shutil
import subprocess

import pytest

from tests.chat_server.web.test_files import WEB
from tests.support.peer import PATIENCE

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is missing; make browser tries these modules too")


def answer(module: str, names: str, script: str) -> object:
    """Return what a script makes of what a module has."""
    source = f'import {{ {names} }} from "{(WEB / module).as_uri()}";\nconsole.log(JSON.stringify({script}));'
    done = subprocess.run(  # noqa: S603  # Node, with a script of this file
        [str(NODE), "--input-type=module", "--eval", source],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE * 3,
    )
    return json.loads(done.stdout)


def positions(script: str) -> object:
    """Return what becomes of positions."""
    return answer("positions.js", "Positions", f"((p) => {{ {script} }})(new Positions())")


def test_a_repeat_and_a_hole_are_told() -> None:
    """An id is new once; a hole is there until it is filled or given up."""
    script = """p.enter("tea", 3);
    const news = [1, 2, 2, 5, 6, 5].map((id) => p.take("tea", id));
    const before = [p.settled("tea"), p.hole("tea")];
    p.take("tea", 3);
    const between = [p.settled("tea"), p.hole("tea")];
    p.settle("tea", 4);
    return [news, before, between, p.settled("tea"), p.hole("tea"), p.after()];"""
    assert positions(script) == [
        [True, True, False, True, True, False],
        *([2, 4], [3, 4], 6, 0, {"tea": 6}),
    ]


def test_what_is_no_longer_kept_is_given_up() -> None:
    """Coming back to a room whose record begins later, there is nothing to wait for before that."""
    assert positions('p.set("tea", 3); p.enter("tea", 20, 10); return p.after();') == {"tea": 9}
    assert positions('p.set("tea", 3); p.enter("tea", 20); return p.after();') == {"tea": 3}


def test_ids_that_nobody_said_anything_under_are_settled() -> None:
    """In a room that one has just entered, everything up to its newest id is known."""
    assert positions('p.enter("tea", 7); return [p.settled("tea"), p.take("tea", 8), p.after()];') == [
        *(7, True, {"tea": 8}),
    ]
    assert positions('p.enter("__proto__", 7); return Object.entries(p.after());') == [["__proto__", 7]]


def test_no_more_is_sent_than_the_server_takes() -> None:
    """So many at once, then so many a second; what costs more waits longer, what is urgent not at all."""
    script = """((pace) => {
      pace.limit = { at_once: 3, per_second: 2, costs: { SEARCH: 2 } };
      return ["MSG", "MSG", "MSG", "MSG", "SEARCH", "PONG"].map((type) => pace.wait({ type }, 100));
    })(new Pace())"""
    assert answer("pace.js", "Pace", script) == [0, 0, 0, 0.5, 1, 0]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.example/b_(c). and more", ["https://a.example/b_(c)"]),
        ("(https://a.example/?q=1), https://b.example!", ["https://a.example/?q=1", "https://b.example/"]),
        ("javascript:alert(1) data:text/html,x ftp://a.example file:///etc/passwd", []),
        ("https://a.example\u202e/gpj.exe", ["https://a.example/"]),
        ("https:// http://[ https://", []),
    ],
)
def test_links_are_only_what_they_seem(text: str, links: list[str]) -> None:
    """Addresses of the web, without the punctuation behind them; nothing of the text is lost."""
    found = answer("text.js", "pieces", f"pieces({json.dumps(text)})")
    assert isinstance(found, list)
    assert [each["href"] for each in found if "href" in each] == links
    assert "".join(each["text"] for each in found) == text


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("hi DAVE!", "dave", True),
        ("@\uff44\uff41\uff56\uff45!", "Dave", True),
        ("daves dave2 _dave", "dave", False),
        ("你好dave再见", "dave", True),
        ("[x]", "[x]", True),
        ("a.b", "a-b", False),
    ],
)
def test_a_name_is_heard_as_a_word(text: str, name: str, *, expected: bool) -> None:
    """In any case and width, not inside a longer word."""
    asked = f"mentions({json.dumps(text)}, {json.dumps(name)})"
    assert answer("text.js", "mentions", asked) is expected


def test_colours_and_initials() -> None:
    """A name has one colour, however it is spelt; its first letter keeps what is put on it."""
    assert answer("text.js", "hue", 'hue("\\uff21lice") === hue("alice")') is True
    assert answer("text.js", "hue", 'hue("alice") === hue("bob")') is False
    initials = '["dave", "e\\u0301a", "\\ud83d\\ude80x"].map(initial)'
    assert answer("text.js", "initial", initials) == ["D", "E\u0301", "\U0001f680"]
