"""The published `tally.json` of a count, read back: per area what was chosen, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pydantic import BaseModel, TypeAdapter, ValidationError


class _Area(BaseModel):
    ballots: int
    budget: Decimal
    rule: str
    votes: list[tuple[int, str]]
    chosen: list[tuple[int, Decimal]]
    not_chosen: list[tuple[int, str]]
    ties: list[list[int]]
    spent: Decimal
    left: Decimal


_FILE = TypeAdapter(dict[str, _Area])


@dataclass(frozen=True, slots=True)
class CountedArea:
    """`chosen`: euros by plan number. `not_chosen`: why (see `civic.funding`). `ties`: open."""

    ballots: int
    budget: Decimal
    rule: str
    votes: Mapping[int, Fraction]
    chosen: Mapping[int, Decimal]
    not_chosen: Mapping[int, str]
    ties: tuple[tuple[int, ...], ...]
    spent: Decimal
    left: Decimal

    def shown_votes(self, number: int) -> str:
        """Votes as a number; with paper ballots weighted they may be no whole ones."""
        votes = self.votes[number]
        return str(votes) if votes.denominator == 1 else f"{float(votes):.2f}"


def read(content: str) -> dict[str, CountedArea]:
    """Each area of the file. Raises ValueError for anything that is not such a file."""
    try:
        found = _FILE.validate_json(content)
        areas = {name: _area(each) for name, each in found.items()}
    except (ValidationError, ArithmeticError):
        raise ValueError("this is no tally.json of a count") from None
    if not areas:
        raise ValueError("there is no area in this count")
    return areas


def _area(each: _Area) -> CountedArea:
    chosen, passed = dict(each.chosen), dict(each.not_chosen)
    if chosen.keys() & passed.keys():
        raise ValueError("a plan is both chosen and not chosen")
    return CountedArea(
        each.ballots,
        each.budget,
        each.rule,
        {number: Fraction(votes) for number, votes in each.votes},
        chosen,
        passed,
        tuple(map(tuple, each.ties)),
        each.spent,
        each.left,
    )
