"""The count of one area: from ballots to the plans that get money.

`count` is a function of its arguments alone: the same ballots in another order give the same
tally. A tie that changes who is funded is never broken here: the count says so, and is done
again with the order that people settled on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from civic.ballots import Ballot, Paper
from civic.equal_shares import equal_shares
from civic.funding import Funded, Order, Outcome, PassedOver, Reason
from civic.greedy import greedy
from civic.rounds import BallotKind, TallyRule
from civic.shares import Alike

__all__ = ["PAPER", "Funded", "PassedOver", "Pile", "Reason", "Tally", "count"]

PAPER = "paper"
"""The channel whose ballots together have the weight `Paper.paper_share`."""


@dataclass(frozen=True, slots=True)
class Pile:
    """Ballots that came in one way; `channel` is "internet" or "paper"."""

    channel: str
    ballots: Sequence[Ballot]


@dataclass(frozen=True, slots=True)
class Tally:
    """What came out of the count of one area.

    votes: of every plan on the paper, with the weights of the ballots. funded: in the order of
    choosing; passed_over: all other plans, in the order of their turns, with the reason.
    ties: the plans of which the order has to be settled (at most one tie: who follows depends on
    it); until then `funded` holds what is certain and the undecided are passed over as `tie`.
    spent, left: euros. ballots: how many were counted. doubled: in how many places a ballot
    named a plan again, which counts once.
    """

    votes: Mapping[int, Fraction]
    funded: tuple[Funded, ...]
    passed_over: tuple[PassedOver, ...]
    ties: tuple[Order, ...]
    spent: Decimal
    left: Decimal
    ballots: int = 0
    doubled: int = 0


def count(paper: Paper, piles: Sequence[Pile], settled: Sequence[Order] = ()) -> Tally:
    """Count these ballots by the rules of this paper.

    settled: ties that people decided, each an order of plans with the one that goes first in
    front. An order is used where its plans are tied and it matters, and nowhere else.
    Ballots must have been checked against the paper. Raises ValueError for a ballot or an order
    that cannot be of this paper; the message holds no choice.
    """
    _check_settled(paper, settled)
    alike, doubled = _alike_by_pile(paper, piles)
    weighted = list(zip(_weights(paper, piles), alike, strict=True))
    votes = _votes(paper, weighted)
    if paper.tally is TallyRule.EQUAL_SHARES:
        outcome = equal_shares(paper, weighted, settled)
    else:
        outcome = greedy(paper, votes, settled)
    cast = sum(len(pile.ballots) for pile in piles)
    return _tally(paper, votes, outcome, cast, doubled)


def _tally(
    paper: Paper, votes: Mapping[int, Fraction], outcome: Outcome, ballots: int, doubled: int
) -> Tally:
    spent = sum((funded.amount for funded in outcome.funded), Decimal(0))
    return Tally(
        votes=votes,
        funded=outcome.funded,
        passed_over=outcome.passed_over,
        ties=(outcome.tie,) if outcome.tie else (),
        spent=spent,
        left=paper.budget - spent,
        ballots=ballots,
        doubled=doubled,
    )


def _check_settled(paper: Paper, settled: Sequence[Order]) -> None:
    numbers = {item.number for item in paper.items}
    for order in settled:
        if len(set(order)) < len(order):
            raise ValueError(f"a settled tie of area {paper.area} names a plan twice")
        if not numbers >= set(order):
            raise ValueError(f"a settled tie of area {paper.area} names a plan of another paper")


def _alike_by_pile(paper: Paper, piles: Sequence[Pile]) -> tuple[list[Alike], int]:
    """For each pile how many ballots have the same choices; plans named again, in all."""
    found = [_alike(paper, pile.ballots) for pile in piles]
    return [alike for alike, _ in found], sum(doubled for _, doubled in found)


def _votes(paper: Paper, piles: Iterable[tuple[Fraction, Alike]]) -> dict[int, Fraction]:
    votes = {item.number: Fraction(0) for item in paper.items}
    for weight, alike in piles:
        for number, points in _points(alike).items():
            votes[number] += weight * points
    return votes


def _weights(paper: Paper, piles: Sequence[Pile]) -> list[Fraction]:
    """What one ballot of each pile counts for; together the ballots keep their number.

    With a paper share, all paper ballots together have that share of the ballots' number and all
    others the rest. When one of the two kinds has no ballot there is nothing to weigh.
    """
    cast = dict.fromkeys((True, False), 0)
    for pile in piles:
        cast[pile.channel == PAPER] += len(pile.ballots)
    if paper.paper_share is None or not all(cast.values()):
        return [Fraction(1) for _ in piles]
    share = Fraction(paper.paper_share)
    shares = {True: share, False: 1 - share}
    weight = {of: shares[of] * sum(cast.values()) / cast[of] for of in cast}
    return [weight[pile.channel == PAPER] for pile in piles]


def _alike(paper: Paper, ballots: Iterable[Ballot]) -> tuple[Alike, int]:
    """How many ballots have the same choices, and how often a plan was named again."""
    known = {item.number for item in paper.items}
    pointed = paper.kind is BallotKind.POINTS
    alike: dict[tuple[tuple[int, int], ...], int] = {}
    doubled = 0
    for ballot in ballots:
        if ballot.area != paper.area:
            raise ValueError(f"a ballot of another area is among those of {paper.area}")
        once = dict(reversed(ballot.choices))  # of a plan named again, the first counts
        doubled += len(ballot.choices) - len(once)
        if not known.issuperset(once) or min(once.values(), default=1) < 0:
            raise ValueError(f"a ballot of area {paper.area} does not fit its paper")
        choices = tuple(sorted(once.items() if pointed else dict.fromkeys(once, 1).items()))
        alike[choices] = alike.get(choices, 0) + 1
    return alike, doubled


def _points(alike: Alike) -> dict[int, int]:
    points: dict[int, int] = {}
    for choices, times in alike.items():
        for number, given in choices:
            points[number] = points.get(number, 0) + given * times
    return points
