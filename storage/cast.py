"""What is in the box at closing and at the count: envelopes with where their passes are valid."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, func, select

from storage.vote_tables import envelopes, stempas_batches, stempassen, turnout


@dataclass(frozen=True, slots=True)
class Cast:
    """One envelope, without the credential that was on it.

    area, channel: of the batch of the pass; None when no such pass was issued.
    """

    box: bytes
    area: str | None
    channel: str | None
    voided: bool


def in_the_box(conn: Connection, round_id: int) -> list[Cast]:
    """Every envelope of the round, in no order that means anything."""
    rows = conn.execute(_IN_THE_BOX, {"round": round_id})
    return [Cast(row.box, row.area, row.channel, bool(row.voided)) for row in rows]


def begun(conn: Connection, round_id: int) -> bool:
    """Whether anybody has voted: from then on the plans on the paper stay."""
    return bool(conn.scalar(_BEGUN, {"round": round_id}))


def turnout_by_area(conn: Connection, round_id: int) -> dict[str, int]:
    """How many passes were used, by area; a voided one that was used is among them."""
    return {row.area: int(row.used) for row in conn.execute(_TURNOUT, {"round": round_id})}


_BEGUN = select(exists().where(envelopes.c.round_id == bindparam("round")))
_TURNOUT = (
    select(turnout.c.area, func.sum(turnout.c.count).label("used"))
    .where(turnout.c.round_id == bindparam("round"))
    .group_by(turnout.c.area)
    .order_by(turnout.c.area)
)
_IN_THE_BOX = (
    select(envelopes.c.box, stempas_batches.c.area, stempas_batches.c.channel, stempassen.c.voided)
    .select_from(
        envelopes.outerjoin(
            stempassen,
            (stempassen.c.round_id == envelopes.c.round_id)
            & (stempassen.c.credential == envelopes.c.credential),
        ).outerjoin(stempas_batches, stempas_batches.c.id == stempassen.c.batch_id)
    )
    .where(envelopes.c.round_id == bindparam("round"))
)
