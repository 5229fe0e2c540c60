"""More of a town than `World.fill` makes: plans in every part of their life, for pages about it.

Plans 5 and up: tested (5, 6, 7), admitted (8, 9, 10), chosen (11, 12), not chosen (13).
"""

from __future__ import annotations

import json
from decimal import Decimal

from sqlalchemy import Connection, update

from civic.assessments import Verdict
from civic.plans import Role, Status
from storage import (
    assessments,
    count_files,
    plan_edits,
    plan_life,
    plans,
    rounds,
    starting,
    supports,
    translations,
)
from storage.starting import Contact, Who
from storage.tables import people
from storage.translations import Translation
from tests.console.world import DAY, World

STEPS = {
    5: ("assessing",),
    6: ("assessing",),
    7: ("assessing", "adjust", "assessing"),
    8: ("assessing", "admitted"),
    9: ("assessing", "admitted"),
    10: ("assessing", "admitted"),
    11: ("assessing", "admitted", "chosen", "starting"),
    12: ("assessing", "admitted", "chosen"),
    13: ("assessing", "admitted", "not_chosen"),
}
COSTS = {5: 3000, 6: 150_000, 7: 800, 8: 20_000, 9: 60_000, 10: 5000}
ROLES = {"adjust": Role.ASSESSOR, "chosen": Role.COUNT, "not_chosen": Role.COUNT}


def busy(world: World) -> None:
    """To be called after `fill`."""
    world.user("assessor")
    now = world.clock()
    world.db.call(lambda conn: _plans(conn, now))
    world.db.call(lambda conn: _tests(conn, now))
    world.db.call(lambda conn: _start(conn, now))


def _plans(conn: Connection, now: int) -> None:
    active = rounds.active(conn)
    assert active
    conn.execute(update(people).where(people.c.id == 4).values(state="inactive"))
    for number, steps in STEPS.items():
        _plan(conn, number, now)
        plan = plans.by_number(conn, active.id, number)
        assert plan
        for person in range(1, 5):
            supports.follow(conn, plan.id, person, now)
        plans.set_status(conn, plan.id, "submitted", "supported", "supporters", "", now - 9 * DAY)
        for n, step in enumerate(steps):
            _step(conn, plan.id, step, now - (8 - n) * DAY)


def _plan(conn: Connection, number: int, now: int) -> None:
    person = number % 4 + 1
    language = ("nl", "tr", "ar", "en")[person - 1]
    new = plans.NewPlan(
        initiator=person,
        title=f"Speelplek aan de Waterkade {number}",
        text="Een plek om te spelen aan de Waterkade, met schaduw en een bank voor de ouders.",
        language=language,
        area=("lindebuurt", "waterkant")[number % 2],
        theme="groen",
        address="Waterkade 12",
        lat=52.382 + (number % 5) / 1000,
        lng=4.795 + (number % 2) * 0.02 + number / 2000,
        cost=Decimal(COSTS.get(number, 4000)),
        who="me",
        may_call=number % 2 == 1,
        phone="+31612345678",
        channel="telegram",
    )
    plans.submit(conn, 1, new, now - 10 * DAY)


def _step(conn: Connection, plan_id: int, step: str, at: int) -> None:
    role = ROLES.get(step, Role.COORDINATOR)
    reasons = (
        {"nl": "Kan het iets kleiner, zodat de stoep vrij blijft?"} if step == "adjust" else {}
    )
    actor = "test-coordinator"
    plan_life.change(
        conn, plan_id, Status(step), actor=actor, role=role, reasons=reasons, now_ms=at
    )


def _tests(conn: Connection, now: int) -> None:
    ids = {number: _id(conn, number) for number in STEPS}

    def begin(number: int, field: str, who: str, days: int) -> int:
        until = now + days * DAY
        return assessments.begin(
            conn, ids[number], field, assessor=who, deadline_ms=until, now_ms=now - 6 * DAY
        )

    begin(5, "groen", "test-assessor", 5)
    begin(5, "verkeer", "", 9)
    late = begin(6, "beheer", "test-assessor", -2)
    assert late
    done = begin(7, "groen", "test-assessor", 3)
    assessments.note(
        conn, done, related="Herinrichting Waterkade", permits="Geen",
        cost=Decimal(900), upkeep=Decimal(120),
    )  # fmt: skip
    assessments.judge(
        conn, done, Verdict.ADJUST, {"nl": "Kan het iets kleiner?"}, assessor="test-assessor",
        now_ms=now - 5 * DAY,
    )  # fmt: skip
    begin(7, "groen", "test-assessor", 3)
    plans.add_text(conn, ids[7], "نعم، مترين يكفي.", "ar", None, now - DAY)
    translations.put(
        conn, 3, Translation("nl", "Plek voor buren", "Ik wil een plek voor buren.", True), now
    )
    fixed = {"cost": Decimal(1200), "address": "Lindeplein 3"}
    plan_edits.edit(conn, 1, fixed, actor="test-coordinator", reason="Zo afgesproken", now_ms=now)


def _start(conn: Connection, now: int) -> None:
    plan = _id(conn, 11)
    starting.set_contact(conn, plan, Contact("Fatima de Boer", "020 000 00 01", ""), now - DAY)
    item = starting.add_item(conn, plan, Who.RESIDENT, "Buren vragen wie meedoet", now)
    starting.set_done(conn, item, now)
    starting.add_item(conn, plan, Who.MUNICIPALITY, "Vergunning geven", now)


def _id(conn: Connection, number: int) -> int:
    plan = plans.by_number(conn, 1, number)
    assert plan
    return plan.id


def tally(chosen: dict[int, str], passed: dict[int, str], area: str = "lindebuurt") -> str:
    """A `tally.json` as the count publishes it."""
    votes = [[number, "12"] for number in sorted(chosen | passed)]
    found = {
        "sha256": "0" * 64, "ballots": 30, "budget": "120000.00", "rule": "fill", "votes": votes,
        "chosen": [[n, cost] for n, cost in chosen.items()],
        "not_chosen": [[n, why] for n, why in passed.items()],
        "ties": [], "spent": "20000.00", "left": "100000.00",
    }  # fmt: skip
    return json.dumps({area: found}, indent=1, sort_keys=True) + "\n"


def counted(world: World) -> None:
    """A count of the Lindebuurt was uploaded: 8 is chosen, 10 is not."""
    content = tally({8: "20000.00"}, {10: "no_votes"})
    now = world.clock()
    world.db.call(lambda conn: count_files.put(conn, 1, content, "test-coordinator", now))
