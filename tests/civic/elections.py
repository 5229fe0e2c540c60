"""Small elections for the tests of the count, and the same ones for pabutools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import strategies as st

from civic import equal_shares
from civic.ballots import Ballot, Item, Paper
from civic.rounds import BallotKind, TallyRule
from civic.shares import begin, electorate
from civic.tally import Pile, Tally

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "pabulib"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/pabulib here")

Order = Sequence[int]


def paper(
    costs: Mapping[int, object], budget: object, tally: str = "fill", themes: str = "", **more
) -> Paper:
    """A paper of plans by number and cost; themes: a letter for each plan, "." for none."""
    letters = [letter.replace(".", "") for letter in themes] or [""] * len(costs)
    items = (
        Item(number, f"Plan {number}", Decimal(str(cost)), theme)
        for (number, cost), theme in zip(costs.items(), letters, strict=True)
    )
    caps = {theme: Decimal(cap) for theme, cap in more.pop("caps", {}).items()}
    return Paper(
        "a", Decimal(str(budget)), tuple(items), tally=TallyRule(tally), theme_caps=caps, **more
    )


def pile(*ballots: Iterable[int], channel: str = "internet") -> Pile:
    """Ballots that name these plans: pile([1, 2], [2]) or pile("12", "2")."""
    return Pile(channel, [Ballot("a", tuple((int(n), 1) for n in each)) for each in ballots])


def points(*ballots: Mapping[int, int]) -> Pile:
    return Pile("internet", [Ballot("a", tuple(each.items())) for each in ballots])


def given(votes: Mapping[int, int]) -> Pile:
    """Ballots with one plan each, so that each plan has so many votes."""
    return pile(*([number] for number, times in votes.items() for _ in range(times)))


def funded(tally: Tally) -> list[int]:
    return [plan.number for plan in tally.funded]


def reasons(tally: Tally) -> dict[int, str]:
    return {plan.number: plan.reason.value for plan in tally.passed_over}


@st.composite
def elections(draw, *, tally: str = "fill", plans: int = 6, voters: int = 8, pointed=False, **more):
    """(paper, ballots): each plan has a vote, costs are near each other so that there are ties."""
    many = draw(st.integers(1, plans))
    costs = draw(st.lists(st.integers(1, 12), min_size=many, max_size=many))
    numbers = st.sets(st.integers(1, many), min_size=1)
    ballots = [sorted(each) for each in draw(st.lists(numbers, min_size=1, max_size=voters))]
    unwanted = [n for n in range(1, many + 1) if not any(n in each for each in ballots)]
    ballots += [unwanted] if unwanted else []
    budget = draw(st.integers(1, sum(costs) + 1))
    kind = BallotKind.POINTS if pointed else BallotKind.APPROVAL
    themes = draw(st.text("xy.", min_size=many, max_size=many))
    found = paper(dict(enumerate(costs, 1)), budget, tally, themes, kind=kind, **more)
    if not pointed:
        return found, pile(*ballots)
    spread = [{n: draw(st.integers(1, 3)) for n in each} for each in ballots]
    return found, points(*spread)


def reference(of: Paper, ballots: Pile, budget: Fraction | None = None):
    """(instance, profile) as pabutools has them."""
    from pabutools.election import (
        ApprovalBallot,
        ApprovalProfile,
        CardinalBallot,
        CardinalProfile,
        Instance,
        Project,
    )

    limit = Fraction(of.budget) if budget is None else budget
    plans = {i.number: Project(str(i.number), cost=_number(i.cost)) for i in of.items}
    instance = Instance(plans.values(), budget_limit=_number(limit))
    if of.kind is BallotKind.POINTS:
        cardinal = [
            CardinalBallot({plans[n]: p for n, p in each.choices}) for each in ballots.ballots
        ]
        return instance, CardinalProfile(cardinal, instance=instance)
    approval = [ApprovalBallot(plans[n] for n, _ in each.choices) for each in ballots.ballots]
    return instance, ApprovalProfile(approval, instance=instance)


def _number(amount: Decimal | Fraction):
    from pabutools.fractions import frac

    exact = Fraction(amount)
    return frac(exact.numerator, exact.denominator)


def worth(of: Paper):
    """The satisfaction of the counts: cost, times points where there are points."""
    from pabutools.election import Cost_Sat
    from pabutools.election.satisfaction.additivesatisfaction import AdditiveSatisfaction

    if of.kind is not BallotKind.POINTS:
        return Cost_Sat

    class Points_Times_Cost(AdditiveSatisfaction):
        def __init__(self, instance, profile, ballot):
            super().__init__(
                instance,
                profile,
                ballot,
                lambda i, p, b, project, _: b.get(project, 0) * project.cost,
            )

    return Points_Times_Cost


def by_order(order: Order | None):
    """Ties broken in this order; None for every way in turn."""
    from pabutools.tiebreaking import TieBreakingRule

    places = {str(number): place for place, number in enumerate(order or ())}
    return TieBreakingRule(lambda _instance, _profile, project: places.get(project.name, 0))


def numbers(allocation: Iterable) -> frozenset[int]:
    return frozenset(int(project.name) for project in allocation)


def add1(of: Paper, ballots: Pile, run: Callable[[Fraction], frozenset[int]]) -> frozenset[int]:
    """The completion as Pabulib has it, over `run`: what is chosen with a budget."""
    costs = {item.number: item.cost for item in of.items}
    voters, limit = len(ballots.ballots), Fraction(of.budget)
    last, each = run(limit), floor(limit / voters)
    if sum(costs.values()) <= of.budget:
        return frozenset(costs)  # it never leaves the budget
    while True:
        each += 1
        now = run(Fraction(each * voters))
        if sum(costs[number] for number in now) > of.budget:
            return last
        last = now


def runs(
    of: Paper, ballots: Pile, budget: object, settled: Sequence[Order] = ()
) -> set[frozenset[int]]:
    """What one run of ours chooses with this budget, in each way that its ties can go."""
    alike: dict[tuple[tuple[int, int], ...], int] = {}
    for ballot in ballots.ballots:
        choices = tuple(sorted(dict(ballot.choices).items()))
        alike[choices] = alike.get(choices, 0) + 1
    voters = electorate(of, [(Fraction(1), alike)])
    each = Fraction(budget) / voters.total * 100
    found = equal_shares.ends(begin(of, voters, each), [tuple(order) for order in settled])
    return {frozenset(run.chosen) for run in found.runs}


def complaints(text: str) -> list[str]:
    """What Pabulib's own checker finds wrong with a file, errors and warnings. It prints."""
    from pabulib.checker import Checker

    found = Checker().process_files([text])[1]["results"]
    return [*found.get("errors", ()), *found.get("warnings", ())]
