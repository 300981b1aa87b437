"""Strategies for every message of the protocol, made from the types of its fields."""

from typing import Any, cast

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from chat_protocol.base import Message


def message(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Return a strategy for messages of this kind."""
    return cast("st.SearchStrategy[Message]", _struct(cast("inspect.StructType", inspect.type_info(kind))))


def _struct(info: inspect.StructType) -> st.SearchStrategy[Any]:
    return st.builds(info.cls, **{each.name: _value(each.type) for each in info.fields})


def _value(info: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911  # a table of types
    match info:
        case inspect.StrType(min_length=least, max_length=most):
            return st.text(min_size=least or 0, max_size=20 if most is None else min(most, 20))
        case inspect.IntType(ge=least, le=most):
            return st.integers(-(2**53) if least is None else least, 2**53 if most is None else most)
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case inspect.LiteralType(values=words):
            return st.sampled_from(words)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.UnionType(types=types):
            return st.one_of(*map(_value, types))
        case inspect.ListType(item_type=item):
            return st.lists(_value(item), max_size=4)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_value(key), _value(value), max_size=4)
        case inspect.StructType():
            return _struct(info)
    raise TypeError(f"no strategy for {info}; add one")


def kinds(union: object) -> list[type[Message]]:
    """Return the Structs of a direction."""
    return list(cast("Any", union).__args__)


def same(one: object, other: object) -> bool:
    """Tell whether two messages are of one kind and equal in every field."""
    return type(one) is type(other) and msgspec.structs.asdict(
        cast("Message", one)
    ) == msgspec.structs.asdict(cast("Message", other))
