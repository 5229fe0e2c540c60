"""The method of equal shares, by hand and beside pabutools."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import assume, settings
from hypothesis import given as over
from hypothesis import strategies as st

from civic import equal_shares
from civic.rounds import BallotKind
from civic.tally import Pile, count
from tests.civic.elections import (
    add1,
    by_order,
    elections,
    funded,
    numbers,
    paper,
    pile,
    points,
    reasons,
    reference,
    runs,
    worth,
)

SHARES = "equal-shares"


def test_a_minority_buys_with_its_own_share():
    """Six want 1 and 2, five of them 3 too; four want 4. Each has 10."""
    costs = {1: 30, 2: 30, 3: 30, 4: 40}
    ballots = pile(*["123"] * 5, "12", *["4"] * 4)
    shares = count(paper(costs, 100, SHARES), [ballots])
    assert (funded(shares), shares.left) == ([1, 2, 4], 0)
    assert reasons(shares) == {3: "support"}
    assert funded(count(paper(costs, 100), [ballots])) == [1, 2, 3]


def test_who_has_less_pays_less_and_the_others_the_rest():
    """Each has 5. Two pay 4 for plan 1; then one of them has 1 for plan 2, and another one 5."""
    ballots, first = pile("12", "1", "2"), [(1, 2)]
    assert runs(paper({1: 8, 2: 6}, 15, SHARES), ballots, 15, first) == {frozenset({1, 2})}
    assert runs(paper({1: 8, 2: "6.01"}, 15, SHARES), ballots, 15, first) == {frozenset({1})}


def test_everybody_gets_a_euro_more_while_it_fits():
    """With 10 each nobody can buy; with 13 each the three of plan 1 can (39), and 2 needs 15."""
    costs = {1: 39, 2: 15}
    ballots = pile("1", "1", "1", "2")
    tally = count(paper(costs, 40, SHARES), [ballots])
    assert (funded(tally), tally.left) == ([1], 1)
    assert reasons(tally) == {2: "support"}


def test_the_last_run_that_fits_counts_even_if_more_would_fit():
    """As in Assen: with 21 each plan 2 comes in, with 30 each plan 3, which is too much."""
    costs = {1: 60, 2: 41, 3: 30, 4: 10}
    ballots = pile("1", "1", "1", "2", "2", "3", "4")
    tally = count(paper(costs, 120, SHARES), [ballots])
    assert funded(tally) == [1, 2, 4]
    assert tally.left == 9


def test_ballots_of_paper_can_weigh_more_here_too():
    costs = {1: 60, 2: 60}
    internet, of_paper = pile("1", "1", "1"), pile("2", channel="paper")
    even = paper(costs, 119, SHARES)
    assert funded(count(even, [internet, of_paper])) == [1]
    heavy = replace(even, paper_share=Decimal("0.75"))
    tally = count(heavy, [internet, of_paper])
    assert tally.votes == {1: 1, 2: 3}
    assert funded(tally) == [2]


def test_points_are_worth_more_to_their_voter():
    """Each has 30. Who gave plan 1 three points pays 30 for it, who gave one pays 10; then the
    second alone has 20 left for plan 2."""
    ballots, first = points({1: 3, 2: 1}, {1: 1, 2: 3}, {3: 1}), [(1, 2)]
    for cost, chosen in ((20, {1, 2, 3}), (21, {1, 3})):
        of = paper({1: 40, 2: cost, 3: 30}, 90, SHARES, kind=BallotKind.POINTS)
        assert runs(of, ballots, 90, first) == {frozenset(chosen)}


def test_a_plan_over_the_cap_of_its_theme_is_out():
    ballots = pile(*["12"] * 3, "3")
    of = paper({1: 30, 2: 30, 3: 20}, 80, SHARES, themes="xxy", caps={"x": 50})
    tally = count(of, [ballots], [(2, 1)])
    assert funded(tally) == [2, 3]
    assert reasons(tally) == {1: "theme_cap"}
    assert count(of, [ballots]).ties == ((1, 2),)


def test_equals_that_their_voters_can_pay_together_are_no_tie():
    tally = count(paper({1: 10, 2: 20, 3: 300}, 100, SHARES), [pile("12", "12", "3")])
    assert (funded(tally)[:2], tally.ties) == ([1, 2], ())


def test_a_tie_that_matters_waits_and_is_settled():
    """One voter wants both and can pay one; who else wants them can do the rest of neither."""
    of, ballots = paper({1: 30, 2: 30, 3: 15}, 45, SHARES), pile("12", "12", "3")
    tally = count(of, [ballots])
    assert tally.ties == ((1, 2),)
    assert funded(tally) == [3]  # certain, however the tie falls
    assert reasons(tally) == {1: "tie", 2: "tie"}
    assert set(funded(count(of, [ballots], [(1, 2)]))) == {1, 3}
    assert set(funded(count(of, [ballots], [(2, 1)]))) == {2, 3}


def test_more_ways_than_are_tried_are_a_tie(monkeypatch):
    monkeypatch.setattr(equal_shares, "MOST_WAYS", 1)
    of, ballots = paper({1: 30, 2: 30, 3: 15}, 45, SHARES), pile("12", "12", "3")
    tally = count(of, [ballots])
    assert (tally.ties, tally.funded) == (((1, 2),), ())
    assert reasons(tally) == {1: "tie", 2: "tie", 3: "tie"}
    assert set(funded(count(of, [ballots], [(1, 2)]))) == {1, 3}


def test_a_part_of_a_cent_is_refused():
    with pytest.raises(ValueError, match="part of a cent"):
        count(paper({1: "0.001"}, 10, SHARES), [pile("1")])


def theirs(of, ballots, budget, order):
    from pabutools.rules import method_of_equal_shares

    instance, profile = reference(of, ballots, Fraction(budget))
    return method_of_equal_shares(
        instance,
        profile,
        worth(of),
        tie_breaking=by_order(order),
        resoluteness=order is not None,
    )


@settings(deadline=None)
@over(elections(tally=SHARES, plans=5))
def test_one_run_is_that_of_pabutools_in_every_way_its_ties_can_go(election):
    """Not with points: there pabutools stumbles over the copies that it makes of its projects."""
    of, ballots = election
    found = {numbers(each) for each in theirs(of, ballots, of.budget, None)}
    assert runs(of, ballots, of.budget) == found


@settings(max_examples=50, deadline=None)
@over(elections(tally=SHARES, plans=4, pointed=True))
def test_one_run_with_points_has_every_end_that_an_order_has_in_pabutools(election):
    of, ballots = election
    orders = permutations(item.number for item in of.items)
    found = {numbers(theirs(of, ballots, of.budget, order)) for order in orders}
    assert runs(of, ballots, of.budget) >= found


@pytest.mark.parametrize("pointed", [False, True])
@settings(deadline=None)
@over(st.data(), st.randoms(use_true_random=False))
def test_a_settled_count_is_that_of_pabutools(pointed, data, random):
    of, ballots = data.draw(elections(tally=SHARES, pointed=pointed))
    order = random.sample(range(1, len(of.items) + 1), len(of.items))
    tally = count(of, [ballots], [order])
    assert tally.ties == ()
    assert set(funded(tally)) == add1(
        of, ballots, lambda budget: numbers(theirs(of, ballots, budget, order))
    )


@settings(max_examples=60, deadline=None)
@over(elections(tally=SHARES, plans=4, voters=6))
def test_a_tie_is_told_when_an_order_changes_who_is_funded(election):
    of, ballots = election
    ends = {
        frozenset(funded(count(of, [ballots], [order])))
        for order in permutations(item.number for item in of.items)
    }
    tally = count(of, [ballots])
    if len(ends) > 1:
        assert tally.ties
    assert all(set(funded(tally)) <= end for end in ends)


@settings(deadline=None)
@over(elections(tally=SHARES))
def test_the_completion_of_pabutools_ends_earlier_when_no_other_plan_fits(election):
    """Theirs adds a euro to the exact share and stops as soon as nothing else fits the budget;
    Pabulib's, which is ours, adds whole euros until the budget is passed."""
    from pabutools.rules import method_of_equal_shares

    of, ballots = election
    assume(of.budget % len(ballots.ballots) == 0)
    order = [item.number for item in of.items]
    instance, profile = reference(of, ballots)
    found = method_of_equal_shares(
        instance, profile, worth(of), tie_breaking=by_order(order), voter_budget_increment=1
    )
    mine = set(funded(count(of, [ballots], [order])))
    if mine != numbers(found):
        assert instance.is_exhaustive(found)


@settings(deadline=None)
@over(elections(tally=SHARES), st.integers(1, 4))
def test_as_many_ballots_of_each_kind_are_the_same_election(election, times):
    of, ballots = election
    many = replace(of, budget=of.budget * times)
    items = tuple(replace(item, cost=item.cost * times) for item in of.items)
    grown = Pile("internet", ballots.ballots * times)
    order = [item.number for item in of.items]
    ours = count(replace(many, items=items), [grown], [order])
    assert funded(ours) == funded(count(of, [ballots], [order]))


@settings(deadline=None)
@over(elections(tally=SHARES), st.data())
def test_money_and_caps_are_kept(election, data):
    of, ballots = election
    cap = Decimal(data.draw(st.integers(0, 30)))
    of = replace(of, theme_caps={"x": cap}, paper_share=Decimal("0.3"))
    half = len(ballots.ballots) // 2
    piles = [Pile("internet", ballots.ballots[half:]), Pile("paper", ballots.ballots[:half])]
    tally = count(of, piles)
    assert tally == count(of, [Pile(pile.channel, pile.ballots[::-1]) for pile in piles[::-1]])
    assert tally.spent <= of.budget
    assert sum(p.amount for p in tally.funded if of.item(p.number).theme == "x") <= cap
    assert sorted([*funded(tally), *reasons(tally)]) == [item.number for item in of.items]
    assert bool(tally.ties) == ("tie" in reasons(tally).values())
