"""The count by the method of equal shares, completed by *add1*.

The budget is shared out equally over the ballots and plans are bought (`civic.shares`). As money
is usually left, everybody gets one more (imaginary) euro and the buying is done again from the
start, as long as the plans together stay within the real budget; the last outcome that does is
the result. This is what Pabulib calls `equalshares/add1`: the first run has the exact share, the
later ones whole euros, and the outcome need not be such that no other plan fits.

A plan over what is left of its theme's cap is out. Two plans at the same price are a tie. It
matters when a voter cannot pay for both, or their cap cannot, and who is chosen in the end
depends on which goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from math import floor

from civic.ballots import Paper
from civic.funding import Funded, Order, Outcome, PassedOver, Reason, settled_order
from civic.shares import Alike, Backed, Electorate, Run, begin, electorate

MOST_WAYS = 1000
"""Places to which the ties of one run can lead. With more, the tie is taken to matter."""


class TooManyWays(Exception):
    """The ties of a run lead to more than MOST_WAYS places; `tie` is the first of them."""

    def __init__(self, tie: Order) -> None:
        super().__init__()
        self.tie = tie


@dataclass(frozen=True, slots=True)
class Ends:
    """How a count can end: one run for each set of chosen plans, and the tie that decides."""

    runs: tuple[Run, ...]
    tie: Order = ()


def equal_shares(
    paper: Paper, piles: Sequence[tuple[Fraction, Alike]], settled: Sequence[Order]
) -> Outcome:
    """The outcome by equal shares. piles: the weight of one ballot, and the ballots.

    Raises ValueError for a plan with a part of a cent in its cost.
    """
    voters = electorate(paper, piles)
    if not voters.plans:
        return _outcome(paper, Ends((begin(paper, voters, Fraction(0)),)))
    try:
        return _outcome(paper, _add1(paper, voters, settled))
    except TooManyWays as found:
        return _nothing_certain(paper, voters, found.tie)


def _add1(paper: Paper, voters: Electorate, settled: Sequence[Order]) -> Ends:
    """The ends of the last run that stays within the budget.

    When only some ways of a tie stay within it, the others end with the run before.
    """
    last, ended, ties = Ends(()), list[Run](), list[Order]()
    for each in _amounts(paper, voters):
        now = ends(begin(paper, voters, each), settled)
        within = tuple(run for run in now.runs if run.cost <= paper.budget)
        if len(within) < len(now.runs):
            ended += last.runs
            ties += [last.tie, now.tie]
        if not within:
            break
        last = Ends(within, now.tie)
        if not any(run.short for run in within):
            ended += within
            ties += [now.tie]
            break
    runs = _distinct(ended)
    return Ends(runs, next(filter(None, ties)) if len(runs) > 1 else ())


def _amounts(paper: Paper, voters: Electorate) -> Iterator[Fraction]:
    """Cents for each ballot: an equal share, then ever another whole euro."""
    share = Fraction(paper.budget) / voters.total
    yield share * 100
    euros = floor(share)
    while True:
        euros += 1
        yield Fraction(euros * 100)


def _distinct(runs: Iterable[Run]) -> tuple[Run, ...]:
    """One run for each set of chosen plans: the first."""
    found: dict[frozenset[int], Run] = {}
    for run in runs:
        found.setdefault(frozenset(run.chosen), run)
    return tuple(found.values())


def ends(run: Run, settled: Sequence[Order]) -> Ends:
    """How this run, which is used up, can end. Raises TooManyWays."""
    return _Search(settled).ends(run)


@dataclass(slots=True)
class _Search:
    """Follows a run to its end, in every way that its ties can go."""

    settled: Sequence[Order]
    seen: dict[bytes, Ends] = field(default_factory=dict)
    first_tie: Order = ()

    def ends(self, run: Run) -> Ends:
        while True:
            price, plans = run.cheapest()
            if not plans:
                return Ends((run,))
            first = self._first(run, price, plans)
            if len(first) > 1:
                return self._branches(run, price, first)
            run.buy(first[0], price)

    def _first(self, run: Run, price: Fraction, plans: list[int]) -> Order:
        """The plan to buy next; several when it is for people to say which."""
        if len(plans) == 1:
            return (plans[0],)
        groups = _rivals(run, price, plans)
        for group in groups:
            if len(group) == 1:
                return group
        order = settled_order(groups[0], self.settled)
        return order[:1] if order else groups[0]

    def _branches(self, run: Run, price: Fraction, tied: Order) -> Ends:
        self.first_tie = self.first_tie or tied
        found = [self._branch(run.copy(), price, number) for number in tied]
        runs = _distinct(end for ends in found for end in ends.runs)
        return Ends(runs, _deciding(tied, found) if len(runs) > 1 else ())

    def _branch(self, run: Run, price: Fraction, number: int) -> Ends:
        run.buy(number, price)
        place = _place(run)
        if place not in self.seen:
            if len(self.seen) >= MOST_WAYS:
                raise TooManyWays(self.first_tie)
            self.seen[place] = self.ends(run)
        return self.seen[place]


def _place(run: Run) -> bytes:
    """A hash of all that the rest of a run depends on: what was bought and who has how much."""
    digest = blake2b(repr((sorted(run.chosen), run.short, run.scale)).encode(), digest_size=20)
    for each, who in run.purses.items():
        digest.update(f"{each:x} {who:x},".encode())
    return digest.digest()


def _deciding(tied: Order, found: Sequence[Ends]) -> Order:
    """This tie; a later one when that alone makes the difference, however this one goes."""
    ways = [{frozenset(run.chosen) for run in ends.runs} for ends in found]
    return found[0].tie if all(way == ways[0] for way in ways) else tied


def _rivals(run: Run, price: Fraction, plans: Sequence[int]) -> list[Order]:
    """These plans of one price in groups; which group goes first changes nothing.

    Two plans are in one group when a voter who chose both cannot pay for both in full, or when
    the cap of their theme cannot hold all of these plans.
    """
    tied = [run.voters.plans[number] for number in plans]
    groups = [{number} for number in plans]
    for rivals in (*_short(run, price, tied), *_over_cap(run, tied)):
        met = [group for group in groups if group & rivals]
        groups = [group for group in groups if not group & rivals] + [set().union(*met)]
    return sorted(tuple(sorted(group)) for group in groups)


def _short(run: Run, price: Fraction, tied: Sequence[Backed]) -> Iterator[set[int]]:
    """Plans that a voter chose and cannot pay for together."""
    total = price * run.scale * sum(plan.levels[-1][0] * plan.price for plan in tied)
    for each, who in run.purses.items():
        if each >= total:
            return
        for due, chosen in _wishes(who, price * run.scale, tied):
            if len(chosen) > 1 and due > each:
                yield chosen


def _wishes(
    who: int, price: Fraction, tied: Sequence[Backed]
) -> Iterable[tuple[Fraction, set[int]]]:
    """What these voters would pay in all, and for which plans, once for each different wish."""
    wishes: list[tuple[int, Fraction, set[int]]] = [(who, Fraction(0), set())]
    for plan in tied:
        found = []
        for voters, due, chosen in wishes:
            for points, of in plan.levels:
                if backers := voters & of:
                    more = chosen | {plan.item.number}
                    found.append((backers, due + price * plan.price * points, more))
                    voters ^= backers
            if voters:
                found.append((voters, due, chosen))
        wishes = found
    return [(due, chosen) for _, due, chosen in wishes]


def _over_cap(run: Run, tied: Sequence[Backed]) -> Iterator[set[int]]:
    """Plans of one theme that its cap cannot hold together."""
    for theme, left in run.purse.caps.items():
        items = [plan.item for plan in tied if plan.item.theme == theme]
        if sum((item.cost for item in items), Decimal(0)) > left:
            yield {item.number for item in items}


def _outcome(paper: Paper, ends: Ends) -> Outcome:
    """What is certain, and what waits for the tie."""
    run = ends.runs[0]
    plans = run.voters.plans
    certain = [n for n in run.chosen if all(n in end.chosen for end in ends.runs)]
    possible = {n for end in ends.runs for n in end.chosen}
    passed = [out for out in run.passed_over if out.number not in possible]
    known = {*certain, *(out.number for out in passed)}
    waits = [PassedOver(n, Reason.TIE) for n in sorted(plans) if n not in known]
    unwanted = [item.number for item in paper.items if item.number not in plans]
    return Outcome(
        tuple(Funded(n, plans[n].item.cost) for n in certain),
        (*passed, *waits, *(PassedOver(n, Reason.NO_VOTES) for n in unwanted)),
        ends.tie,
    )


def _nothing_certain(paper: Paper, voters: Electorate, tie: Order) -> Outcome:
    reasons = {True: Reason.TIE, False: Reason.NO_VOTES}
    passed = (PassedOver(item.number, reasons[item.number in voters.plans]) for item in paper.items)
    return Outcome((), tuple(passed), tie)
