"""tools/recount.py counts as `civic.tally` does, to the letter, where ties can go many ways.

Made-up elections by every rule, through the published files: tests/runtime/election/test_recount.
"""

import importlib.util
from pathlib import Path

import pytest

from civic.tally import count
from tests.civic.elections import paper, pile

TOOL = Path(__file__).resolve().parents[2] / "tools" / "recount.py"


@pytest.fixture(scope="module")
def recount():
    spec = importlib.util.spec_from_file_location("recount", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recounted(recount, of, piles, settled):
    """(chosen, not chosen, tie) of the tool, in cents, without going through a file."""
    election = object.__new__(recount.Election)
    election.cost = {item.number: int(item.cost * 100) for item in of.items}
    election.theme = {item.number: item.theme for item in of.items}
    election.plans = sorted(election.cost)
    election.budget = int(of.budget * 100)
    election.caps = {theme: int(cap * 100) for theme, cap in of.theme_caps.items()}
    election.settled = [list(order) for order in settled]
    votes = [
        (each.channel, tuple(sorted(ballot.choices))) for each in piles for ballot in each.ballots
    ]
    election.ballots = recount.weighed(votes, None)
    return recount.equal_shares(election)


def agree(recount, of, piles, settled=()):
    tally = count(of, piles, settled)
    chosen, out, tie = recounted(recount, of, piles, settled)
    assert [(each.number, int(each.amount * 100)) for each in tally.funded] == chosen
    assert [(each.number, each.reason.value) for each in tally.passed_over] == out
    assert tally.ties == ((tuple(tie),) if tie else ())


def test_they_agree_when_ties_can_go_very_many_ways(recount):
    """One voter wants eight plans of one price and can pay seven: 8! orders, 2^8 places."""
    costs = dict.fromkeys(range(1, 9), 10) | {9: 200}
    agree(recount, paper(costs, 280, "equal-shares"), [pile("12345678", "9", "9", "9")])


def test_they_agree_when_ties_can_go_too_many_ways(recount):
    costs = dict.fromkeys(range(1, 13), 10)
    agree(recount, paper(costs, 60, "equal-shares"), [pile(range(1, 13))])


def test_it_is_not_one_that_agrees_with_everything(recount):
    of, piles = paper({1: 10, 2: 20}, 30, "equal-shares"), [pile("1", "2", "2")]
    assert recounted(recount, of, piles, ()) == ([(2, 2000), (1, 1000)], [], ())
