"""What can be voted for is what was admitted, area by area, under the round's rules."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from civic.ballots import Item
from civic.plans import Status
from civic.rounds import BallotKind, Model, Round, TallyRule
from runtime.round_file import load_round
from storage import papers, plans, rounds
from storage.db import Database
from tests.dialogue import REPO

NOW = 1_790_000_000_000


@pytest.fixture
def round_() -> Round:
    return load_round(REPO / "examples" / "demo.toml")


def person(db: Database) -> int:
    from sqlalchemy import text

    query = text(
        "INSERT INTO people (language, sound, notify, created_at, state)"
        " VALUES ('nl', false, true, 1, 'active') RETURNING id"
    )
    return db.call(lambda conn: conn.execute(query).scalar_one())


def submit(db: Database, round_: Round, *made: tuple[str | None, str | None, str | None]) -> None:
    """Plans of (area, theme, cost), admitted, in this round."""
    who = person(db)

    def work(conn):
        id_ = rounds.save_round(conn, round_, NOW)
        for n, (area, theme, cost) in enumerate(made, 1):
            plan = plans.NewPlan(
                initiator=who,
                title=f"Plan {n}",
                text="x",
                language="nl",
                area=area,
                theme=theme,
                cost=Decimal(cost) if cost else None,
            )
            number = plans.submit(conn, id_, plan, NOW)
            found = plans.by_number(conn, id_, number)
            plans.set_status(conn, found.id, found.status, Status.ADMITTED, "test", "", NOW)

    db.call(work)


def of_round(db: Database):
    return db.read(lambda conn: papers.of_round(conn, rounds.active(conn)))


def test_only_admitted_plans_by_area(db: Database, round_: Round) -> None:
    first, second = round_.areas[:2]
    theme = round_.themes[0].id
    submit(db, round_, (first.id, theme, "1200.50"), (second.id, None, None), (first.id, None, "9"))
    who = person(db)

    def one_more(conn):
        active = rounds.active(conn)
        new = plans.NewPlan(initiator=who, title="Nieuw", text="x", language="nl", area=first.id)
        plans.submit(conn, active.id, new, NOW)

    db.call(one_more)
    found = of_round(db)
    assert set(found) == {first.id, second.id}
    assert found[first.id].items == (
        Item(1, "Plan 1", Decimal("1200.50"), theme),
        Item(3, "Plan 3", Decimal(9)),
    )
    assert found[second.id].items == (Item(2, "Plan 2", Decimal(0)),)


def test_the_rules_of_the_round_are_on_the_paper(db: Database, round_: Round) -> None:
    theme, other, *_ = round_.themes
    area = replace(round_.areas[0], theme_caps={theme.id: Decimal(300)})
    rules = replace(
        round_.rules,
        ballot=BallotKind.WITHIN_BUDGET,
        ballot_least=2,
        ballot_most=5,
        ballot_within_caps=True,
        tally=TallyRule.STOP,
        caps_bind_leftover=False,
        paper_share=Decimal("0.3"),
    )
    changed = replace(
        round_,
        areas=(area, *round_.areas[1:]),
        themes=(
            replace(theme, cap=Decimal(900)),
            replace(other, cap=Decimal(700)),
            *(replace(each, cap=None) for each in round_.themes[2:]),
        ),
        rules=rules,
    )
    submit(db, changed, (area.id, theme.id, "10"))
    paper = of_round(db)[area.id]
    caps = {theme.id: Decimal(300), other.id: Decimal(700)}
    assert (paper.kind, paper.least, paper.most) == (BallotKind.WITHIN_BUDGET, 2, 5)
    assert (paper.budget, paper.most_cost) == (area.budget, area.budget)
    assert paper.theme_caps == paper.theme_most == caps
    assert (paper.tally, paper.caps_bind_leftover) == (TallyRule.STOP, False)
    assert paper.paper_share == Decimal("0.3")
    assert (paper.points, paper.points_most) == (0, None)


def test_points_and_approval(db: Database, round_: Round) -> None:
    area = round_.areas[0].id
    rules = replace(round_.rules, ballot=BallotKind.POINTS, ballot_points=7, ballot_points_most=3)
    submit(db, replace(round_, rules=rules), (area, None, "10"))
    paper = of_round(db)[area]
    assert (paper.points, paper.points_most, paper.most_cost) == (7, 3, None)
    assert paper.theme_most == {}
    rules = replace(round_.rules, ballot=BallotKind.APPROVAL)
    changed = replace(round_, rules=rules)
    db.call(lambda conn: rounds.save_round(conn, changed, NOW))
    paper = of_round(db)[area]
    assert (paper.points, paper.most_cost) == (0, None)


def test_where_residents_do_not_vote_there_is_no_paper(db: Database, round_: Round) -> None:
    first, *others = round_.areas
    changed = replace(round_, areas=(replace(first, model=Model.PLATFORM_DECIDES), *others))
    submit(db, changed, (first.id, None, "10"), (others[0].id, None, "10"))
    assert set(of_round(db)) == {others[0].id}


def test_a_plan_without_an_area_is_on_the_only_paper_there_is(db: Database, round_: Round) -> None:
    only = replace(round_, areas=round_.areas[:1])
    submit(db, only, (None, None, "10"))
    assert [item.number for item in of_round(db)[only.areas[0].id].items] == [1]
    db.call(lambda conn: rounds.save_round(conn, round_, NOW))
    assert of_round(db) == {}
