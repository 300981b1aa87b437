"""A parser of arguments that says what to do."""

import pytest

from chat_server.parser import Parser


def parser() -> Parser:
    """Return one with an option."""
    made = Parser(prog="chat-x", allow_abbrev=False)
    made.add_argument("--journal")
    made.add_argument("number", nargs="?")
    return made


def test_an_unknown_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With the one that was meant, and where the others are told."""
    with pytest.raises(SystemExit) as ended:
        parser().refuse_unknown(["--jurnal=x"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "unknown option --jurnal, did you mean --journal?" in said
    assert "chat-x --help lists" in said


@pytest.mark.parametrize("arguments", [["--journal", "x"], ["-5"], ["--", "--nothing"], ["--nothing", "-h"]])
def test_what_is_none_or_known_is_let_through(arguments: list[str]) -> None:
    """A negative number, what comes behind `--`, and whatever stands beside a cry for help."""
    parser().refuse_unknown(arguments)
