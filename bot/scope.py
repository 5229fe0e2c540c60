"""What an act may use and what it brings about besides its outcome: see `bot.actions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bot.prompts import World
from civic.ballots import Ballot
from storage import people
from storage.times import to_ms


@dataclass(frozen=True, slots=True)
class Cast:
    """An envelope that is in the box: under which credential, with which ballot.

    new: it is the first of its pass. It exists in memory only, and only for one turn.
    """

    credential: str
    ballot: Ballot
    box: bytes
    new: bool


@dataclass(slots=True)
class Scope:
    """One person's act: in which transaction, who, when, in which round.

    `address` is where the person writes from. `pepper` is the key to all codes, `cast` the
    envelope that was put into the box for this act. What the act brings about: `erased` collects
    names of files that nobody needs any more, which go after the commit; with `slow_ms` the
    answer is held back for so long.
    """

    conn: Connection
    person_id: int
    round_id: int | None
    world: World
    language: str
    now: datetime
    address: str = ""
    pepper: bytes = b""
    cast: Cast | None = None
    erased: list[str] = field(default_factory=list)
    slow_ms: int = 0

    @property
    def who(self) -> str:
        """What is known of this address when its person is forgotten: see `storage.attempts`."""
        return people.address_hash(self.pepper, self.world.channel, self.address)

    @property
    def now_ms(self) -> int:
        return to_ms(self.now)
