"""Money of one area being handed out to plans: what is left, who got what, and why others did not.

Money is in euros, exact. Shared by the rules of the count (`greedy`, `equal_shares`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from civic.ballots import Item

Order = tuple[int, ...]
"""Numbers of plans; of a settled tie, the one that goes first is first."""


class Reason(StrEnum):
    """Why a plan is not funded."""

    NO_VOTES = "no_votes"  # nobody voted for it
    BUDGET = "budget"  # it costs more than what was left when its turn came
    THEME_CAP = "theme_cap"  # likewise, of what was left for its theme
    AFTER_STOP = "after_stop"  # its turn came after the plan that ended the count
    SUPPORT = "support"  # equal shares: its voters could not pay for it together
    TIE = "tie"  # not decided yet: it waits until a tie is settled


@dataclass(frozen=True, slots=True)
class Funded:
    """A plan that gets money; `amount` is less than its cost when it is paid in part."""

    number: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A plan that gets no money."""

    number: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who gets money, in the order of choosing; who does not, likewise; the tie that is open.

    With an open tie, `funded` holds what is certain however the tie falls.
    """

    funded: tuple[Funded, ...]
    passed_over: tuple[PassedOver, ...]
    tie: Order = ()

    @property
    def numbers(self) -> frozenset[int]:
        """The plans that get money."""
        return frozenset(funded.number for funded in self.funded)


@dataclass(slots=True)
class Purse:
    """What is left in all, and for each theme that has a cap."""

    left: Decimal
    caps: dict[str, Decimal]

    def over_budget(self, item: Item) -> bool:
        return item.cost > self.left

    def over_cap(self, item: Item) -> bool:
        return item.cost > self.caps.get(item.theme, item.cost)

    def refuses(self, item: Item) -> Reason | None:
        """Why this plan cannot be paid whole; None when it can."""
        if self.over_cap(item):
            return Reason.THEME_CAP
        return Reason.BUDGET if self.over_budget(item) else None

    def pay(self, item: Item, amount: Decimal) -> Funded:
        self.left -= amount
        if item.theme in self.caps:
            self.caps[item.theme] -= amount
        return Funded(item.number, amount)

    def holds(self, items: Iterable[Item]) -> bool:
        """Whether all of these can be paid whole, together."""
        trial = Purse(self.left, dict(self.caps))
        for item in items:
            if trial.refuses(item):
                return False
            trial.pay(item, item.cost)
        return True


def settled_order(tied: Iterable[int], settled: Sequence[Order]) -> Order | None:
    """The order that somebody decided for these plans; None when nobody did for all of them."""
    wanted = set(tied)
    for order in settled:
        if wanted <= set(order):
            return tuple(number for number in order if number in wanted)
    return None
