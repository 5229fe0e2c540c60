"""A round with people and plans, for tests of a plan's life."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from sqlalchemy import insert, update

from civic.plans import Role, Status
from civic.rounds import Round
from runtime.round_file import load_round
from storage import hot, plan_life, plans, rounds, supports
from storage.db import Database
from storage.tables import people as people_rows
from storage.tables import plan_history

ROUND: Round = load_round(Path(__file__).parents[2] / "examples" / "slotermeer.toml")
NOON = 1_781_517_600_000  # 2026-06-15 12:00 in Amsterdam, a Monday
HOUR, DAY = 3_600_000, 86_400_000
WHY = {"nl": "Dat mag daar niet.", "tr": "Orada izin yok."}
_numbers = count(1)


class Living:
    """One round in one database."""

    def __init__(self, db: Database, round_: Round = ROUND) -> None:
        self.db = db
        self.round_id = db.call(lambda c: rounds.save_round(c, round_, NOON))

    def person(self, address: str = "", channel: str = "telegram", **more: object) -> int:
        """Somebody who said yes, in Dutch unless `more` (columns of people) tells otherwise."""
        number = next(_numbers)

        def make(conn: hot.Connection) -> int:
            arrival = hot.arrive(
                conn,
                channel=channel,
                provider_id=f"first-{number}",
                address=address or f"to{number}",
                hint="",
                kind="text",
                body_json="{}",
                now_ms=NOON,
            )
            assert arrival
            values = {"language": "nl", "consent_at": 1, **more}
            who = people_rows.c.id == arrival.person_id
            conn.execute(update(people_rows).where(who).values(values))
            return arrival.person_id

        return self.db.call(make)

    def people(self, number: int) -> list[int]:
        return [self.person() for _ in range(number)]

    def plan(self, initiator: int, status: Status = Status.SUBMITTED, **more: object) -> plans.Plan:
        """A plan that has come so far, without anybody having been told."""
        new = plans.NewPlan(
            initiator=initiator,
            **{"title": "Een bankje", "text": "Een bankje bij de halte", "language": "nl", **more},  # type: ignore[arg-type]
        )
        number = self.db.call(lambda c: plans.submit(c, self.round_id, new, NOON))
        plan = self.found(number)
        if status is not Status.SUBMITTED:
            self.db.call(
                lambda c: plans.set_status(c, plan.id, "submitted", status, "test", "", NOON)
            )
        return self.found(number)

    def found(self, number: int) -> plans.Plan:
        plan = self.db.read(lambda c: plans.by_number(c, self.round_id, number))
        assert plan
        return plan

    def status(self, plan: plans.Plan) -> str:
        return self.found(plan.number).status

    def change(
        self,
        plan: plans.Plan,
        to: Status,
        role: Role = Role.COORDINATOR,
        reasons: dict[str, str] | None = None,
        at: int = NOON,
        **more: int,
    ) -> plan_life.Changed:
        return self.db.call(
            lambda c: plan_life.change(
                c, plan.id, to, actor="anna", role=role, reasons=reasons, now_ms=at, **more
            )
        )

    def follow(self, plan: plans.Plan, person: int) -> None:
        self.db.call(lambda c: supports.follow(c, plan.id, person, NOON))

    def support(self, plan: plans.Plan, person: int) -> plan_life.Support:
        return self.db.call(lambda c: plan_life.support(c, plan.id, person, NOON))


def begun(conn: hot.Connection, plan_id: int, at: int) -> None:
    """As if the plan had come into its status then."""
    row = {"plan_id": plan_id, "at": at, "actor": "test", "before": "", "after": "", "reason": ""}
    conn.execute(insert(plan_history), row)
