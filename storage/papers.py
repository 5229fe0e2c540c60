"""What can be voted for: the plans that were admitted, by area, with the round's rules."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import Connection, bindparam, select

from civic.ballots import Item, Paper
from civic.plans import ON_THE_PAPER
from civic.rounds import Area, BallotKind, Round
from storage.money import to_euros
from storage.rounds import ActiveRound
from storage.tables import plans


def of_round(conn: Connection, active: ActiveRound) -> dict[str, Paper]:
    """The papers by area; an area without a plan, or where residents do not vote, has none.

    A plan that asks for no money costs nothing. Where a round has one area, plans without any
    are on its paper.
    """
    round_ = active.round
    only = round_.areas[0].id if len(round_.areas) == 1 else ""
    by_area: dict[str, list[Item]] = defaultdict(list)
    for row in conn.execute(_ON_THE_PAPER, {"round": active.id}):
        cost = to_euros(row.cost) or Decimal(0)
        item = Item(row.number, row.title, cost, row.theme or "")
        by_area[row.area or only].append(item)
    return {
        area.id: paper(round_, area, by_area[area.id])
        for area in round_.areas
        if area.votes and by_area.get(area.id)
    }


def paper(round_: Round, area: Area, items: list[Item]) -> Paper:
    """The paper of one area of this round, with these plans."""
    rules = round_.rules
    caps = _caps(round_, area)
    points = rules.ballot is BallotKind.POINTS
    return Paper(
        area=area.id,
        budget=area.budget,
        items=tuple(items),
        kind=rules.ballot,
        least=rules.ballot_least,
        most=rules.ballot_most,
        most_cost=area.budget if rules.ballot is BallotKind.WITHIN_BUDGET else None,
        theme_most=caps if rules.ballot_within_caps else {},
        points=rules.ballot_points if points else 0,
        points_most=rules.ballot_points_most if points else None,
        tally=rules.tally,
        theme_caps=caps,
        caps_bind_leftover=rules.caps_bind_leftover,
        paper_share=rules.paper_share,
    )


def _caps(round_: Round, area: Area) -> dict[str, Decimal]:
    """The most euros by theme in this area: its own cap before the theme's."""
    caps = {theme.id: area.theme_caps.get(theme.id, theme.cap) for theme in round_.themes}
    return {theme: cap for theme, cap in caps.items() if cap is not None}


_ON_THE_PAPER = (
    select(plans.c.number, plans.c.title, plans.c.cost, plans.c.theme, plans.c.area)
    .where(plans.c.round_id == bindparam("round"), plans.c.status.in_(sorted(ON_THE_PAPER)))
    .order_by(plans.c.number)
)
