"""The count of a real election, and equal shares beside pabutools on the same ballots.

    .venv/bin/python bench/tally.py [FILE.pb]     West Begroot (309) of ../shared if not given

pabutools gets its election ready made; ours counts from the ballots. Ties are broken by number in
both. Its completion stops earlier than Pabulib's in some elections, so one run (a fixed budget) is
compared too; `add1` of both is the whole count. Times are of the process, the best of three.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares
from pabutools.tiebreaking import TieBreakingRule

from civic.ballots import Paper
from civic.equal_shares import ends
from civic.pabulib import read
from civic.pabulib_rules import paper_of, piles_of
from civic.rounds import TallyRule
from civic.shares import begin, electorate
from civic.tally import Pile, count

REAL = Path(__file__).resolve().parents[2] / "shared/data/pabulib/Netherlands_Amsterdam_309.pb"
BY_NUMBER = TieBreakingRule(lambda _instance, _profile, project: int(project.name))
Result = TypeVar("Result")


def timed(name: str, act: Callable[[], Result], times: int = 3) -> Result:
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        result = act()
        best = min(best, time.process_time() - begun)
    print(f"{name}: {best:.3f} s")
    return result


def theirs(paper: Paper, piles: Iterable[Pile]) -> tuple[Instance, ApprovalProfile]:
    plans = {item.number: Project(str(item.number), cost=int(item.cost)) for item in paper.items}
    ballots = (
        ApprovalBallot(plans[number] for number, _ in ballot.choices)
        for pile in piles
        for ballot in pile.ballots
    )
    instance = Instance(plans.values(), budget_limit=int(paper.budget))
    return instance, ApprovalProfile(ballots, instance=instance)


def numbers(plans: Iterable[Project]) -> set[int]:
    return {int(plan.name) for plan in plans}


def main() -> None:
    text = Path(sys.argv[1] if len(sys.argv) > 1 else REAL).read_text("utf-8")
    instance = timed("read the file", lambda: read(text))
    paper = replace(paper_of(instance), theme_caps={}, paper_share=None)
    piles = piles_of(instance)
    order = [tuple(item.number for item in paper.items)]
    print(f"ballots: {sum(len(pile.ballots) for pile in piles)}, plans: {len(paper.items)}")

    def ours(rule: TallyRule) -> set[int]:
        tally = count(replace(paper, tally=rule), piles, order)
        return {funded.number for funded in tally.funded}

    limit, profile = theirs(paper, piles)
    mine = timed("greedy, ours", lambda: ours(TallyRule.FILL))
    other = timed(
        "greedy, pabutools",
        lambda: greedy_utilitarian_welfare(limit, profile, Cost_Sat, tie_breaking=BY_NUMBER),
    )
    print(f"greedy, the same plans: {mine == numbers(other)}")

    def one_run() -> set[int]:
        alike = Counter(ballot.choices for pile in piles for ballot in pile.ballots)
        voters = electorate(paper, [(Fraction(1), alike)])
        share = Fraction(paper.budget) * 100 / voters.total
        (run,) = ends(begin(paper, voters, share), order).runs
        return set(run.chosen)

    mine = timed("equal shares, one run, ours", one_run)
    other = timed(
        "equal shares, one run, pabutools",
        lambda: method_of_equal_shares(limit, profile, Cost_Sat, tie_breaking=BY_NUMBER),
    )
    print(f"equal shares, one run, the same plans: {mine == numbers(other)}")
    mine = timed("equal shares, add1, ours", lambda: ours(TallyRule.EQUAL_SHARES))
    other = timed(
        "equal shares, add1, pabutools",
        lambda: method_of_equal_shares(
            limit, profile, Cost_Sat, tie_breaking=BY_NUMBER, voter_budget_increment=1
        ),
        times=1,
    )
    print(f"equal shares, add1, the same plans: {mine == numbers(other)}")


if __name__ == "__main__":
    main()
