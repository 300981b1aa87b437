"""The runs in which faults strike at random, in the server or in its clients."""

import contextlib
import http.client
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.chaos.checker import Fault, Violation
from tests.chaos.faults import Faults
from tests.chaos.load import ROOMS, Load, Outcome
from tests.chaos.process import Server
from tests.chaos.reading import READER, read_journal, read_members
from tests.chaos.records import Stored
from tests.chaos.runs import Say, difference, serving
from tests.chaos.stored import read_file
from tests.chaos.typist import Ending, Typist

#: How often faults strike: 1 is as `injection.PLACES` has it.
RATE = 1.0
#: The same for clients, which ask the system for less.
CLIENT_RATE = 5.0
#: After how many acknowledged messages a round of `server_faults` ends.
ROUND = 300
#: In how many seconds after the last fault health must be good.
CALM = 5.0
#: Clients in a round of `client_faults`, and lines of each.
TYPISTS = 3
LINES = 100


def server_faults(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """Let faults strike at random at whatever the server asks of the system, then hold it to its promises.

    Between two rounds all is calm until everybody is back: then nobody may be stuck, and health is good.
    """
    struck = Faults(seed)
    server = Server(folder / "chat.db", "--drain-timeout", "5", faulty=struck)
    with serving(server), Load("faults", seed, lambda: server.address) as load:
        for number in range(1, rounds + 1):
            struck.strike(RATE)
            load.wait("acknowledged", ROUND)
            struck.strike(0.0)
            before = load.progress.counts["acknowledged"]
            load.wait("acknowledged", 50, since=before)
            load.outcome.rounds = number
            say(f"faults: {number} of {rounds}")
        stored = load.settle(lambda: server.address)
        load.outcome.violations += _left_behind(server)
        server.stop()
        outcome = load.judge(stored)
        if (in_file := read_file(folder / "chat.db")) != stored:
            outcome.violations.append(Violation(Fault.DISAGREED, "journal", difference(in_file, stored)))
        outcome.extra = dict(sorted(struck.struck().items()))
        return outcome


def client_faults(folder: Path, seed: int, rounds: int, say: Say) -> Outcome:
    """Let faults strike at random at whatever clients ask of the system; each round has new clients.

    Each line typed must be stored once and in order, each message saved once by everybody, and the client
    must end with status 0, as it says that all of it was done.
    """
    outcome = Outcome("client faults", seed)
    started = time.monotonic()
    # Who loses the connection before the WELCOME has no session to come back to, and waits for the name.
    with serving(Server(folder / "chat.db", "--name-hold", "0.5")) as server:
        for number in range(1, rounds + 1):
            said, endings = _type_along(folder, server, seed + number, outcome)
            stored = [each for each in read_journal(server.address, ("lobby",)) if each.text in said]
            outcome.violations += _typed(said, stored) + _saved(endings, stored)
            outcome.counts["messages"] += len(said)
            outcome.counts["stored"] += len(stored)
            outcome.rounds = number
            say(f"client faults: {number} of {rounds}")
        server.stop()
    outcome.seconds = time.monotonic() - started
    return outcome


def _type_along(
    folder: Path, server: Server, seed: int, outcome: Outcome
) -> tuple[list[str], dict[str, Ending]]:
    """Have clients with faults say lines by turns; return what was said, and how each ended."""
    faults = [Faults(seed * TYPISTS + number) for number in range(TYPISTS)]
    typists = {
        f"t{number}": Typist(f"t{number}", server.address, folder / f"{seed} {number}.txt", each)
        for number, each in enumerate(faults)
    }
    for each in faults:
        each.strike(CLIENT_RATE)
    said = [f"{name} {seed} {number}" for number in range(LINES) for name in typists]
    for text in said:
        typists[text.partition(" ")[0]].say(text)
    for each in faults:
        each.strike(0.0)
    endings = {name: typist.finish() for name, typist in typists.items()}
    for each in faults:
        outcome.counts.update(connections=1)
        outcome.extra = dict(Counter(outcome.extra) + each.struck())
    return said, endings


def _typed(said: Sequence[str], stored: Sequence[Stored]) -> list[Violation]:
    """Hold what was typed against what is stored: each line once, each client's in its order."""
    found = []
    for text, number in (Counter(said) - Counter(each.text for each in stored)).items():
        found.append(
            Violation(Fault.NOT_STORED, text.partition(" ")[0], f"{text!r} is missing {number} times")
        )
    for name in {text.partition(" ")[0] for text in said}:
        mine = [each.text for each in stored if each.sender == name]
        if len(set(mine)) < len(mine):
            found.append(Violation(Fault.STORED_TWICE, name, str(mine)))
        elif mine != [text for text in said if text in set(mine)]:
            found.append(Violation(Fault.OWN_ORDER, name, str(mine)))
    return found


def _saved(endings: Mapping[str, Ending], stored: Sequence[Stored]) -> list[Violation]:
    """Hold each client's file against what is stored, as far as its status says that all was done."""
    found = []
    texts = {each.id: each.text for each in stored}
    for name, ending in endings.items():
        if ending.status:
            found.append(
                Violation(Fault.UNEXPECTED, name, f"status {ending.status}: {ending.printed[-500:]}")
            )
        saved = [each for each in ending.saved if each[0] in texts]
        first = min((number for number, _ in saved), default=0)
        if len(dict(saved)) < len(saved):
            found.append(Violation(Fault.HEARD_TWICE, name, f"saved twice: {saved}"))
        if wrong := [each for each in saved if texts[each[0]] != each[1]]:
            found.append(Violation(Fault.INVENTED, name, f"saved as something else: {wrong}"))
        last = max((number for number, text in texts.items() if text.startswith(f"{name} ")), default=0)
        if missing := [number for number in texts if first < number < last and number not in dict(saved)]:
            found.append(Violation(Fault.HOLE, name, f"not saved: {missing}"))
    return found


def _left_behind(server: Server) -> Iterator[Violation]:
    """Look for what faults left: ghosts in rooms, connections that nobody has, threads that are stuck."""
    for room, names in read_members(server.address, ROOMS).items():
        if names != [READER]:
            yield Violation(Fault.GHOST, "server", f"in {room} are {names}, and nobody else is connected")
    for path in ("/healthz", "/readyz"):
        deadline = time.monotonic() + CALM
        while (answer := _asked(server, path))[0] != http.client.OK and time.monotonic() < deadline:
            pass  # after a jump of the clock each thread has to beat once
        if answer[0] != http.client.OK:
            yield Violation(Fault.UNEXPECTED, "server", f"{path}: {answer}")


def _asked(server: Server, path: str) -> tuple[int, bytes]:
    asked = http.client.HTTPConnection(*server.metrics_address, timeout=5)
    with contextlib.closing(asked):
        asked.request("GET", path)
        answer = asked.getresponse()
        return answer.status, answer.read()
