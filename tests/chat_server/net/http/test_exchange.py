"""Which route answers a path, and what an answer in one sentence is."""

import pytest

from chat_server.net.http.exchange import PLAIN, Response, Route, plain


@pytest.mark.parametrize(
    ("route", "path", "expected"),
    [
        ("/", "/", True),
        ("/", "/chat.js", False),
        ("/chat.js", "/chat.js", True),
        ("/chat.js", "/chat.js/", False),
        ("/hooks/", "/hooks/abc", True),
        ("/hooks/", "/hooks/", True),
        ("/hooks/", "/hooks", False),
    ],
)
def test_a_route_leads_to_its_path_and_below(route: str, path: str, *, expected: bool) -> None:
    """Below it only if it ends with a slash; the root is a page like any other."""
    assert Route(route, lambda _: Response(200)).leads_to(path) is expected


def test_a_sentence_is_plain_text() -> None:
    """With an end of line, for those who read it in a terminal."""
    answer = plain(503, "come back later", ("Retry-After", "5"))
    assert answer == Response(503, b"come back later\n", PLAIN, (("Retry-After", "5"),))
