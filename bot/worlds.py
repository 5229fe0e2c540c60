"""What flows may know of the world at one moment: the active round, its day, its papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy import Connection

from bot.prompts import World
from bot.turn import Turn
from civic.ballots import Paper
from civic.rounds import today
from storage import papers, rounds

KEPT = 2.0  # seconds for which the active round is not read again


@dataclass(frozen=True, slots=True)
class _Known:
    active: rounds.ActiveRound | None = None
    papers: Mapping[str, Paper] = field(default_factory=dict)
    at: float = -KEPT


class Worlds:
    """Hands out `World`s. `languages` maps each language we speak to its name for itself."""

    def __init__(
        self,
        languages: Mapping[str, str],
        knows_number: Callable[[str, str], bool],
        ways: Callable[[str, str], frozenset[str]],
    ) -> None:
        self._languages = languages
        self._knows_number = knows_number
        self._ways = ways
        self._known = _Known()

    def active(self, conn: Connection) -> rounds.ActiveRound | None:
        """The active round, at most two seconds old."""
        return self._now(conn).active

    def of(self, turn: Turn) -> World:
        """The world as it is for this turn's person."""
        known, day = self._now(turn.conn), today(turn.now)
        if known.active is None:
            return World(None, day, day, turn.channel, *self._reach(turn), self._languages)
        round_, forced = known.active.round, known.active.phase
        spoken = {c: n for c, n in self._languages.items() if c in round_.languages}
        return World(
            round_,
            day,
            round_.day_in(forced, day) if forced else day,
            turn.channel,
            *self._reach(turn),
            spoken or self._languages,
            known.papers,
        )

    def _reach(self, turn: Turn) -> tuple[bool, frozenset[str]]:
        where = turn.channel, turn.address
        return self._knows_number(*where), self._ways(*where)

    def _now(self, conn: Connection) -> _Known:
        if monotonic() - self._known.at > KEPT:
            active = rounds.active(conn)
            found = papers.of_round(conn, active) if active else {}
            self._known = _Known(active, found, monotonic())
        return self._known
