"""All residents of an election, many at once, on a system of their own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from civic.ballots import Ballot
from civic.stempas import new_codes
from runtime.replay import habits
from runtime.replay.election import File, Opened
from runtime.replay.phone import NoAnswer, Phone, Phones
from runtime.replay.resident import Done, Letter, Resident
from runtime.wiring import System

AT_ONCE = 64  # phones: as many as one commit of SQLite takes along
HELPERS = 0.03  # of the phones are used to vote for several
MOST_HELPED = 4
CHANGED = 0.03  # of the voters change their vote
UNKNOWN = 0.01  # of the voters give a code that nobody has first
MOST_UNKNOWN = 150  # well below the number at which answers are slowed for everybody
TELL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Voter:
    """earlier: what they cast before they change their vote; unknown: a code given first."""

    code: str
    ballot: Ballot
    forbidden: str  # the rule of the file that the ballot breaks, "" when it is in order
    earlier: Ballot | None
    unknown: str


@dataclass(slots=True)
class Result:
    """What happened. receipts: the signs of each vote that counts; refused: ballots that were not
    cast, by the file's rule that they break; lost: others that were not cast, by where it ended."""

    cast: int = 0
    changed: int = 0
    phones: int = 0
    unknown: int = 0
    said: int = 0
    heard: int = 0
    seconds: float = 0.0
    receipts: list[tuple[str, ...]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


def voters(file: File, opened: Opened, chance: Random) -> list[Voter]:
    """A voter for each ballot, with a code of its pile, in an order by chance."""
    found = [
        (pile.channel, ballot, code)
        for pile in file.piles
        if pile.ballots
        for ballot, code in zip(
            pile.ballots, _mixed(opened.codes[pile.channel], chance), strict=True
        )
    ]
    chance.shuffle(found)
    others = [ballot for pile in file.allowed() for ballot in pile.ballots]
    wrong = new_codes(MOST_UNKNOWN, 10)
    return [_voter(file, ballot, code, others, wrong, chance) for _, ballot, code in found]


def _mixed(codes: Sequence[str], chance: Random) -> list[str]:
    return chance.sample(codes, len(codes))


def _voter(
    file: File,
    ballot: Ballot,
    code: str,
    others: Sequence[Ballot],
    wrong: list[str],
    chance: Random,
) -> Voter:
    refusal = file.forbids(ballot)
    changes = refusal is None and chance.random() < CHANGED
    return Voter(
        code=code,
        ballot=file.in_round(ballot),
        forbidden=refusal.reason.value if refusal else "",
        earlier=file.in_round(chance.choice(others)) if changes else None,
        unknown=wrong.pop() if wrong and chance.random() < UNKNOWN else "",
    )


def households(everybody: Sequence[Voter], chance: Random) -> Iterator[Sequence[Voter]]:
    """Who votes on one phone."""
    at = 0
    while at < len(everybody):
        size = chance.randint(2, MOST_HELPED) if chance.random() < HELPERS else 1
        yield everybody[at : at + size]
        at += size


class Crowd:
    """Votes. `tell` gets a line now and then."""

    def __init__(
        self,
        system: System,
        phones: Phones,
        letter: Letter,
        seed: int,
        tell: Callable[[str], object],
    ) -> None:
        self._system = system
        self._phones = phones
        self._letter = letter
        self._seed = seed
        self._tell = tell
        self.result = Result()

    async def vote(self, everybody: Sequence[Voter]) -> Result:
        """Everybody votes; what came of it."""
        waiting = enumerate(households(everybody, Random(self._seed)))  # noqa: S311, not for security
        began = time.perf_counter()
        telling = asyncio.create_task(self._telling(len(everybody), began))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._serve(waiting))
        finally:
            telling.cancel()
        self.result.seconds = time.perf_counter() - began
        self.result.heard = self._phones.delivered
        return self.result

    async def _serve(self, waiting: Iterator[tuple[int, Sequence[Voter]]]) -> None:
        for number, household in waiting:
            await self._on_one_phone(number, household)

    async def _on_one_phone(self, number: int, household: Sequence[Voter]) -> None:
        chance = Random(f"{self._seed}|{number}")  # noqa: S311, likewise
        how = habits.of_somebody(chance)
        phone = Phone(self._system.take, f"r{number}", how.look)
        self._phones.add(phone)
        resident = Resident(phone, how, self._letter, chance)
        for voter in household:
            await self._one(resident, voter)
        self._phones.put_away(phone)
        self.result.phones += 1
        self.result.said += phone.said

    async def _one(self, resident: Resident, voter: Voter) -> None:
        done = Done((), "no answer")
        try:
            if voter.earlier is not None:
                await resident.votes(voter.code, voter.earlier)
                self.result.changed += 1
            done = await resident.votes(voter.code, voter.ballot, voter.unknown)
        except NoAnswer:
            pass
        self._note(voter, done)

    def _note(self, voter: Voter, done: Done) -> None:
        result = self.result
        result.unknown += bool(voter.unknown)
        if done.is_cast:
            result.cast += 1
            result.receipts.append(done.signs)
        elif voter.forbidden:
            result.refused[voter.forbidden] += 1
        else:
            result.lost[done.where] += 1

    async def _telling(self, count: int, began: float) -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            cast = self.result.cast
            rate = cast / (time.perf_counter() - began)
            self._tell(f"{cast:,} of {count:,} ballots cast, {rate:.0f} a second")


def letter_of(file: File) -> Letter:
    """What stands in the residents' letter."""
    themes: Mapping[int, str] = {
        file.ours[item.number]: file.theme_of.get(item.theme, "") for item in file.paper.items
    }
    return Letter(themes, file.paper.kind == "points", max(themes) + 13)
