"""The count by most votes first: *fill*, *stop*, and *stop and part-fund*.

Plans without a vote get nothing. A plan over what is left of its theme's cap is passed over
under every rule; what is left of the budget decides what then happens:
  fill            a plan that does not fit is passed over, the next one has its turn
  stop            the first plan that does not fit ends the count
  stop-part-fund  likewise, and that plan gets what is left
When caps do not bind what is left over, the plans passed over for their cap have another turn
afterwards, in the same order, without caps.

Plans with equally many votes are a tie. It matters when they cannot all be paid and the order
changes who is; then somebody has to settle it. Where it does not matter the order is that of
the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, permutations

from civic.ballots import Item, Paper
from civic.funding import Funded, Order, Outcome, PassedOver, Purse, Reason, settled_order
from civic.rounds import TallyRule

MOST_TRIED = 5
"""Plans in a tie, and ties after each other, of which every order is tried. See `_matters`."""


def greedy(
    paper: Paper, votes: Mapping[int, Fraction], settled: Sequence[Order], *, depth: int = 0
) -> Outcome:
    """The outcome of this paper's rule. `votes`: of every plan on the paper."""
    turn = _Count(paper, votes, settled, depth, Purse(paper.budget, dict(paper.theme_caps)))
    turn.go()
    return Outcome(tuple(turn.funded), tuple(turn.passed_over), turn.tie)


@dataclass(slots=True)
class _Count:
    paper: Paper
    votes: Mapping[int, Fraction]
    settled: Sequence[Order]
    depth: int
    purse: Purse
    funded: list[Funded] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    again: list[Item] = field(default_factory=list)  # over their cap; another turn without caps
    stopped: Reason | None = None
    tie: Order = ()

    def go(self) -> None:
        wanted = [item for item in self.paper.items if self.votes[item.number] > 0]
        self._turns(wanted)
        self.purse.caps = {}
        waiting, self.again = self.again, []
        self._turns(waiting)
        unwanted = (item for item in self.paper.items if not self.votes[item.number] > 0)
        self.passed_over += (PassedOver(item.number, Reason.NO_VOTES) for item in unwanted)

    def _turns(self, items: Iterable[Item]) -> None:
        for equals in self._equals(items):
            for item in self._in_order(equals):
                self._turn(item)

    def _equals(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """The plans in groups of equally many votes, most votes first, by number within one."""
        ordered = sorted(items, key=lambda item: (-self.votes[item.number], item.number))
        for _, equals in groupby(ordered, key=lambda item: self.votes[item.number]):
            yield list(equals)

    def _turn(self, item: Item) -> None:
        reason = self.stopped or self.purse.refuses(item)
        if reason is None:
            self.funded.append(self.purse.pay(item, item.cost))
        elif reason is Reason.THEME_CAP and not self.paper.caps_bind_leftover:
            self.again.append(item)
        elif reason is Reason.BUDGET and self._stops:
            self._stop(item)
        else:
            self.passed_over.append(PassedOver(item.number, reason))

    @property
    def _stops(self) -> bool:
        return self.paper.tally is not TallyRule.FILL

    @property
    def _pays_in_part(self) -> bool:
        return self.paper.tally is TallyRule.STOP_PART_FUND and self.purse.left > 0

    def _stop(self, item: Item) -> None:
        if self._pays_in_part:
            self.funded.append(self.purse.pay(item, self.purse.left))
        else:
            self.passed_over.append(PassedOver(item.number, Reason.BUDGET))
        self.stopped = Reason.AFTER_STOP

    def _in_order(self, equals: list[Item]) -> Iterator[Item]:
        """These plans of equally many votes, one at a time, in the order of their turns."""
        tied = [] if self.stopped else self._competing(equals)
        yield from (item for item in equals if item not in tied)
        yield from self._settled(tied) if tied else ()

    def _settled(self, tied: list[Item]) -> list[Item]:
        numbers = tuple(item.number for item in tied)
        order = settled_order(numbers, self.settled)
        if order is not None:
            return sorted(tied, key=lambda item: order.index(item.number))
        if self._matters(numbers):
            self.tie, self.stopped = numbers, Reason.TIE
        return tied

    def _competing(self, equals: list[Item]) -> list[Item]:
        """Those that can be paid, but not all together; none when order is of no weight here.

        If all fit together each gets its money in any order. Otherwise there are plans that fit
        and that another one, paid before them, pushes out.
        """
        able = [item for item in equals if not self._hopeless(item)]
        if len(able) < 2 or self.purse.holds(able):
            return []
        fits = any(self.purse.refuses(item) is None for item in able)
        return able if fits or self._pays_in_part else []

    def _hopeless(self, item: Item) -> bool:
        """It gets no money now whatever the order, and its turn changes nothing for others."""
        reason = self.purse.refuses(item)
        return reason is Reason.THEME_CAP or (reason is Reason.BUDGET and not self._stops)

    def _matters(self, tied: Order) -> bool:
        """Whether the order of these, which are paid or not by it now, changes who is in the end.

        It always does, except when who is passed over for the cap can be paid from what is left
        over: then the orders are tried. A tie too large to try is taken to matter.
        """
        if self.paper.caps_bind_leftover or not self.purse.caps:
            return True
        if len(tied) > MOST_TRIED or self.depth == MOST_TRIED:
            return True
        ends = [self._end(order) for order in permutations(tied)]
        return any(end.tie or end.numbers != ends[0].numbers for end in ends)

    def _end(self, order: Order) -> Outcome:
        return greedy(self.paper, self.votes, (*self.settled, order), depth=self.depth + 1)
