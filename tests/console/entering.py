"""What a coordinator entered in the town of `world`, for pages that show it."""

from __future__ import annotations

from sqlalchemy import Connection

from storage import entered, plans, rounds
from storage.entered import At
from tests.console.world import World


def enter(world: World) -> None:
    """To be called after everything else: a sheet for plan 2 (rows 1 to 3), and a plan (row 4)."""
    world.db.call(lambda conn: _enter(conn, world))


def _enter(conn: Connection, world: World) -> None:
    active = rounds.active(conn)
    assert active
    at = At(active.id, active.round.id, world.deps.codes, world.clock())
    plan = plans.by_number(conn, active.id, 2)
    assert plan
    entered.sheet(conn, at, plan.id, "AB-001", 3)
    new = plans.NewPlan(
        initiator=None, title="Meer licht in het park", text="Het is er donker.", language="nl",
        channel="paper",
    )  # fmt: skip
    entered.plan(conn, at, new, "form of the stall")
