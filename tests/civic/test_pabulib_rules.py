"""The rules that a Pabulib file tells, and the ballots, as the count takes them."""

from decimal import Decimal

import pytest

from civic.ballots import Ballot
from civic.pabulib import Instance, Project, Vote
from civic.pabulib_rules import ballots_of, numbers_of, paper_of, piles_of
from civic.rounds import BallotKind, TallyRule
from civic.tally import count
from tests.civic.elections import funded

FILL = "Fund additional projects that fit within leftover budget ordered by score"
PART = "Partially fund one additional project with highest score"


def instance(*ids: str, votes: tuple[Vote, ...] = (), **meta: str) -> Instance:
    """Projects of 100 each, the first two in category a, the others in b."""
    projects = (
        Project(id_, Decimal(100), f"Plan {id_}", ("a" if place < 2 else "b",))
        for place, id_ in enumerate(ids)
    )
    base = {"budget": "250", "vote_type": "approval", "rule": "greedy"}
    return Instance({**base, **meta}, tuple(projects), votes)


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        (("3", "12", "9999"), [3, 12, 9999]),
        (("3", "12", "10000"), [1, 2, 3]),
        (("0", "1"), [1, 2]),
        (("b", "a"), [1, 2]),
        (("1", "01"), [1, 2]),
    ],
)
def test_ids_that_are_small_numbers_are_the_numbers(ids, numbers):
    assert numbers_of(instance(*ids)) == dict(zip(ids, numbers, strict=True))


def test_the_paper_is_in_the_order_of_the_numbers():
    paper = paper_of(instance("7", "3"), area="noord")
    assert [(item.number, item.title, item.theme) for item in paper.items] == [
        (3, "Plan 3", "a"),
        (7, "Plan 7", "a"),
    ]
    assert (paper.area, paper.budget) == ("noord", 250)


@pytest.mark.parametrize(
    ("meta", "rule"),
    [
        ({}, TallyRule.STOP),
        ({"rule": "greedy-no-skip"}, TallyRule.STOP),
        ({"leftover_budget": FILL}, TallyRule.FILL),
        ({"rule": "greedy-custom", "leftover_budget": FILL}, TallyRule.FILL),
        ({"leftover_budget": PART}, TallyRule.STOP_PART_FUND),
        ({"rule": "equalshares/add1"}, TallyRule.EQUAL_SHARES),
        (
            {
                "rule": "unknown",
                "comment": "#2: tally=equal-shares caps=none "
                "caps_bind_leftover=yes paper_share=none #3: more",
            },
            TallyRule.EQUAL_SHARES,
        ),
    ],
)
def test_the_rule_of_the_count(meta, rule):
    assert paper_of(instance("1", "2", **meta)).tally is rule


@pytest.mark.parametrize(
    ("meta", "kind", "least", "most"),
    [
        ({}, BallotKind.APPROVAL, 1, None),
        ({"min_length": "2", "max_length": "3"}, BallotKind.APPROVAL, 2, 3),
        ({"max_sum_cost": "250"}, BallotKind.WITHIN_BUDGET, 1, None),
        ({"max_sum_cost": "200"}, BallotKind.APPROVAL, 1, None),
        ({"vote_type": "choose-1"}, BallotKind.APPROVAL, 1, 1),
        ({"vote_type": "cumulative", "max_sum_points": "9"}, BallotKind.POINTS, 1, None),
    ],
)
def test_the_rules_of_a_ballot(meta, kind, least, most):
    paper = paper_of(instance("1", "2", "3", **meta))
    assert (paper.kind, paper.least, paper.most) == (kind, least, most)
    assert paper.most_cost == (Decimal(meta["max_sum_cost"]) if "max_sum_cost" in meta else None)


@pytest.mark.parametrize(
    ("meta", "points", "most"),
    [
        ({"max_sum_points": "9"}, 9, None),
        ({"max_sum_points": "9", "max_points": "4"}, 9, 4),
        ({"max_points": "4"}, 12, 4),
    ],
)
def test_points(meta, points, most):
    paper = paper_of(instance("1", "2", "3", vote_type="scoring", **meta))
    assert (paper.points, paper.points_most) == (points, most)


def test_limits_by_category():
    paper = paper_of(
        instance(
            "1",
            "2",
            "3",
            categories="a,b",
            budget_per_category="150,200.50",
            max_sum_cost_per_category="100,250",
        )
    )
    assert paper.theme_caps == {"a": 150, "b": Decimal("200.50")}
    assert paper.theme_most == {"a": 100, "b": 250}
    assert (paper.caps_bind_leftover, paper.paper_share) == (True, None)


def test_what_the_comment_tells():
    comment = (
        "#1: Projects funded by leftover budget are not constrained by the budget_per_category. "
        "#2: All votes were weighted such that both groups accounted for 50% of the outcome."
    )
    paper = paper_of(instance("1", "2", comment=comment))
    assert (paper.caps_bind_leftover, paper.paper_share) == (False, Decimal("0.5"))


def test_a_file_of_ours_tells_it_exactly():
    comment = (
        "#1: Counted with Buurtstem. #2: tally=stop caps=a:150,b:99.50 caps_bind_leftover=no "
        "paper_share=0.25 #3: selected=2 is a plan that is paid in part."
    )
    paper = paper_of(instance("1", "2", comment=comment, rule="greedy-custom"))
    assert paper.tally is TallyRule.STOP
    assert paper.theme_caps == {"a": 150, "b": Decimal("99.50")}
    assert (paper.caps_bind_leftover, paper.paper_share) == (False, Decimal("0.25"))


@pytest.mark.parametrize(
    ("meta", "what"),
    [
        ({"vote_type": "ordinal"}, "votes of type 'ordinal'"),
        ({"rule": "equalshares"}, "the rule 'equalshares'"),
        ({"rule": "greedy-exclusive"}, "the rule 'greedy-exclusive'"),
        ({"leftover_budget": "Throw a party"}, "Throw a party"),
        ({"rule": "greedy-no-skip", "leftover_budget": FILL}, "greedy-no-skip"),
        ({"min_project_score_threshold": "5"}, "min_project_score_threshold"),
        ({"min_points": "2"}, "min_points"),
        ({"min_length_per_category": "1"}, "min_length_per_category"),
        ({"min_sum_cost": "10"}, "min_sum_cost"),
        ({"budget": "much"}, "budget is not an amount"),
        ({"min_length": "-1"}, "min_length is not a whole number"),
        ({"categories": "a,b", "budget_per_category": "1"}, "as many amounts"),
        ({"categories": "a", "budget_per_category": "x"}, "budget_per_category is not an amount"),
        ({"comment": "#1: tally=dice caps=none"}, "does not say the rules"),
    ],
)
def test_a_rule_that_is_not_ours_is_refused(meta, what):
    with pytest.raises(ValueError, match=what):
        paper_of(instance("1", "2", **meta))


def test_a_cap_and_a_plan_of_two_categories_do_not_go_together():
    found = instance("1", categories="a,b", budget_per_category="1,2")
    both = Project("1", Decimal(1), "Plan", ("a", "b"))
    with pytest.raises(ValueError, match="several categories"):
        paper_of(Instance(found.meta, (both,), ()))


VOTES = (
    Vote("7", ("20001", "20002"), (), "paper"),
    Vote("8", ("20002", "20002"), (), ""),
    Vote("9", ("20003",), (5,), "internet"),
)


def test_ballots_keep_what_the_file_says():
    found = instance("20001", "20002", "20003", votes=VOTES)
    assert ballots_of(found, "noord") == (
        Ballot("noord", ((1, 1), (2, 1))),
        Ballot("noord", ((2, 1), (2, 1))),
        Ballot("noord", ((3, 5),)),
    )


def test_piles_are_by_the_way_the_ballots_came():
    found = instance("20001", "20002", "20003", votes=VOTES)
    piles = {pile.channel: len(pile.ballots) for pile in piles_of(found)}
    assert piles == {"internet": 2, "paper": 1}
    tally = count(paper_of(found), piles_of(found))
    assert (funded(tally), tally.doubled) == ([2], 1)
