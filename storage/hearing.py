"""Who will hear what becomes of plans: in which language, on which channel, and who cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, bindparam, func, select

from civic.campaigns import Reader, skipped
from civic.plans import Status
from storage.life_tables import follows
from storage.money import to_euros
from storage.tables import addresses, people, plans, sessions


@dataclass(frozen=True, slots=True)
class Decidable:
    """An admitted plan, and how its initiator is reached.

    `why_not`: why they would not get a message now ("" when they would), as in
    `civic.campaigns.skipped`, or `forgotten`.
    """

    id: int
    number: int
    title: str
    language: str
    area: str | None
    theme: str | None
    euros: Decimal | None
    reads: str
    channel: str
    why_not: str
    followers: int


def admitted(conn: Connection, round_id: int) -> list[Decidable]:
    """Every admitted plan of the round, by number."""
    followers = {row.plan_id: row.many for row in conn.execute(_FOLLOWERS, {"round": round_id})}
    return [
        Decidable(
            *row[:6],
            euros=to_euros(row.cost),
            reads=row.reads or "nl",
            channel=row.channel or "",
            why_not=_why_not(row),
            followers=followers.get(row.id, 0),
        )
        for row in conn.execute(_ADMITTED, {"round": round_id})
    ]


def language_of(conn: Connection, person_id: int | None, otherwise: str) -> str:
    """The language in which this person reads; `otherwise` when it is not known."""
    found: str | None = conn.scalar(_LANGUAGE, {"person": person_id}) if person_id else None
    return found or otherwise


def grouped(found: Iterable[Decidable]) -> dict[tuple[str, str], int]:
    """How many initiators hear it by message, by language and channel."""
    many: dict[tuple[str, str], int] = {}
    for each in found:
        if not each.why_not:
            many[each.reads, each.channel] = many.get((each.reads, each.channel), 0) + 1
    return dict(sorted(many.items()))


def _why_not(row: object) -> str:
    state = getattr(row, "state", None)
    if state is None or state == "forgotten":
        return "forgotten"
    reader = Reader(
        state == "active",
        getattr(row, "consent_at", None) is not None,
        bool(getattr(row, "notify", False)),
        getattr(row, "channel", None) or "",
    )
    return skipped(reader) or ""


_is_admitted = (plans.c.round_id == bindparam("round")) & (plans.c.status == Status.ADMITTED.value)
_ADMITTED = (
    select(
        plans.c.id,
        plans.c.number,
        plans.c.title,
        plans.c.language,
        plans.c.area,
        plans.c.theme,
        plans.c.cost,
        people.c.language.label("reads"),
        addresses.c.channel.label("channel"),
        people.c.state,
        people.c.consent_at,
        people.c.notify,
    )
    .select_from(
        plans.outerjoin(people, people.c.id == plans.c.initiator)
        .outerjoin(sessions, sessions.c.person_id == people.c.id)
        .outerjoin(addresses, addresses.c.id == sessions.c.address_id)
    )
    .where(_is_admitted)
    .order_by(plans.c.number)
)
_FOLLOWERS = (
    select(follows.c.plan_id, func.count().label("many"))
    .join(plans, plans.c.id == follows.c.plan_id)
    .where(_is_admitted)
    .group_by(follows.c.plan_id)
)
_LANGUAGE = select(people.c.language).where(people.c.id == bindparam("person"))
