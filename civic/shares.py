"""One run of the method of equal shares: every voter has the same money, and plans are bought.

Source: Peters, Pierczynski, Skowron, "Proportional Participatory Budgeting with Additive
Utilities" (2021). A plan is bought by those who chose it. What it is worth to a voter is the
points given (1 on a ballot without points) times its cost. All pay the same for a unit of worth,
but nobody more than what they have; the plan with the lowest such price is bought next.

All arithmetic is exact. Voters are bits of an integer, so that those of one plan with equally
much money are counted in one step; the money of all voters has one denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from heapq import heapify, heappop, heappush, merge
from math import lcm

from civic.ballots import Item, Paper
from civic.funding import PassedOver, Purse, Reason

Price = tuple[float, Fraction]
"""A price for a unit of worth; rounding keeps the order, so that most prices compare as floats."""
Alike = Mapping[tuple[tuple[int, int], ...], int]
"""How many ballots have the same choices: (plan, points) in the order of the numbers."""


@dataclass(frozen=True, slots=True)
class Backed:
    """A plan and those who chose it.

    levels: (points, the voters who gave it so many). weight: points of all of them together.
    """

    item: Item
    price: int
    levels: tuple[tuple[int, int], ...]
    weight: int
    unit: int  # a number that all points divide


@dataclass(frozen=True, slots=True)
class Electorate:
    """All voters of an area. weights: (weight of one ballot, the voters who have it).

    Weights are whole numbers, in which one ordinary ballot is `one`; prices are in cents times
    `one`.
    """

    plans: Mapping[int, Backed]
    weights: tuple[tuple[int, int], ...]
    everyone: int
    one: int
    total: Fraction  # weight of all ballots, in ordinary ballots

    def weight(self, voters: int) -> int:
        total = 0
        for each, of in self.weights:
            total += each * (voters & of).bit_count()
        return total


def electorate(paper: Paper, piles: Sequence[tuple[Fraction, Alike]]) -> Electorate:
    """The voters of these piles (the weight of one ballot, the ballots). A bit is one ballot."""
    one = lcm(*(weight.denominator for weight, _ in piles))
    sizes = [sum(alike.values()) for _, alike in piles]
    total = sum((w * size for (w, _), size in zip(piles, sizes, strict=True)), Fraction(0))
    weights: dict[int, int] = {}
    after = sum(sizes)
    for (weight, _), size in zip(piles, sizes, strict=True):
        after -= size
        units = int(weight * one)
        weights[units] = weights.get(units, 0) | _ones(size) << after
    everyone = _ones(sum(sizes))
    backers = _backers(paper, [alike for _, alike in piles], sum(sizes))
    all_ = Electorate({}, tuple(weights.items()), everyone, one, total)
    plans = (_backed(item, backers[item.number], all_) for item in paper.items)
    return replace(all_, plans={plan.item.number: plan for plan in plans if plan.weight})


def _ones(size: int) -> int:
    return (1 << size) - 1


def _backers(paper: Paper, piles: Iterable[Alike], size: int) -> dict[int, dict[int, int]]:
    """For each plan the voters who gave it so many points; the first ballot is the highest bit.

    Bits are set as digits, since a long integer is copied at every change.
    """
    digits: dict[int, dict[int, bytearray]] = {item.number: {} for item in paper.items}
    begin = 0
    for alike in piles:
        for choices, times in alike.items():
            for number, points in choices:
                levels = digits[number]
                level = levels.get(points) or levels.setdefault(points, bytearray(b"0") * size)
                level[begin : begin + times] = b"1" * times
            begin += times
    return {
        number: {points: int(level.decode("ascii"), 2) for points, level in levels.items()}
        for number, levels in digits.items()
    }


def _backed(item: Item, backers: Mapping[int, int], voters: Electorate) -> Backed:
    levels = tuple((points, of) for points, of in sorted(backers.items()) if points)
    weight = sum(points * voters.weight(of) for points, of in levels)
    price = Fraction(item.cost) * 100 * voters.one
    if price.denominator != 1:
        raise ValueError(f"plan {item.number} costs a part of a cent")
    return Backed(item, int(price), levels, weight, lcm(*(points for points, _ in levels)))


@dataclass(slots=True)
class Run:
    """How far the buying has come. Money is in cents, `scale` parts to the cent.

    purses: voters by how much each of them has, poorest first. queue: the plans not decided, and
    some that were bought, as a heap by the lowest price that each can still have. short: somebody
    could not pay a full share, so that more money for everybody could change the outcome.
    """

    voters: Electorate
    purses: dict[int, int]
    scale: int
    queue: list[tuple[Price, int]]
    purse: Purse
    chosen: list[int] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    short: bool = False

    def copy(self) -> Run:
        """Another one that goes its own way from here."""
        return replace(
            self,
            queue=self.queue.copy(),
            purse=Purse(self.purse.left, self.purse.caps.copy()),
            chosen=self.chosen.copy(),
            passed_over=self.passed_over.copy(),
        )

    @property
    def cost(self) -> Decimal:
        plans = self.voters.plans
        return sum((plans[number].item.cost for number in self.chosen), Decimal(0))

    def cheapest(self) -> tuple[Fraction, list[int]]:
        """The lowest price and the plans that have it; no plans when no more can be bought."""
        looked: list[tuple[Price, int]] = []
        best: Price | None = None
        while self.queue and (best is None or self.queue[0][0] <= best):
            number = heappop(self.queue)[1]
            if number not in self.chosen and (price := self._price(self.voters.plans[number])):
                looked.append((price, number))
                best = price if best is None else min(best, price)
        for entry in looked:
            heappush(self.queue, entry)
        if best is None:
            return Fraction(0), []
        return best[1], sorted(number for price, number in looked if price == best)

    def _price(self, plan: Backed) -> Price | None:
        """What a unit of worth costs now; None when the plan is out, which is then written."""
        if self.purse.over_cap(plan.item):
            self.passed_over.append(PassedOver(plan.item.number, Reason.THEME_CAP))
            return None
        if not plan.price:
            return _priced(0, 1)
        share = self._share(plan)
        if share is None:
            self.passed_over.append(PassedOver(plan.item.number, Reason.SUPPORT))
            return None
        return _priced(share[0], share[1] * self.scale * plan.price)

    def _share(self, plan: Backed) -> tuple[int, int] | None:
        """What one point pays, as a fraction of parts of a cent; None when it is too dear."""
        owed, points = plan.price * self.scale, plan.weight
        for _, each, given, backers in self._backers(plan):
            if owed * given <= each * points:
                return owed, points
            weight = self.voters.weight(backers)
            owed -= weight * each
            points -= weight * given
            self.short = True
        return None

    def _backers(self, plan: Backed) -> Iterator[tuple[int, int, int, int]]:
        """(for the order, what each has, points each gave, who), first who runs dry first."""
        return merge(*(self._level(plan.unit // given, given, of) for given, of in plan.levels))

    def _level(self, times: int, given: int, of: int) -> Iterator[tuple[int, int, int, int]]:
        for each, who in self.purses.items():
            if backers := who & of:
                yield each * times, each, given, backers

    def buy(self, number: int, price: Fraction) -> None:
        """Buy this plan of the cheapest at this price for a unit of worth."""
        plan = self.voters.plans[number]
        self.purse.pay(plan.item, plan.item.cost)
        self.chosen.append(number)
        self._charge(plan, price * plan.price)

    def _charge(self, plan: Backed, point: Fraction) -> None:
        """Take `point` cents for each point from those who gave it, as far as they have it."""
        due = point * self.scale
        times = due.denominator
        self.scale *= times
        purses: dict[int, int] = {}
        for each, who in self.purses.items():
            for given, of in plan.levels:
                if backers := who & of:
                    rest = max(0, each * times - due.numerator * given)
                    purses[rest] = purses.get(rest, 0) | backers
                    who ^= backers
            if who:
                purses[each * times] = purses.get(each * times, 0) | who
        self.purses = dict(sorted(purses.items()))


def begin(paper: Paper, voters: Electorate, each: Fraction) -> Run:
    """A run in which every ordinary ballot has `each` cents."""
    # The lowest price that a plan can have: everybody pays in full.
    queue = [(_priced(bool(p.price), p.weight), number) for number, p in voters.plans.items()]
    heapify(queue)
    purse = Purse(paper.budget, dict(paper.theme_caps))
    return Run(voters, {each.numerator: voters.everyone}, each.denominator, queue, purse)


def _priced(numerator: int, denominator: int) -> Price:
    price = Fraction(numerator, denominator)
    return float(price), price
