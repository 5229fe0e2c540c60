"""One area's ballots as Pabulib has them: the file that everybody counts again.

Pabulib has no words for some of our rules, so all that the count needs beside the format's own
keys stands in the comment, as words with "=" between name and value:
  tally               the rule of the count, as in the round's file
  caps                euros by theme, such as groen:60000,cultuur:25000; "none"
  caps_bind_leftover  yes | no
  paper_share         weight of all paper ballots together, 0 to 1; "none"
  settled             ties as people settled them, such as 12>7,3>9>4; "none"
`civic.pabulib_rules` and `tools/recount.py` read them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from math import floor

from civic import pabulib
from civic.ballots import Ballot, Item, Paper
from civic.pabulib import Instance, Project, Vote
from civic.rounds import BallotKind, Phase, Round, TallyRule
from runtime.election.result import AreaResult

_LEFTOVER = {
    TallyRule.FILL: "Fund additional projects that fit within leftover budget ordered by score",
    TallyRule.STOP_PART_FUND: "Partially fund one additional project with highest score",
}
_THRESHOLD = ("greedy-threshold", "greedy-no-skip")


def instance(round_: Round, area: AreaResult) -> Instance:
    """The ballots, without anything that tells whose they are."""
    votes = tuple(_votes(area))
    named = Counter(choice for vote in votes for choice in vote.choices)
    points: Counter[str] = Counter()
    for vote in votes:
        points.update(dict(zip(vote.choices, vote.points, strict=False)))
    given = {funded.number: funded.amount for funded in area.tally.funded}
    projects = tuple(
        Project(
            id=str(item.number),
            cost=item.cost,
            name=item.title,
            category=(item.theme,) if item.theme else (),
            votes=named[str(item.number)],
            score=points[str(item.number)] if _pointed(area.paper) else None,
            selected=_selected(item, given.get(item.number)),
        )
        for item in area.in_turn()
    )
    return Instance(_meta(round_, area, projects), projects, votes)


def _votes(area: AreaResult) -> Iterator[Vote]:
    ballots = [(pile.channel, ballot) for pile in area.opened.piles for ballot in pile.ballots]
    for number, (channel, ballot) in enumerate(ballots, 1):
        choices = _ordered(area.paper, ballot)
        yield Vote(
            str(number),
            tuple(str(plan) for plan, _ in choices),
            tuple(points for _, points in choices) if _pointed(area.paper) else (),
            channel if area.opened.by_channel else "",
        )


def _ordered(paper: Paper, ballot: Ballot) -> list[tuple[int, int]]:
    """By number, which is no voter's own order; with points, most points first."""
    return sorted(ballot.choices, key=lambda choice: (-choice[1], choice[0]))


def _pointed(paper: Paper) -> bool:
    return paper.kind is BallotKind.POINTS


def _selected(item: Item, amount: Decimal | None) -> int:
    if amount is None:
        return 0
    return 1 if amount == item.cost else 2


def _meta(round_: Round, area: AreaResult, projects: tuple[Project, ...]) -> dict[str, str]:
    paper, language = area.paper, round_.languages[0]
    known = round_.area(paper.area)
    first, last = _days(round_)
    meta = {
        "description": round_.name.get(language),
        "country": "Netherlands",
        "unit": round_.city,
        "district": round_.district or "",
        "subunit": known.name.get(language) if known else paper.area,
        "instance": paper.area,
        "budget": pabulib.plain(paper.budget),
        "vote_type": _vote_type(paper),
        "rule": _rule(area, projects),
        "date_begin": first,
        "date_end": last,
        **_limits(paper),
        **_themes(paper),
        "edition": round_.id,
        "language": language,
        "currency": "EUR",
        "comment": _comment(area),
        "leftover_budget": _LEFTOVER.get(paper.tally, ""),
    }
    if any(not project.votes for project in projects) and meta["rule"] in _THRESHOLD:
        meta["min_project_score_threshold"] = "1"
    if floor(paper.budget) >= sum(floor(item.cost) for item in paper.items):
        meta["fully_funded"] = "1"
    return {key: value for key, value in meta.items() if value}


def _days(round_: Round) -> tuple[str, str]:
    vote = round_.dates(Phase.VOTE)
    first, last = (vote or round_.phases[0]), (vote or round_.phases[-1])
    return f"{first.start:%d.%m.%Y}", f"{last.end:%d.%m.%Y}"


def _vote_type(paper: Paper) -> str:
    if _pointed(paper):
        return "cumulative"
    return "choose-1" if paper.least == paper.most == 1 else "approval"


def _limits(paper: Paper) -> dict[str, str]:
    limits = {"min_length": str(paper.least)}
    if paper.most is not None:
        limits["max_length"] = str(min(paper.most, len(paper.items)))
    if paper.most_cost is not None:
        limits["max_sum_cost"] = pabulib.plain(paper.most_cost)
    if _pointed(paper):
        limits["max_sum_points"] = str(paper.points)
        limits["max_points"] = str(paper.points_most or paper.points)
    return limits


def _themes(paper: Paper) -> dict[str, str]:
    """The themes, and what is capped by them in Pabulib's words: a theme without a cap may take
    the whole budget, and of one ballot all of its plans."""
    themes = sorted({item.theme for item in paper.items if item.theme})
    of_theme: dict[str, Decimal] = defaultdict(Decimal)
    for item in paper.items:
        of_theme[item.theme] += item.cost
    meta = {"categories": ",".join(themes)}
    if paper.theme_most:
        most = (paper.theme_most.get(theme, of_theme[theme]) for theme in themes)
        meta["max_sum_cost_per_category"] = ",".join(map(pabulib.plain, most))
    if paper.theme_caps:
        caps = (paper.theme_caps.get(theme, paper.budget) for theme in themes)
        meta["budget_per_category"] = ",".join(map(pabulib.plain, caps))
    return meta


def _rule(area: AreaResult, projects: tuple[Project, ...]) -> str:
    """Pabulib's name of the rule; it has none for caps, weights and what follows from them."""
    special = bool(area.paper.theme_caps) or _weighed(area)
    if area.paper.tally is TallyRule.EQUAL_SHARES:
        return "unknown" if special or area.settled or area.tally.ties else "equalshares/add1"
    if special or area.tally.ties or area.paper.tally is TallyRule.STOP_PART_FUND:
        return "greedy-custom"
    if area.paper.tally is TallyRule.STOP:
        return "greedy-no-skip"
    return "greedy" if all(project.votes for project in projects) else "greedy-threshold"


def _weighed(area: AreaResult) -> bool:
    return area.opened.by_channel and area.paper.paper_share is not None


def _comment(area: AreaResult) -> str:
    paper = area.paper
    caps = (f"{theme}:{pabulib.plain(cap)}" for theme, cap in sorted(paper.theme_caps.items()))
    share = paper.paper_share if area.opened.by_channel else None
    settled = (">".join(map(str, tie.order)) for tie in area.settled)
    facts = {
        "tally": paper.tally.value,
        "caps": ",".join(caps) or "none",
        "caps_bind_leftover": "yes" if paper.caps_bind_leftover else "no",
        "paper_share": "none" if share is None else f"{share.normalize():f}",
        "settled": ",".join(settled) or "none",
    }
    exact = " ".join(f"{name}={value}" for name, value in facts.items())
    return f"#1: Counted with Buurtstem: {exact} #2: A plan with selected=2 is paid in part."
