"""What others see of somebody beside the name."""

import unicodedata

from msgspec import Struct, structs

from chat_protocol.errors import BadFieldError
from chat_protocol.people_messages import Profile as Asked


class Profile(Struct, frozen=True, gc=False):
    """What somebody tells of themselves: a fuller name, why they are away, whether they are a program."""

    realname: str = ""
    away: str = ""
    bot: bool = False

    def changed(self, asked: Asked) -> "Profile":
        """Return it as it is after a change. Raises `BadFieldError`."""
        changes: dict[str, str | bool] = {}
        for field in ("realname", "away"):
            if (text := getattr(asked, field)) is not None:
                changes[field] = _checked(field, text)
        if asked.bot is not None:
            changes["bot"] = asked.bot
        return structs.replace(self, **changes)

    def back(self) -> "Profile":
        """Return it as it is when nobody is away any more."""
        return structs.replace(self, away="") if self.away else self

    def differs(self, other: "Profile") -> list[str]:
        """Return the fields that are not as in another one."""
        return [each for each in self.__struct_fields__ if getattr(self, each) != getattr(other, each)]


#: What is seen of anybody who told nothing.
NOTHING = Profile()


def _checked(field: str, text: str) -> str:
    text = text.strip()
    if any(unicodedata.category(each) in {"Cc", "Zl", "Zp"} for each in text):
        raise BadFieldError(f"PROFILE: a control character or line break in {field}; use one line of text")
    return text
