"""Which resource of an OpenStad project is which plan, and what it was last told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from storage.dialects import Either
from storage.export_tables import openstad_sent
from storage.tables import plans


@dataclass(frozen=True, slots=True)
class Sent:
    """A plan's resource there; `sent` are digests of what it was last told, by field."""

    remote_id: int
    sent: Mapping[str, str]


def of_round(conn: Connection, round_id: int, project: str) -> dict[int, Sent]:
    """What the project has of this round, by the plan's number."""
    where = {"round": round_id, "to": project}
    rows = conn.execute(_OF_ROUND, where)
    return {row.number: Sent(row.remote_id, json.loads(row.sent)) for row in rows}


def keep(
    conn: Connection,
    plan_id: int,
    project: str,
    remote_id: int,
    sent: Mapping[str, str],
    now_ms: int,
) -> None:
    """The resource is there and was told this."""
    row = {"plan_id": plan_id, "project": project, "remote_id": remote_id}
    conn.execute(_KEEP.on(conn), row | {"sent": json.dumps(dict(sent)), "at": now_ms})


_OF_ROUND = (
    select(plans.c.number, openstad_sent.c.remote_id, openstad_sent.c.sent)
    .select_from(openstad_sent.join(plans, plans.c.id == openstad_sent.c.plan_id))
    .where(plans.c.round_id == bindparam("round"), openstad_sent.c.project == bindparam("to"))
)
_KEEP = Either(
    openstad_sent,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["plan_id", "project"],
        set_={name: insert.excluded[name] for name in ("remote_id", "sent", "at")},
    ),
)
