"""The queue of tests, verdicts, and another test after the initiator's answer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from civic.assessments import Verdict
from civic.plans import Role, Status
from storage import assessments
from storage.db import Database

from .living import DAY, NOON, WHY, Living

S, V = Status, Verdict


@pytest.fixture
def town(db: Database) -> Living:
    return Living(db)


def begin(town: Living, plan_id: int, field: str, days: int, assessor: str = "") -> int:
    return town.db.call(
        lambda c: assessments.begin(
            c, plan_id, field, assessor=assessor, deadline_ms=NOON + days * DAY, now_ms=NOON
        )
    )


def judge(town: Living, row: int, verdict: Verdict, reasons: dict[str, str]) -> bool:
    return town.db.call(
        lambda c: assessments.judge(c, row, verdict, reasons, assessor="bea", now_ms=NOON + DAY)
    )


def test_the_queue_by_deadline_field_and_assessor(town: Living) -> None:
    one, other = (town.plan(town.person(), S.ASSESSING) for _ in range(2))
    declined = town.plan(town.person(), S.DECLINED)
    late = begin(town, one.id, "green", 9, "anna")
    soon = begin(town, other.id, "green", 2)
    traffic = begin(town, one.id, "traffic", 5, "bea")
    begin(town, declined.id, "green", 1)

    def queue(**which: str) -> list[int]:
        found = town.db.read(lambda c: assessments.queue(c, town.round_id, **which))
        return [each.assessment.id for each in found]

    assert queue() == [soon, traffic, late]
    assert queue(field="green") == [soon, late]
    assert queue(assessor="bea") == [traffic]
    assert queue(field="green", assessor="") == [soon]
    fields = town.db.read(lambda c: assessments.fields(c, town.round_id))
    assert fields == {"green": 2, "traffic": 1}
    judge(town, soon, V.FEASIBLE, {})
    assert queue(field="green") == [late]


def test_what_an_assessor_finds_is_kept(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    row = begin(town, plan.id, "green", 3)
    assert town.db.call(lambda c: assessments.assign(c, row, "bea", NOON + 5 * DAY))
    assert town.db.call(
        lambda c: assessments.note(
            c,
            row,
            related="Herinrichting Slotermeerlaan",
            permits="kapvergunning",
            cost=Decimal("1250.50"),
            upkeep=Decimal(80),
        )
    )
    assert judge(town, row, V.NOT_FEASIBLE, {**WHY, "ar": " "})
    (kept,) = town.db.read(lambda c: assessments.of_plan(c, plan.id))
    assert (kept.field, kept.assessor, kept.verdict) == ("green", "bea", V.NOT_FEASIBLE)
    assert (kept.cost, kept.upkeep) == (Decimal("1250.50"), Decimal(80))
    assert (kept.related, kept.permits) == ("Herinrichting Slotermeerlaan", "kapvergunning")
    assert (kept.reasons, kept.deadline, kept.judged_at) == (WHY, NOON + 5 * DAY, NOON + DAY)
    assert town.db.read(lambda c: assessments.proposed(c, plan.id)) is S.DECLINED
    assert town.status(plan) == "assessing"  # a person takes the step
    assert not town.db.call(lambda c: assessments.assign(c, row, "cor", NOON))


@pytest.mark.parametrize("verdict", [V.ADJUST, V.NOT_FEASIBLE])
def test_a_verdict_that_needs_a_reason_has_one_in_dutch(town: Living, verdict: Verdict) -> None:
    row = begin(town, town.plan(town.person(), S.ASSESSING).id, "green", 3)
    for reasons in ({}, {"tr": "Neden"}, {"nl": " "}):
        with pytest.raises(ValueError, match="Dutch"):
            judge(town, row, verdict, reasons)


def test_whoever_asked_looks_again_after_the_answer(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    asks = begin(town, plan.id, "green", 3, "bea")
    judge(town, begin(town, plan.id, "traffic", 3), V.FEASIBLE, {})
    judge(town, asks, V.ADJUST, WHY)
    assert town.db.read(lambda c: assessments.proposed(c, plan.id)) is S.ADJUST
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    town.change(plan, S.ASSESSING, Role.INITIATOR, at=NOON + DAY)
    (again,) = town.db.read(lambda c: assessments.queue(c, town.round_id))
    assert (again.assessment.field, again.assessment.assessor) == ("green", "bea")
    assert again.assessment.deadline == NOON + 15 * DAY
    assert town.db.read(lambda c: assessments.proposed(c, plan.id)) is None
    judge(town, again.assessment.id, V.FEASIBLE, {})
    assert town.db.read(lambda c: assessments.proposed(c, plan.id)) is S.ADMITTED
