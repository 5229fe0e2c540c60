"""The rounds that were loaded; one of them is active."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from civic.round_json import round_from_json, round_to_json
from civic.rounds import Phase, Round
from storage.dialects import Either
from storage.money import to_cents
from storage.tables import areas, rounds, themes


@dataclass(frozen=True, slots=True)
class ActiveRound:
    """The round that runs. `phase` is set when a coordinator forces one, whatever the dates."""

    id: int
    round: Round
    phase: Phase | None
    loaded_at: int


def save_round(conn: Connection, round_: Round, now_ms: int) -> int:
    """Stores a round, new or changed, and makes it the active one; returns its row id.

    A round keeps its row, and so its plans and numbers, for as long as its id is the same.
    """
    data = json.dumps(round_to_json(round_), ensure_ascii=False, separators=(",", ":"))
    conn.execute(_NONE_ACTIVE)
    row = {"slug": round_.id, "data": data, "loaded_at": now_ms}
    round_id: int = conn.execute(_SAVE.on(conn), row).scalar_one()
    _mirror(conn, round_id, round_)
    return round_id


def active(conn: Connection) -> ActiveRound | None:
    """The active round; None when none was loaded."""
    row = conn.execute(_ACTIVE).one_or_none()
    if row is None:
        return None
    phase = Phase(row.phase_override) if row.phase_override else None
    return ActiveRound(row.id, _read(row.data), phase, row.loaded_at)


def by_id(conn: Connection, round_id: int) -> Round | None:
    """A round that was loaded, whether or not it is the active one."""
    data = conn.scalar(_BY_ID, {"round": round_id})
    return _read(data) if data else None


def set_phase(conn: Connection, round_id: int, phase: Phase | None) -> None:
    """Forces a phase; None lets the dates decide again."""
    conn.execute(_SET_PHASE, {"round": round_id, "phase": phase.value if phase else None})


def _mirror(conn: Connection, round_id: int, round_: Round) -> None:
    """Copies areas and themes into tables of their own, for those who query."""
    language = round_.languages[0]
    _replace(
        conn,
        areas,
        round_id,
        [
            {"slug": area.id, "name": area.name.get(language), "budget": to_cents(area.budget)}
            for area in round_.areas
        ],
    )
    _replace(
        conn,
        themes,
        round_id,
        [
            {"slug": theme.id, "name": theme.name.get(language), "cap": to_cents(theme.cap)}
            for theme in round_.themes
        ],
    )


def _replace(conn: Connection, table: Table, round_id: int, rows: list[dict[str, Any]]) -> None:
    conn.execute(delete(table).where(table.c.round_id == round_id))
    if rows:
        places = [{"round_id": round_id, "position": n, **row} for n, row in enumerate(rows, 1)]
        conn.execute(insert(table), places)


@lru_cache(maxsize=4)
def _read(data: str) -> Round:
    """Reading a round takes longer than all else that a message needs."""
    return round_from_json(json.loads(data))


_NONE_ACTIVE = update(rounds).where(rounds.c.active).values(active=False)
_SAVE = Either(
    rounds,
    lambda insert: (
        insert.values(active=True, next_number=1)
        .on_conflict_do_update(
            index_elements=["slug"],
            set_={
                "data": insert.excluded.data,
                "loaded_at": insert.excluded.loaded_at,
                "active": True,
            },
        )
        .returning(rounds.c.id)
    ),
)
_ACTIVE = select(rounds.c.id, rounds.c.data, rounds.c.phase_override, rounds.c.loaded_at).where(
    rounds.c.active
)
_BY_ID = select(rounds.c.data).where(rounds.c.id == bindparam("round"))
_SET_PHASE = (
    update(rounds)
    .where(rounds.c.id == bindparam("round"))
    .values(phase_override=bindparam("phase"))
)
