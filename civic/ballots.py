"""What can be voted for, and what one voter chose.

Money is in euros. A plan is named by its number, which never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from civic.rounds import BallotKind, TallyRule


@dataclass(frozen=True, slots=True)
class Item:
    """One plan as voters see it. `theme` is "" for none, `cost` what it asks of the budget."""

    number: int
    title: str
    cost: Decimal
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """All that can be voted for in one area, with the rules of the ballot and of the count.

    items: in the order of their numbers. least, most: how many plans one ballot names.
    most_cost: euros that the plans of one ballot may cost together. theme_most: likewise by theme.
    points, points_most: of a ballot of points, in all and on one plan. theme_caps: the most euros
    by theme in the count; caps_bind_leftover: also for what is paid from what is left over.
    paper_share: weight of all paper ballots together, 0 to 1; None when all count the same.
    """

    area: str
    budget: Decimal
    items: tuple[Item, ...]
    kind: BallotKind = BallotKind.APPROVAL
    least: int = 1
    most: int | None = None
    most_cost: Decimal | None = None
    theme_most: Mapping[str, Decimal] = field(default_factory=dict)
    points: int = 0
    points_most: int | None = None
    tally: TallyRule = TallyRule.FILL
    theme_caps: Mapping[str, Decimal] = field(default_factory=dict)
    caps_bind_leftover: bool = True
    paper_share: Decimal | None = None

    def item(self, number: int) -> Item | None:
        """The plan with this number; None when it is not on this paper."""
        return next((item for item in self.items if item.number == number), None)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One voter's choices in one area: (number of the plan, points), each plan once.

    Where no points are given each choice has one.
    """

    area: str
    choices: tuple[tuple[int, int], ...]
