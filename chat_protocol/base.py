"""What every message is made of."""

from typing import Annotated

from msgspec import Meta, Struct

#: The sender's own label of a message.
Ref = Annotated[str, Meta(min_length=1, max_length=64)]


class Message(Struct, tag_field="type", omit_defaults=True, gc=False):
    """The base of every message: its `type` is the Struct's tag, and defaults are left out."""


def tag(kind: type[Message]) -> str:
    """Return the `type` that messages of this kind have."""
    return str(kind.__struct_config__.tag)
