"""Which names there are, and which two are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import NameInvalidError, NameTakenError, PeerError, RoomInvalidError
from chat_server.chat.names import (
    SERVICE_NAMES,
    key,
    keys,
    refuse_service_name,
    room_key,
    room_name,
    user_key,
    user_name,
)

LIMIT = 32
NASTY = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(
            "a\u017fßİ\u0131Σςﬁ①ᾳ\u0345\u0301\u0308\u200b\u200d\u202e\ufe0f\u3164 #-[]{}|^`\u1fef"
        ),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("dave", "dave"),
        ("  dave\t", "dave"),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("\uff44\uff41\uff56\uff45", "dave"),
        ("ﬁona", "fiona"),
        ("李雷", "李雷"),
        ("मीरा", "मीरा"),
        ("o'neil-jr._+", "o'neil-jr._+"),
        ("[a]{b}|c^`", "[a]{b}|c^`"),
        ("|dave|", "|dave|"),
        ("`\uff3bdave\uff3d", "`[dave]"),
        ("x" * LIMIT, "x" * LIMIT),
        ("🙂", "🙂"),
        ("❤\ufe0f", "❤"),
        ("بی\u200cخبر", "بی\u200cخبر"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("👍🏽", "👍🏽"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,
    ],
)
def test_a_good_name(given_name: str, shown: str) -> None:
    """It is shown after NFKC, without what is around it and without what nobody could see."""
    assert user_name(given_name, LIMIT) == shown


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * (LIMIT + 1),
        "ﷺ" * 2,  # one character that NFKC makes eighteen
        "a b",
        "a\tb",
        "a\0b",
        "a\x1b[31mb",
        "a\x7fb",
        "a\x9bb",
        "\u202eevad",
        "da\u2066ve",
        "da\u200bve",
        "da\u200dve",
        "\u200cمی",
        "می\u200c",
        "می\u200c\u200cخ",
        "a\U000e0067",
        "\U000e0067",
        "''",
        "._-",
        "^_^",
        "[]{}|^`",
        "da\\ve",
        "dave~",
        "<dave>",
        "da\u00adve",
        "\ufeffdave",
        "\u0301dave",
        "@dave",
        "#dave",
        "a/b",
        'a"b',
        "a,b",
        "\u3164",
        "\u2800",
        "\ufe0f",
        "\ue000",
        "\u0378",
        "a\u2028b",
    ],
)
def test_a_bad_name(name: str) -> None:
    """Empty, too long, or with characters that could mislead a reader or a terminal."""
    with pytest.raises(NameInvalidError):
        user_name(name, LIMIT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dave", "dAVE"),
        ("dave", "\uff44\uff41\uff56\uff45"),
        ("straße", "STRASSE"),
        ("Zoë", "zoe\u0308"),
        ("ﬁona", "FIONA"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("dave", "dave\u3164"),
        ("dave", "da\u034fve"),
        ("dave", "dave\ufe0f"),
        ("dave", "da\u2800ve"),
        ("dave", "dave\U000e0100"),
    ],
)
def test_two_names_that_are_the_same(one: str, other: str) -> None:
    """Nobody passes for another by case, width, composition or what cannot be seen."""
    assert key(user_name(one, LIMIT)) == key(user_name(other, LIMIT))


def test_two_names_that_are_not() -> None:
    """Accents tell people apart."""
    assert key("Zoe") != key("Zoë")


@pytest.mark.parametrize("name", ["dave\u05d3", "\u05d3avid", "\u0633am", "a\u0661"])
def test_a_name_has_one_direction(name: str) -> None:
    """Else it would be drawn in another order than it is spelt."""
    for taken, error in ((user_name, NameInvalidError), (room_name, RoomInvalidError)):
        with pytest.raises(error, match="both directions"):
            taken(name, LIMIT)


def test_digits_go_with_either_direction() -> None:
    """Those of Europe have none of their own."""
    for name in ("\u05d3\u05d5\u05d37", "dave7"):
        assert user_name(name, LIMIT) == name


def test_ascii_alone() -> None:
    """If the operator wants it so: also what NFKC makes ASCII of is taken then."""
    assert user_name("\uff44ave", LIMIT, ascii_only=True) == "dave"
    with pytest.raises(NameInvalidError, match="not ASCII; this server takes a-z"):
        user_name("zoë", LIMIT, ascii_only=True)
    with pytest.raises(RoomInvalidError, match="not ASCII"):
        room_name("#zoë", LIMIT, ascii_only=True)


@pytest.mark.parametrize(
    "name", [*SERVICE_NAMES, "Admin", "\u0430dmin", "adrnin", "SYSTEM", "0perator", "ADM1N", "SERV1CE"]
)
def test_a_name_that_speaks_for_the_service(name: str) -> None:
    """Is nobody's, in whatever spelling, and nothing that looks like it."""
    with pytest.raises(NameTakenError, match="kept for the service"):
        refuse_service_name(name)


@pytest.mark.parametrize(
    ("one", "other"), [("alice", "a|ice"), ("dave`", "dave'"), ("dave^", "dave\u02c6"), ("l33t", "|33t")]
)
def test_signs_look_alike_too(one: str, other: str) -> None:
    """Nobody passes for another by a stroke or a mark."""
    assert not keys(user_name(one, LIMIT)).isdisjoint(keys(user_name(other, LIMIT)))


@pytest.mark.parametrize("name", ["[dave]", "{dave}", "dave|away", "dave^", "dave`"])
def test_signs_tell_people_apart(name: str) -> None:
    """`{` is no capital of `[`, as it is for the oldest servers of IRC; and rooms may have them."""
    others = {name.translate(str.maketrans("[]{}|^`", "{}[]\\~'")), "dave"} - {name}
    assert all(key(name) != key(other) for other in others)
    assert room_name(name, LIMIT, ascii_only=True) == name


def test_other_names_are_free() -> None:
    """Also those that have one of the service's in them."""
    for name in ("adminton", "chatter", "dave", "root"):
        refuse_service_name(name)


@given(NASTY)
def test_a_name_is_known_by_its_key(name: str) -> None:
    """And by what it looks like: whatever shares the key shares that, so no check may be passed by case."""
    assert key(name) in keys(name)
    assert len(keys(name)) in (1, 2)


def test_a_room_has_one_spelling() -> None:
    """All write it in the same way, with or without the sign that rooms have elsewhere."""
    assert room_name("#Lobby", LIMIT) == room_name("lobby", LIMIT) == "lobby"
    with pytest.raises(RoomInvalidError):
        room_name("#", LIMIT)
    with pytest.raises(RoomInvalidError):
        room_name("@inbox", LIMIT)


def test_a_name_must_fit_in_both_its_forms() -> None:
    """What folding makes longer is held to the limit too, or the key of a room would pass it."""
    with pytest.raises(RoomInvalidError, match="longer than 4"):
        room_name("ßßß", 4)


@given(NASTY)
def test_an_accepted_name_can_be_shown(name: str) -> None:
    """It is printable, has no space, fits the limit, and is accepted again as it is shown."""
    try:
        shown = user_name(name, LIMIT)
    except PeerError:
        return
    assert shown.isprintable()
    assert " " not in shown
    assert 0 < len(shown) <= LIMIT
    assert unicodedata.category(shown[0])[0] != "M"
    assert user_name(shown, LIMIT) == shown


@given(NASTY)
def test_a_key_is_its_own_key(name: str) -> None:
    """Comparing what was already made comparable changes nothing."""
    assert key(key(name)) == key(name)


@given(NASTY)
def test_a_room_is_its_own_name(name: str) -> None:
    """The spelling that the server shows is one that it takes, and names the same room."""
    try:
        room = room_name(name, LIMIT)
    except PeerError:
        return
    assert room_name(room, LIMIT) == room


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dave smith", "no spaces;"),
        ("a\u3000b\u00a0c", "no spaces;"),
        ("a\tb", "no spaces;"),
        ("a\u202eb", "no invisible or control characters;"),
        ("a\u200bb", "no invisible or control characters;"),
        ("a\x1bb", "no invisible or control characters;"),
        ("a@b", "no @;"),
        ("''", "nothing but punctuation"),
    ],
)
def test_what_is_wrong_is_said_in_words(name: str, said: str) -> None:
    """Nobody need know code points."""
    with pytest.raises(NameInvalidError, match=said) as refused:
        user_name(name, LIMIT)
    assert "U+" not in refused.value.text


@pytest.mark.parametrize("silent", ["\u200c", "\u200d", "\U000e0067", "\ufe0f", "\u3164"])
def test_no_two_names_differ_by_what_nobody_sees(silent: str) -> None:
    """Wherever it stands: whoever has one has the other."""
    assert user_key(f"بی{silent}خبر") == user_key("بیخبر")


@given(NASTY)
def test_every_spelling_leads_to_the_same(name: str) -> None:
    """A good name is found by the spelling that it was given in, and by the one that it is shown in."""
    for good, find in ((user_name, user_key), (room_name, room_key)):
        try:
            shown = good(name, LIMIT)
        except PeerError:
            continue
        assert find(name) == find(shown) == key(shown)
        assert find(f"  {name}\t") == find(shown)
