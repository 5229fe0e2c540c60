"""A step that a coordinator takes reaches people through the whole system."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from sqlalchemy import text

from bot.messages import Inbound, Outbound
from civic.plans import Role, Status
from runtime import plan_news, wiring
from runtime.config import Settings
from storage import plan_life, plans, rounds
from storage.times import now_ms

ROUND = Path(__file__).parents[2] / "examples" / "slotermeer.toml"
NEWS = text("SELECT body FROM outbox WHERE kind = 'notice' AND state = 'sent'")


def test_a_step_is_told_by_the_running_system(tmp_path, monkeypatch):
    monkeypatch.setattr(plan_news, "waking_hour", lambda moment: moment)  # whenever this runs
    monkeypatch.setattr("storage.plan_news.waking_hour", lambda moment: moment)
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/x.db",
        media_url=f"file://{tmp_path}/media",
        round_file=str(ROUND),
    )

    async def scene():
        system = wiring.build(settings)
        await system.start()
        try:
            for n, words in enumerate(("hoi", "nederlands", "ja")):
                said = Inbound(f"m{n}", "simulator", "simulator:anna", text=words)
                person = await system.take(said)
            await system.db.run(lambda conn: _declined(conn, person))
            async with asyncio.timeout(30):
                while not (rows := await system.db.aread(_news)):
                    await asyncio.sleep(0.05)
            return rows
        finally:
            await system.stop()

    (row,) = asyncio.run(scene())
    message = Outbound.from_json(json.loads(row))
    assert "💬 “Dat mag daar niet.”" in message.text
    assert [button.id for button in message.buttons] == ["life.offer:talk-1", "life.offer:menu"]


def _news(conn):
    return conn.execute(NEWS).scalars().all()


def _declined(conn, person):
    active = rounds.active(conn)
    new = plans.NewPlan(initiator=person, title="Bankje", text="Een bankje", language="nl")
    number = plans.submit(conn, active.id, new, now_ms())
    plan = plans.by_number(conn, active.id, number)
    plans.set_status(conn, plan.id, "submitted", "assessing", "test", "", now_ms())
    plan_life.change(
        conn,
        plan.id,
        Status.DECLINED,
        actor="anna",
        role=Role.ASSESSOR,
        reasons={"nl": "Dat mag daar niet."},
        now_ms=now_ms(),
    )
