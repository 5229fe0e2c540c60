"""Real votes from Amsterdam and Assen (Pabulib), counted, against what was published.

Where nothing was published the test says what can be known, and from where.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest

from civic.ballots import Paper, refuses
from civic.greedy import greedy
from civic.pabulib import Instance, read, write
from civic.pabulib_rules import ballots_of, numbers_of, paper_of, piles_of
from civic.rounds import BallotKind, TallyRule
from civic.tally import Funded, Pile, Tally, count
from tests.civic.elections import (
    REAL,
    add1,
    by_order,
    complaints,
    funded,
    needs_real,
    numbers,
    reference,
    runs,
    worth,
)

pytestmark = needs_real

AMSTERDAM = ("166", "179", "287", "288", "289", "309", "324", "515", "604", "643")
FILES = (*(f"Amsterdam_{number}" for number in AMSTERDAM), "Assen_2024")


@cache
def election(name: str) -> Instance:
    return read((REAL / f"Netherlands_{name}.pb").read_text("utf-8"))


def tally_of(name: str, **changed: object) -> Tally:
    instance = election(name)
    return count(replace(paper_of(instance), **changed), piles_of(instance))


def chosen(name: str, tally: Tally) -> list[str]:
    ids = {number: id_ for id_, number in numbers_of(election(name)).items()}
    return [ids[number] for number in funded(tally)]


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_written_as_it_was_read(name):
    text = (REAL / f"Netherlands_{name}.pb").read_text("utf-8")
    assert read(write(election(name))) == election(name)
    assert write(election(name)) == text


@pytest.mark.parametrize("name", FILES)
def test_every_plan_has_the_votes_that_were_published(name):
    instance, tally = election(name), tally_of(name)
    published = {numbers_of(instance)[plan.id]: plan.votes for plan in instance.projects}
    twice = {n: 1 for n in tally.votes if tally.votes[n] != published[n]}
    assert {n: tally.votes[n] + twice.get(n, 0) for n in tally.votes} == published
    assert len(twice) == tally.doubled == (4 if name == "Amsterdam_604" else 0)
    assert tally.ballots == len(instance.votes)


@pytest.mark.parametrize("name", FILES)
def test_every_ballot_keeps_the_rules_of_its_paper(name):
    """Except the one of 604 that names plans twice."""
    paper = paper_of(election(name))
    broken = [refuses(paper, b.choices, final=True) for b in ballots_of(election(name))]
    assert [each.reason for each in broken if each] == ["twice"] * (name == "Amsterdam_604")


@pytest.mark.parametrize("name", FILES)
def test_no_tie_of_these_elections_mattered(name):
    assert tally_of(name).ties == ()


def test_west_begroot():
    """309: published are 11 plans and EUR 290,790. The next plan by votes did not fit the rest,
    nor was a smaller one taken: to fill would fund two more."""
    tally = tally_of("Amsterdam_309")
    assert len(tally.funded) == 11
    assert (tally.spent, tally.left) == (290_790, 9_210)
    assert len(tally_of("Amsterdam_309", tally=TallyRule.FILL).funded) == 13


def test_zuid():
    """287 to 289: 9, 7 and 8 plans, 24 in all."""
    found = [len(tally_of(f"Amsterdam_{n}").funded) for n in (287, 288, 289)]
    assert found == [9, 7, 8]


def test_weesp_2020_pays_the_second_plan_in_part():
    """324: the plan with most votes, and 25,000 of the 30,000 for the one after it."""
    tally = tally_of("Amsterdam_324")
    assert chosen("Amsterdam_324", tally) == ["38282", "38278"]
    assert [plan.amount for plan in tally.funded] == [5_000, 25_000]
    assert tally.left == 0


@pytest.mark.parametrize("rule", ["fill", "stop", "stop-part-fund"])
def test_weesp_2021_is_the_same_by_every_greedy_rule(rule):
    """515: 4 of 8 plans, which use the budget up."""
    tally = tally_of("Amsterdam_515", tally=TallyRule(rule))
    assert chosen("Amsterdam_515", tally) == ["41293", "41290", "41291", "41294"]
    assert tally.left == 0


def test_sloterdijk_chooses_one():
    """643: one choice a ballot."""
    paper = paper_of(election("Amsterdam_643"))
    assert (paper.least, paper.most) == (1, 1)
    tally = tally_of("Amsterdam_643")
    assert tally.funded == (Funded(numbers_of(election("Amsterdam_643"))["44251"], Decimal(5000)),)
    assert [plan.reason for plan in tally.passed_over] == ["budget", "budget"]


def test_oost_counts_a_plan_named_twice_once():
    """604: the official counts have four plans with one vote more. It changes nothing: no two
    plans are so near each other, and the same plans are funded in the same order."""
    instance, tally = election("Amsterdam_604"), tally_of("Amsterdam_604")
    ids = {number: id_ for id_, number in numbers_of(instance).items()}
    official = {numbers_of(instance)[p.id]: Fraction(p.votes or 0) for p in instance.projects}
    more = {ids[n]: official[n] - votes for n, votes in tally.votes.items() if official[n] != votes}
    assert more == {"42346": 1, "42350": 1, "42355": 1, "42360": 1}
    assert greedy(paper_of(instance), official, ()).funded == tally.funded


def test_oost_pays_two_plans_more_from_what_is_left_over():
    """604 says that leftover budget is not bound by the caps: 22 plans, with it 20. Without any
    caps it would be 22 others."""
    tally = tally_of("Amsterdam_604")
    bound = tally_of("Amsterdam_604", caps_bind_leftover=True)
    assert (len(tally.funded), tally.spent) == (22, 270_713)
    assert (len(bound.funded), bound.spent) == (20, 255_673)
    assert tally.funded[:20] == bound.funded
    assert chosen("Amsterdam_604", tally)[20:] == ["42356", "42351"]
    without = tally_of("Amsterdam_604", theme_caps={})
    assert set(chosen("Amsterdam_604", without)) - set(chosen("Amsterdam_604", tally)) == {"42355"}


@pytest.mark.parametrize(
    ("name", "plans", "spent", "left"),
    [("Amsterdam_166", 29, 237_791, 12_209), ("Amsterdam_179", 13, 165_987, 84_013)],
)
def test_noord_by_theme(name, plans, spent, left):
    """166 and 179: caps, and internet and paper weigh half each. Which ballots came on paper was
    not published, nor how many, nor what was chosen. So what comes out here is of ballots that
    all weigh the same; that the votes by plan are those of the file shows that the file counts
    them so too. Unlike 604, the file does not say that leftovers may pass the caps."""
    instance, tally = election(name), tally_of(name)
    paper = paper_of(instance)
    assert (paper.paper_share, paper.caps_bind_leftover) == (Decimal("0.5"), True)
    assert (len(tally.funded), tally.spent, tally.left) == (plans, spent, left)
    used = dict.fromkeys(paper.theme_caps, Decimal(0))
    for plan in tally.funded:
        used[paper.item(plan.number).theme] += plan.amount
    assert all(used[theme] <= cap for theme, cap in paper.theme_caps.items())


@pytest.mark.parametrize("name", ["Amsterdam_166", "Amsterdam_179"])
def test_the_weight_of_paper_could_have_changed_noord(name):
    """Had the first tenth of the ballots come on paper, other plans would be funded; so what was
    really chosen cannot be found from the file."""
    instance = election(name)
    (whole,) = piles_of(instance)
    tenth = len(whole.ballots) // 10
    piles = [
        replace(whole, ballots=whole.ballots[tenth:]),
        replace(whole, channel="paper", ballots=whole.ballots[:tenth]),
    ]
    tally = count(paper_of(instance), piles)
    assert sum(tally.votes.values()) != sum(tally_of(name).votes.values())
    assert set(funded(tally)) != set(funded(tally_of(name)))


def test_assen_by_equal_shares():
    """The column `selected`. EUR 23,300 stays, and plan 7 of 12,000 would fit: add1 ends when
    the next euro for everybody buys too much, and the file has no completion after it."""
    instance, tally = election("Assen_2024"), tally_of("Assen_2024")
    assert paper_of(instance).tally is TallyRule.EQUAL_SHARES
    selected = {plan.id for plan in instance.projects if plan.selected}
    assert set(chosen("Assen_2024", tally)) == selected
    assert (tally.spent, tally.left) == (76_700, 23_300)


def test_the_kinds_of_ballots():
    kinds = {name: paper_of(election(name)).kind for name in FILES}
    within = {name for name, kind in kinds.items() if kind is BallotKind.WITHIN_BUDGET}
    assert within == {"Amsterdam_166", "Amsterdam_179", "Amsterdam_309"}


@pytest.mark.parametrize("name", ["287", "288", "289", "309", "515", "643", "Assen"])
def test_the_checker_of_pabulib_counts_the_same(name, capsys):
    """It verifies the column `selected`, which is filled in from our count."""
    name = "Assen_2024" if name == "Assen" else f"Amsterdam_{name}"
    instance, counted = election(name), set(chosen(name, tally_of(name)))
    projects = (replace(plan, selected=int(plan.id in counted)) for plan in instance.projects)
    stops = paper_of(instance).tally is TallyRule.STOP
    meta = {**instance.meta, "rule": "greedy-no-skip"} if stops else instance.meta
    assert complaints(write(replace(instance, meta=meta, projects=tuple(projects)))) == []


# pabutools has no caps, no stop and no weights; what it has is compared.


@pytest.mark.parametrize("name", ["287", "288", "289", "309", "515", "604", "643"])
def test_fill_beside_pabutools(name):
    from pabutools.election import Cost_Sat
    from pabutools.rules import greedy_utilitarian_welfare

    instance = election(f"Amsterdam_{name}")
    of = replace(paper_of(instance), tally=TallyRule.FILL, theme_caps={})
    (pile,) = piles_of(instance)
    order = sorted(item.number for item in of.items)
    theirs = greedy_utilitarian_welfare(
        *reference(of, pile), Cost_Sat, tie_breaking=by_order(order)
    )
    assert set(funded(count(of, [pile], [order]))) == numbers(theirs)


def _run(of: Paper, pile: Pile, order: list[int], budget: Fraction) -> frozenset[int]:
    from pabutools.rules import method_of_equal_shares

    instance, profile = reference(of, pile, budget)
    tie_breaking = by_order(order)
    return numbers(method_of_equal_shares(instance, profile, worth(of), tie_breaking=tie_breaking))


def _shares(name: str) -> tuple[Paper, Pile, list[int]]:
    of = replace(paper_of(election(name)), tally=TallyRule.EQUAL_SHARES, theme_caps={})
    (pile,) = piles_of(election(name))
    return of, pile, sorted(item.number for item in of.items)


@pytest.mark.parametrize("name", ["Amsterdam_643", "Assen_2024"])
def test_equal_shares_beside_pabutools(name):
    of, pile, order = _shares(name)
    theirs = add1(of, pile, lambda budget: _run(of, pile, order, budget))
    assert set(funded(count(of, [pile], [order]))) == theirs


@pytest.mark.parametrize("name", ["179", "287", "288", "324", "515", "604"])
def test_one_run_of_equal_shares_beside_pabutools(name):
    of, pile, order = _shares(f"Amsterdam_{name}")
    (mine,) = runs(of, pile, of.budget, [order])
    assert mine == _run(of, pile, order, Fraction(of.budget))
