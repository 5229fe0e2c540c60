"""The rules and ballots of a Pabulib file as ours.

What a file says about the rule is partly in words (`leftover_budget`, `comment`). Known are those
of the Amsterdam files:
  greedy, leftover budget funds additional projects     fill
  greedy, leftover budget partially funds one           stop-part-fund
  greedy, nothing said about it (West Begroot 2020)     stop; so is greedy-no-skip
  equalshares/add1                                      equal-shares
A file of ours says it exactly in its comment: "tally=fill caps=groen:60000 ..." (written by
`runtime.election.instance`), and that goes first. A rule that is not among ours is an error, and
never counted as another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypedDict

from civic.ballots import Ballot, Item, Paper
from civic.pabulib import Instance, Vote, amount
from civic.rounds import BallotKind, TallyRule
from civic.tally import Pile

AREA = "pabulib"

_LEFTOVER = {
    "": TallyRule.STOP,
    "Fund additional projects that fit within leftover budget ordered by score": TallyRule.FILL,
    "Partially fund one additional project with highest score": TallyRule.STOP_PART_FUND,
}
_GREEDY = ("greedy", "greedy-custom", "greedy-threshold")
_KINDS = {
    "approval": BallotKind.APPROVAL,
    "choose-1": BallotKind.APPROVAL,
    "cumulative": BallotKind.POINTS,
    "scoring": BallotKind.POINTS,
}
_NOT_OURS = (
    "min_sum_cost", "min_sum_points", "default_score", "min_length_per_category",
    "max_length_per_category", "min_sum_cost_per_category", "budget_per_neighborhood",
)  # fmt: skip
_UNBOUND = "Projects funded by leftover budget are not constrained by the budget_per_category."
_HALVES = "both groups accounted for 50% of the outcome"
_FACT = re.compile(r"\b(tally|caps|caps_bind_leftover|paper_share)=([^ ]+)")


def numbers_of(instance: Instance) -> dict[str, int]:
    """The number of each project: its id when all ids are numbers from 1 to 9999, else its place
    in the file, from 1."""
    ids = [project.id for project in instance.projects]
    numbers = [int(id_) for id_ in ids if re.fullmatch("[0-9]{1,4}", id_) and int(id_)]
    if len(set(numbers)) == len(ids):
        return dict(zip(ids, numbers, strict=True))
    return {id_: place for place, id_ in enumerate(ids, 1)}


def paper_of(instance: Instance, area: str = AREA) -> Paper:
    """What the file's voters could vote for, and the rules.

    Raises ValueError for a rule that is not among ours.
    """
    meta = instance.meta
    _only_ours(meta)
    points, points_most = _points(meta, len(instance.projects))
    return Paper(
        area=area,
        budget=_money(meta, "budget") or Decimal(0),
        items=_items(instance),
        kind=_kind(meta),
        least=_whole(meta, "min_length") or 1,
        most=1 if meta["vote_type"] == "choose-1" else _whole(meta, "max_length"),
        most_cost=_money(meta, "max_sum_cost"),
        theme_most=_by_category(instance, "max_sum_cost_per_category"),
        points=points,
        points_most=points_most,
        **_counting(instance),
    )


def ballots_of(instance: Instance, area: str = AREA) -> tuple[Ballot, ...]:
    """The ballots in the order of the file, a plan that one names twice still twice."""
    numbers = numbers_of(instance)
    return tuple(_ballot(vote, numbers, area) for vote in instance.votes)


def piles_of(instance: Instance, area: str = AREA) -> tuple[Pile, ...]:
    """The ballots by the way they came in; as internet where the file does not say."""
    by_method: dict[str, list[Ballot]] = {}
    for vote, ballot in zip(instance.votes, ballots_of(instance, area), strict=True):
        by_method.setdefault(vote.method or "internet", []).append(ballot)
    return tuple(Pile(method, tuple(ballots)) for method, ballots in sorted(by_method.items()))


def _only_ours(meta: Mapping[str, str]) -> None:
    for key in _NOT_OURS:
        if any(item.strip() not in ("", "0") for item in meta.get(key, "").split(",")):
            raise ValueError(f"the rule {key} is not among ours")
    for key in ("min_project_score_threshold", "min_points"):
        if (_whole(meta, key) or 0) > 1:
            raise ValueError(f"the rule {key} is not among ours")


class _Counting(TypedDict):
    tally: TallyRule
    theme_caps: Mapping[str, Decimal]
    caps_bind_leftover: bool
    paper_share: Decimal | None


def _counting(instance: Instance) -> _Counting:
    """The rules of the count."""
    comment = instance.meta.get("comment", "")
    if said := dict(_FACT.findall(comment)):
        return _said(said)
    return {
        "tally": _tally_rule(instance.meta),
        "theme_caps": _by_category(instance, "budget_per_category"),
        "caps_bind_leftover": _UNBOUND not in comment,
        "paper_share": Decimal("0.5") if _HALVES in comment else None,
    }


def _said(facts: Mapping[str, str]) -> _Counting:
    """The rules as a file of ours says them."""
    try:
        caps = [cap.rpartition(":") for cap in facts["caps"].split(",") if cap != "none"]
        share = facts["paper_share"]
        return {
            "tally": TallyRule(facts["tally"]),
            "theme_caps": {theme: amount(cap) for theme, _, cap in caps},
            "caps_bind_leftover": {"yes": True, "no": False}[facts["caps_bind_leftover"]],
            "paper_share": None if share == "none" else Decimal(share),
        }
    except (ArithmeticError, KeyError, ValueError):
        raise ValueError("the comment does not say the rules of the count") from None


def _kind(meta: Mapping[str, str]) -> BallotKind:
    """Approval, where all that a ballot names must fit the budget, is a kind of its own."""
    kind = _KINDS.get(meta.get("vote_type", ""))
    if kind is None:
        raise ValueError(f"votes of type {meta.get('vote_type')!r} are not among ours")
    within = meta.get("max_sum_cost") and _money(meta, "max_sum_cost") == _money(meta, "budget")
    return BallotKind.WITHIN_BUDGET if kind is BallotKind.APPROVAL and within else kind


def _tally_rule(meta: Mapping[str, str]) -> TallyRule:
    rule, leftover = meta.get("rule", ""), meta.get("leftover_budget", "")
    if rule in _GREEDY and leftover in _LEFTOVER:
        return _LEFTOVER[leftover]
    if rule == "greedy-no-skip" and not leftover:
        return TallyRule.STOP
    if rule == "equalshares/add1" and not leftover:
        return TallyRule.EQUAL_SHARES
    raise ValueError(f"the rule {rule!r} with leftover budget {leftover!r} is not among ours")


def _items(instance: Instance) -> tuple[Item, ...]:
    numbers = numbers_of(instance)
    found = (
        Item(numbers[project.id], project.name, project.cost, "".join(project.category[:1]))
        for project in instance.projects
    )
    return tuple(sorted(found, key=lambda item: item.number))


def _by_category(instance: Instance, key: str) -> dict[str, Decimal]:
    amounts = instance.meta.get(key, "")
    if not amounts:
        return {}
    if any(len(project.category) > 1 for project in instance.projects):
        raise ValueError(f"{key}: a project with several categories is not among ours")
    names = [name.strip() for name in instance.meta.get("categories", "").split(",")]
    found = [_euros(key, text.strip()) for text in amounts.split(",")]
    if len(names) != len(found):
        raise ValueError(f"{key} has not as many amounts as there are categories")
    return dict(zip(names, found, strict=True))


def _points(meta: Mapping[str, str], projects: int) -> tuple[int, int | None]:
    """Points of one ballot in all, and on one plan."""
    in_all, most = _whole(meta, "max_sum_points"), _whole(meta, "max_points")
    return in_all or (most or 0) * projects, most


def _whole(meta: Mapping[str, str], key: str) -> int | None:
    text = meta.get(key, "")
    if text and not text.isdecimal():
        raise ValueError(f"{key} is not a whole number")
    return int(text) if text else None


def _money(meta: Mapping[str, str], key: str) -> Decimal | None:
    text = meta.get(key, "")
    return _euros(key, text) if text else None


def _euros(key: str, text: str) -> Decimal:
    try:
        return amount(text)
    except ValueError:
        raise ValueError(f"{key} is not an amount") from None


def _ballot(vote: Vote, numbers: Mapping[str, int], area: str) -> Ballot:
    points = vote.points or (1,) * len(vote.choices)
    chosen = (numbers[id_] for id_ in vote.choices)
    return Ballot(area, tuple(zip(chosen, points, strict=True)))
