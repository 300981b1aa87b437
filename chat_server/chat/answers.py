"""Answers that may be long: as many rows as a line holds."""

from collections.abc import Sequence
from typing import TypeVar

from chat_protocol.codec import SERVER_LINE_BYTES, encode_json
from chat_protocol.messages import Who
from chat_protocol.moderation_messages import BanRow
from chat_protocol.people_messages import UserProfile
from chat_protocol.server_messages import RoomInfo, Users
from chat_server.chat.identity import Identity
from chat_server.chat.profiles import NOTHING
from chat_server.chat.room import Room
from chat_server.chat.standing import Role

#: The most rows that ROOMS and USERS have; their `total` counts all.
ANSWER_ROWS = 1000
#: Bytes of the rows of an answer: the rest of the line needs less than 64 KiB.
ANSWER_BYTES = SERVER_LINE_BYTES - 64 * 1024

Row = TypeVar("Row", str, RoomInfo, UserProfile, BanRow)


def fitting(rows: Sequence[Row], space: int = ANSWER_BYTES) -> list[Row]:
    """Return the first rows, as many as so many bytes hold and at most `ANSWER_ROWS`."""
    for count, row in enumerate(rows[:ANSWER_ROWS]):
        space -= len(encode_json(row)) + 1
        if space < 0:
            return list(rows[:count])
    return list(rows[:ANSWER_ROWS])


def users(room: Room, asked: Who) -> Users:
    """Return who is in a room."""
    people = room.people()
    names = fitting([each.name for each in people], ANSWER_BYTES // 2 if asked.profiles else ANSWER_BYTES)
    shown = people[: len(names)]
    accounts = [place for place, each in enumerate(shown) if each.is_account]
    answer = Users(room.name, names, len(people), asked.ref, accounts, _roles(room, shown))
    if asked.profiles:
        answer.profiles = fitting(_profiles(shown), ANSWER_BYTES // 2)
    return answer


def _roles(room: Room, people: Sequence[Identity]) -> dict[str, list[int]]:
    """Return the places of those who are more or less than members, by role."""
    roles: dict[str, list[int]] = {}
    if room.standing is not None:
        for place, each in enumerate(people):
            if (role := room.standing.role(each)) is not Role.MEMBER:
                roles.setdefault(role.word, []).append(place)
    return roles


def _profiles(people: Sequence[Identity]) -> list[UserProfile]:
    return [
        UserProfile(place, profile.realname, profile.away, profile.bot)
        for place, each in enumerate(people)
        if (profile := each.profile) != NOTHING
    ]
