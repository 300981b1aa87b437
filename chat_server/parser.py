"""A parser of arguments that says what to do."""

import argparse
import difflib
import itertools
from collections.abc import Sequence
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Points to --help, and names an unknown option: argparse would take its value for the command."""

    def refuse_unknown(self, arguments: Sequence[str]) -> None:
        """End with status 2 at an option that does not exist, unless help is asked for anyway."""
        known = self._option_string_actions
        ahead = itertools.takewhile("--".__ne__, arguments)
        options = [each.partition("=")[0] for each in ahead if _is_option(each)]
        unknown = next((each for each in options if each not in known), None)
        if unknown is None or {"-h", "--help", "--version"} & set(options):
            return
        alike = difflib.get_close_matches(unknown, known, 1)
        self.error(f"unknown option {unknown}" + (f", did you mean {alike[0]}?" if alike else ""))

    def error(self, message: str) -> NoReturn:
        """Say how it is used and what is wrong, and end with status 2."""
        super().error(f"{message}\n{self.prog} --help lists commands and options, with examples")


def _is_option(argument: str) -> bool:
    """Tell whether argparse takes it for an option: what looks like a negative number is a value."""
    return argument.startswith("-") and argument.lstrip("-")[:1].isalpha() and " " not in argument
