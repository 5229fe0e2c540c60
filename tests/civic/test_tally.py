"""The count by most votes: each rule on an election that fits on a napkin."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import assume, settings
from hypothesis import given as over
from hypothesis import strategies as st

from civic.ballots import Ballot
from civic.rounds import BallotKind
from civic.tally import Funded, Pile, count
from tests.civic.elections import (
    by_order,
    elections,
    funded,
    given,
    numbers,
    paper,
    pile,
    points,
    reasons,
    reference,
)

# Plan: cost. Votes: 1 has most, 4 fewest; 5 none.
COSTS = {1: 40, 2: 50, 3: 30, 4: 10, 5: 5}
VOTES = given({1: 9, 2: 7, 3: 6, 4: 2})


def test_fill_passes_over_what_does_not_fit():
    tally = count(paper(COSTS, 60), [VOTES])
    assert tally.votes == {1: 9, 2: 7, 3: 6, 4: 2, 5: 0}
    assert tally.funded == (Funded(1, Decimal(40)), Funded(4, Decimal(10)))
    assert reasons(tally) == {2: "budget", 3: "budget", 5: "no_votes"}
    assert (tally.spent, tally.left, tally.ties) == (50, 10, ())
    assert (tally.ballots, tally.doubled) == (24, 0)


def test_stop_ends_at_the_first_that_does_not_fit():
    tally = count(paper(COSTS, 60, "stop"), [VOTES])
    assert funded(tally) == [1]
    assert reasons(tally) == {2: "budget", 3: "after_stop", 4: "after_stop", 5: "no_votes"}
    assert (tally.spent, tally.left) == (40, 20)


def test_stop_part_fund_gives_it_what_is_left():
    tally = count(paper(COSTS, 60, "stop-part-fund"), [VOTES])
    assert tally.funded == (Funded(1, Decimal(40)), Funded(2, Decimal(20)))
    assert reasons(tally) == {3: "after_stop", 4: "after_stop", 5: "no_votes"}
    assert (tally.spent, tally.left) == (60, 0)


def test_there_is_no_part_of_nothing():
    tally = count(paper(COSTS, 40, "stop-part-fund"), [VOTES])
    assert tally.funded == (Funded(1, Decimal(40)),)
    assert reasons(tally)[2] == "budget"


@pytest.mark.parametrize("rule", ["fill", "stop", "stop-part-fund", "equal-shares"])
def test_what_all_fits_is_all_funded_but_not_without_a_vote(rule):
    tally = count(paper(COSTS, 1000, rule), [VOTES])
    assert funded(tally) == [1, 2, 3, 4]
    assert reasons(tally) == {5: "no_votes"}


@pytest.mark.parametrize("rule", ["fill", "stop", "stop-part-fund", "equal-shares"])
def test_without_a_ballot_nothing_is_funded(rule):
    tally = count(paper(COSTS, 60, rule), [])
    assert (tally.funded, tally.ties, tally.left) == ((), (), 60)
    assert set(reasons(tally).values()) == {"no_votes"}
    assert count(paper({}, 60, rule), [pile()]).passed_over == ()


def test_a_plan_that_costs_nothing_is_funded_while_the_count_goes_on():
    costs = {1: 60, 2: 10, 3: 0}
    votes = given({1: 3, 2: 2, 3: 1})
    assert funded(count(paper(costs, 60), [votes])) == [1, 3]
    assert funded(count(paper(costs, 60, "stop"), [votes])) == [1]
    assert 3 in funded(count(paper(costs, 60, "equal-shares"), [votes]))


def test_cents_are_exact():
    tally = count(paper({1: "0.10", 2: "0.20", 3: "0.01"}, "0.30"), [given({1: 3, 2: 2, 3: 1})])
    assert funded(tally) == [1, 2]
    assert tally.left == 0


# Caps: plans 1, 2, 4 are of theme x; 3 of theme y; 5 of none.
CAPPED = {"themes": "xxyx.", "caps": {"x": 60}}


def test_a_plan_over_the_cap_of_its_theme_is_passed_over():
    tally = count(paper(COSTS, 200, **CAPPED), [VOTES])
    assert funded(tally) == [1, 3, 4]
    assert reasons(tally)[2] == "theme_cap"
    assert tally.left == 120


def test_the_cap_is_exactly_what_a_theme_may_have():
    assert funded(count(paper(COSTS, 200, themes="xxyx.", caps={"x": 90}), [VOTES])) == [1, 2, 3]
    assert 1 not in funded(count(paper(COSTS, 200, themes="xxyx.", caps={"x": 39}), [VOTES]))


def test_what_is_left_over_may_go_beyond_the_cap():
    tally = count(paper(COSTS, 200, caps_bind_leftover=False, **CAPPED), [VOTES])
    assert funded(tally) == [1, 3, 4, 2]  # 2 after all others had their turn
    tight = count(paper(COSTS, 100, caps_bind_leftover=False, **CAPPED), [VOTES])
    assert funded(tight) == [1, 3, 4]
    assert reasons(tight)[2] == "budget"


def test_a_full_theme_does_not_stop_the_others():
    for rule in ("stop", "stop-part-fund"):
        tally = count(paper(COSTS, 200, rule, **CAPPED), [VOTES])
        assert funded(tally) == [1, 3, 4]
        assert reasons(tally)[2] == "theme_cap"


def test_a_count_that_stopped_pays_nothing_from_what_is_left_over():
    stopped = paper(COSTS, 65, "stop", caps_bind_leftover=False, **CAPPED)
    tally = count(stopped, [VOTES])
    assert funded(tally) == [1]
    assert reasons(tally) == {2: "after_stop", 3: "budget", 4: "after_stop", 5: "no_votes"}


def test_points_are_added_up():
    ballots = points({1: 1, 2: 5}, {1: 1}, {3: 3, 1: 0})
    tally = count(paper({1: 10, 2: 10, 3: 10}, 20, kind=BallotKind.POINTS), [ballots])
    assert tally.votes == {1: 2, 2: 5, 3: 3}
    assert funded(tally) == [2, 3]


def test_without_points_every_choice_is_one_vote():
    tally = count(paper({1: 10, 2: 10}, 10), [points({1: 7}, {2: 1}, {2: 1})])
    assert tally.votes == {1: 1, 2: 2}


# Six on the internet for plan 1, two on paper for plan 2.
INTERNET, PAPER = pile(*["1"] * 6), pile("2", "2", channel="paper")


@pytest.mark.parametrize(
    ("share", "votes"),
    [
        (None, {1: 6, 2: 2}),
        ("0.5", {1: 4, 2: 4}),
        ("0.75", {1: 2, 2: 6}),
        ("0.1", {1: Fraction(36, 5), 2: Fraction(4, 5)}),
    ],
)
def test_paper_ballots_have_their_share(share, votes):
    shared = paper({1: 10, 2: 10}, 20, paper_share=share and Decimal(share))
    assert count(shared, [INTERNET, PAPER]).votes == votes
    assert count(shared, [PAPER, INTERNET]).votes == votes


def test_a_share_is_of_all_paper_and_weights_are_exact():
    shared = paper({1: 10, 2: 10}, 20, paper_share=Decimal("0.3"))
    two = pile("2", channel="paper")
    tally = count(shared, [INTERNET, two, two, pile("1", "2", "2")])
    assert sum(tally.votes.values()) == tally.ballots == 11
    assert tally.votes == {1: 7 * Fraction(77, 90), 2: 2 * Fraction(77, 90) + Fraction(33, 10)}


def test_where_only_one_kind_of_ballot_came_in_there_is_nothing_to_weigh():
    shared = paper({1: 10, 2: 10}, 20, paper_share=Decimal("0.5"))
    assert count(shared, [INTERNET]).votes == {1: 6, 2: 0}
    assert count(shared, [PAPER, pile()]).votes == {1: 0, 2: 2}


def test_a_plan_named_twice_counts_once_and_is_told():
    tally = count(paper(COSTS, 60), [pile("11213", "4", "44")])
    assert tally.votes == {1: 1, 2: 1, 3: 1, 4: 2, 5: 0}
    assert (tally.doubled, tally.ballots) == (3, 3)


def test_of_points_given_twice_the_first_count():
    ballot = Ballot("a", ((1, 2), (2, 1), (1, 5)))
    tally = count(paper({1: 1, 2: 1}, 1, kind=BallotKind.POINTS), [Pile("internet", [ballot])])
    assert tally.votes == {1: 2, 2: 1}


# Ties. Plans 1 and 2 have three votes each, 3 has two, 4 one.
EVEN = given({1: 3, 2: 3, 3: 2, 4: 1})


@pytest.mark.parametrize("rule", ["fill", "stop", "stop-part-fund"])
def test_a_tie_where_both_fit_does_not_matter(rule):
    tally = count(paper({1: 30, 2: 30, 3: 30, 4: 30}, 60, rule), [EVEN])
    assert (funded(tally), tally.ties) == ([1, 2], ())


def test_a_tie_at_the_edge_waits_for_people():
    edge = paper({1: 30, 2: 31, 3: 9, 4: 1}, 60)
    tally = count(edge, [EVEN])
    assert (funded(tally), tally.ties) == ([], ((1, 2),))
    assert set(reasons(tally).values()) == {"tie"}
    first = count(edge, [EVEN], [(1, 2)])
    assert (funded(first), first.ties) == ([1, 3, 4], ())
    second = count(edge, [EVEN], [(2, 1)])
    assert (funded(second), second.ties) == ([2, 3, 4], ())


def test_what_comes_before_the_tie_is_certain():
    votes = given({1: 5, 2: 3, 3: 3})
    tally = count(paper({1: 30, 2: 30, 3: 30}, 60), [votes])
    assert (funded(tally), tally.ties, tally.spent) == ([1], ((2, 3),), 30)


def test_a_tie_of_what_fits_in_no_order_does_not_matter():
    votes = given({1: 5, 2: 3, 3: 3, 4: 1})
    tally = count(paper({1: 30, 2: 40, 3: 50, 4: 20}, 60), [votes])
    assert (funded(tally), tally.ties) == ([1, 4], ())


def test_only_those_that_can_be_paid_are_in_the_tie():
    votes = given({1: 5, 2: 3, 3: 3, 4: 3})
    tally = count(paper({1: 30, 2: 20, 3: 40, 4: 20}, 60), [votes])
    assert tally.ties == ((2, 4),)
    assert reasons(tally) == {3: "budget", 2: "tie", 4: "tie"}
    assert funded(count(paper({1: 30, 2: 20, 3: 40, 4: 20}, 60), [votes], [(4, 3, 2)])) == [1, 4]


@pytest.mark.parametrize(("order", "chosen"), [((1, 2), [1]), ((2, 1), [])])
def test_with_stop_a_plan_that_does_not_fit_can_end_it_for_its_equal(order, chosen):
    edge = paper({1: 30, 2: 90, 3: 1}, 60, "stop")
    votes = given({1: 3, 2: 3, 3: 2})
    assert count(edge, [votes]).ties == ((1, 2),)
    assert funded(count(edge, [votes], [order])) == chosen


def test_with_stop_equals_that_both_do_not_fit_end_it_either_way():
    votes = given({1: 3, 2: 3, 3: 2})
    tally = count(paper({1: 70, 2: 90, 3: 1}, 60, "stop"), [votes])
    assert (funded(tally), tally.ties) == ([], ())
    assert sorted(reasons(tally).values()) == ["after_stop", "after_stop", "budget"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_who_gets_the_part_is_a_tie_too(order):
    edge = paper({1: 70, 2: 90, 3: 1}, 60, "stop-part-fund")
    votes = given({1: 3, 2: 3, 3: 2})
    assert count(edge, [votes]).ties == ((1, 2),)
    tally = count(edge, [votes], [order])
    assert tally.funded == (Funded(order[0], Decimal(60)),)


def test_a_tie_within_a_cap():
    votes = given({1: 3, 2: 3, 3: 3})
    capped = paper({1: 30, 2: 30, 3: 30}, 90, themes="xxy", caps={"x": 50})
    tally = count(capped, [votes])
    assert tally.ties == ((1, 2, 3),)
    assert funded(count(capped, [votes], [(3, 2, 1)])) == [3, 2]


def test_a_tie_within_a_cap_does_not_matter_when_what_is_left_over_pays_the_other():
    votes = given({1: 3, 2: 3, 3: 1})
    loose = {"themes": "xxy", "caps": {"x": 50}, "caps_bind_leftover": False}
    enough = count(paper({1: 30, 2: 30, 3: 30}, 90, **loose), [votes])
    assert (sorted(funded(enough)), enough.ties) == ([1, 2, 3], ())
    tight = count(paper({1: 30, 2: 30, 3: 30}, 80, **loose), [votes])
    assert tight.ties == ((1, 2),)


def test_an_order_settles_nothing_where_votes_decide():
    tally = count(paper({1: 30, 2: 30, 3: 30}, 60), [given({1: 3, 2: 2, 3: 1})], [(3, 2, 1)])
    assert funded(tally) == [1, 2]


def test_an_order_of_some_of_the_tied_does_not_settle_it():
    votes = given({1: 3, 2: 3, 3: 3})
    edge = paper({1: 30, 2: 30, 3: 30}, 60)
    assert count(edge, [votes], [(1, 2)]).ties == ((1, 2, 3),)
    assert funded(count(edge, [votes], [(1, 2), (2, 3, 1)])) == [2, 3]


@pytest.mark.parametrize("order", [(1, 1), (1, 99)])
def test_an_order_that_cannot_be_is_refused(order):
    with pytest.raises(ValueError, match="settled tie of area a"):
        count(paper(COSTS, 60), [VOTES], [order])


@pytest.mark.parametrize(
    "ballot", [Ballot("b", ((1, 1),)), Ballot("a", ((99, 1),)), Ballot("a", ((1, -3),))]
)
def test_a_ballot_that_cannot_be_is_refused_without_telling_what_is_on_it(ballot):
    with pytest.raises(ValueError, match="ballot") as caught:
        count(paper(COSTS, 60), [Pile("internet", [ballot])])
    assert not any(sign in str(caught.value) for sign in ("1", "99", "-3"))


RULES = st.sampled_from(["fill", "stop", "stop-part-fund"])


@settings(deadline=None)
@over(elections(), RULES, st.booleans(), st.data())
def test_money_is_kept_and_every_plan_has_its_end(election, rule, bind, data):
    of, ballots = election
    caps = {"x": Decimal(data.draw(st.integers(0, 30)))}
    of = replace(of, tally=rule, theme_caps=caps, caps_bind_leftover=bind)
    tally = count(of, [ballots])
    assert tally == count(of, [Pile("internet", ballots.ballots[::-1])])
    assert sorted([*funded(tally), *reasons(tally)]) == [item.number for item in of.items]
    assert tally.spent == sum(plan.amount for plan in tally.funded) <= of.budget
    assert tally.left == of.budget - tally.spent
    costs = {item.number: item.cost for item in of.items}
    part = [plan for plan in tally.funded if plan.amount != costs[plan.number]]
    assert len(part) <= (rule == "stop-part-fund")
    spent = sum(plan.amount for plan in tally.funded if of.item(plan.number).theme == "x")
    assert spent <= caps["x"] or not bind
    assert bool(tally.ties) == ("tie" in reasons(tally).values())


@settings(deadline=None)
@over(elections(plans=5), RULES, st.booleans(), st.data())
def test_a_tie_is_told_exactly_when_the_order_of_equals_changes_who_is_funded(
    election, rule, bind, data
):
    """Against every order of all plans, with each of which the count must end."""
    of, ballots = election
    caps = {"x": Decimal(data.draw(st.integers(0, 30)))}
    of = replace(of, tally=rule, theme_caps=caps, caps_bind_leftover=bind)
    orders = permutations(item.number for item in of.items)
    settled = [count(of, [ballots], [order]) for order in orders]
    assert not any(tally.ties for tally in settled)
    tally = count(of, [ballots])
    ends = {(frozenset(each.funded)) for each in settled}
    assert bool(tally.ties) == (len(ends) > 1)
    assert all(set(tally.funded) <= end for end in ends)


@settings(deadline=None)
@over(elections(), st.randoms(use_true_random=False))
def test_fill_is_what_pabutools_calls_greedy(election, random):
    from pabutools.election import Cost_Sat
    from pabutools.rules import greedy_utilitarian_welfare

    of, ballots = election
    order = random.sample(range(1, len(of.items) + 1), len(of.items))
    instance, profile = reference(of, ballots)
    theirs = greedy_utilitarian_welfare(instance, profile, Cost_Sat, tie_breaking=by_order(order))
    assert set(funded(count(of, [ballots], [order]))) == numbers(theirs)


@settings(deadline=None)
@over(elections(plans=5))
def test_the_ties_of_fill_are_those_of_pabutools(election):
    from pabutools.election import Cost_Sat
    from pabutools.rules import greedy_utilitarian_welfare

    of, ballots = election
    assume(len(of.items) > 1)
    instance, profile = reference(of, ballots)
    theirs = greedy_utilitarian_welfare(instance, profile, Cost_Sat, resoluteness=False)
    tally = count(of, [ballots])
    assert bool(tally.ties) == (len({numbers(each) for each in theirs}) > 1)
