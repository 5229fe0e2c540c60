"""Which initiators have not heard what became of their plan, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from civic.plans import RESULTS
from storage.conditions import WAITING, is_unsent
from storage.life_tables import news_told, plan_news
from storage.plan_news import CALLED, INITIATOR, PUT
from storage.tables import outbox, plans


@dataclass(frozen=True, slots=True)
class NotReached:
    """An initiator who has not heard. `person_id` is None when they are forgotten, or not known.

    `why`: not_yet | on_its_way | window (they have to write first) | invited (asked to write by
    an approved text) | stopped | inactive | no_consent | no_channel | forgotten | unknown |
    failed; `code` is the provider's when it failed. `may_call`, `phone`: as told with the plan.
    """

    news_id: int
    number: int
    title: str
    kind: str
    person_id: int | None
    why: str
    code: str
    since: int
    may_call: bool
    phone: str


def not_reached(
    conn: Connection, round_id: int, kinds: Iterable[str] = tuple(sorted(RESULTS))
) -> list[NotReached]:
    """Initiators who have not heard news of these kinds (the results), the longest first.

    Also whoever stopped messages: they are not written to, but somebody may call them.
    """
    where = {"round": round_id, "kinds": list(kinds)}
    found = ((row, *_why(row)) for row in conn.execute(_NEWS, where))
    return [
        NotReached(
            row.news_id,
            row.number,
            row.title,
            row.kind,
            row.initiator,
            why,
            code,
            row.due_at,
            row.may_call,
            row.phone,
        )
        for row, why, code in found
        if why
    ]


def _why(row: Any) -> tuple[str, str]:
    """Why somebody has not heard, with the provider's code; "" when they have."""
    if row.initiator is None:  # nobody's yet, with a number to call; see `storage.entered`
        return ("no_channel" if row.phone else "forgotten"), ""
    if row.outcome is None:
        return "not_yet", ""
    if row.outcome != PUT:
        return ("" if row.outcome == CALLED else row.outcome), ""
    if row.state == "sent":
        return ("invited" if row.waits else ""), ""
    return _UNSENT.get(row.state, "forgotten"), row.reason if row.state == "failed" else ""


_UNSENT = {
    "queued": "on_its_way",
    "sending": "on_its_way",
    "waiting": "window",
    "unknown": "unknown",
    "failed": "failed",
}
# What an approved text asked them to write for: see `storage.routing.invited`.
_copy = outbox.alias("copy")
_waits = exists().where(
    _copy.c.person_id == outbox.c.person_id,
    is_unsent(_copy),
    _copy.c.state == WAITING,
    _copy.c.reason == "invited",
    _copy.c.created_at == outbox.c.created_at,
    _copy.c.id > outbox.c.id,
)
_NEWS = (
    select(
        plan_news.c.id.label("news_id"),
        plan_news.c.kind,
        plan_news.c.due_at,
        plans.c.number,
        plans.c.title,
        plans.c.initiator,
        plans.c.may_call,
        plans.c.phone,
        news_told.c.outcome,
        outbox.c.state,
        outbox.c.reason,
        _waits.label("waits"),
    )
    .select_from(
        plan_news.join(plans, plans.c.id == plan_news.c.plan_id)
        .outerjoin(
            news_told,
            (news_told.c.news_id == plan_news.c.id) & (news_told.c.person_id == plans.c.initiator),
        )
        .outerjoin(outbox, outbox.c.id == news_told.c.outbox_id)
    )
    .where(
        plans.c.round_id == bindparam("round"),
        plan_news.c.kind.in_(bindparam("kinds", expanding=True)),
        plan_news.c.audience.in_(["everyone", INITIATOR]),
    )
    .order_by(plan_news.c.due_at, plan_news.c.id)
)
