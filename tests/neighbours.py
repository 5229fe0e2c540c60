"""What neighbours and the city do in a golden conversation, and the news that follows from it.

A line of a dialogue that begins with `*`:
`* 3 plans` are sent in by somebody else; `* 1 support 29`: so many people support plan 1;
`* 1 adjust nl: Kan het goedkoper?`: plan 1 takes a step, with its reason by language between `|`;
`* 1 word nl: Hallo`: a coordinator says something. What people are told comes with it.
`* 1 entered`: a coordinator enters a plan for somebody, on form 1; `* 2 sheet 5`: a sheet with five
supports for plan 2. Their codes are always the same: see `civic.link_codes`.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, update

from civic.plans import Role, Status
from runtime.plan_news import PlanNews
from storage import entered, hot, plan_life, plan_news, plans, rounds
from storage.tables import people
from storage.times import to_ms

if TYPE_CHECKING:
    from tests.dialogue import Town

IDEAS = (
    ("Een bankje bij de halte", "Veel oude mensen wachten daar op de tram.", "green"),
    ("Samen koken op vrijdag", "Elke week een warme maaltijd voor de hele straat.", "together"),
    ("Meer licht in het park", "Het is daar donker. Mensen durven er niet te lopen.", "green"),
)
ROLES = {
    Status.ASSESSING: Role.COORDINATOR,
    Status.ADJUST: Role.ASSESSOR,
    Status.ADMITTED: Role.COMMITTEE,
    Status.DECLINED: Role.ASSESSOR,
    Status.CHOSEN: Role.COUNT,
    Status.NOT_CHOSEN: Role.COUNT,
}


def act(town: Town, line: str) -> None:
    """Does what the line says, and has it told."""
    number, what, *rest = line.split(maxsplit=2)
    town.db.call(lambda conn: _act(conn, town, int(number), what, "".join(rest)))
    _tell(town)


def _act(conn: Connection, town: Town, number: int, what: str, rest: str) -> None:
    active = rounds.active(conn)
    assert active
    now = to_ms(town.now)
    if what == "plans":
        _plans(conn, active, number, now)
        return
    at = entered.At(active.id, active.round.id, town.codes, now)
    if what == "entered":
        title, text, _ = IDEAS[number % len(IDEAS)]
        new = plans.NewPlan(initiator=None, title=title, text=text, language="nl", channel="paper")
        entered.plan(conn, at, new, f"form {number}")
        return
    plan = plans.by_number(conn, active.id, number)
    assert plan
    if what == "sheet":
        entered.sheet(conn, at, plan.id, f"sheet {number}", int(rest))
    elif what == "support":
        for _ in range(int(rest)):
            plan_life.support(conn, plan.id, _somebody(conn, now), now)
    elif what == "word":
        plan_life.say(conn, plan.id, _words(rest), now_ms=now)
    else:
        to = Status(what)
        role = ROLES.get(to, Role.COORDINATOR)
        plan_life.change(
            conn, plan.id, to, actor="anna", role=role, reasons=_words(rest), now_ms=now
        )


def _plans(conn: Connection, active: rounds.ActiveRound, number: int, now: int) -> None:
    themes = [theme.id for theme in active.round.themes]
    for n in range(number):
        title, text, _ = IDEAS[n % len(IDEAS)]
        new = plans.NewPlan(
            initiator=_somebody(conn, now),
            title=title,
            text=text,
            language="nl",
            area=active.round.areas[0].id,
            theme=themes[n % len(themes)] if themes else None,
        )
        plans.submit(conn, active.id, new, now)


def _words(text: str) -> dict[str, str]:
    """`nl: Dat mag niet | tr: Olmaz` by language."""
    parts = (part.partition(":") for part in text.split("|") if ":" in part)
    return {language.strip(): words.strip() for language, _, words in parts}


_numbers = itertools.count()


def _somebody(conn: Connection, now: int) -> int:
    """A neighbour who said yes."""
    address = f"simulator:neighbour{next(_numbers)}"
    arrival = hot.arrive(
        conn,
        channel="simulator",
        provider_id=address,
        address=address,
        hint="",
        kind="text",
        body_json="{}",
        now_ms=now,
    )
    assert arrival
    where = people.c.id == arrival.person_id
    conn.execute(update(people).where(where).values(consent_at=1, language="nl"))
    return arrival.person_id


class _NoJobs:
    """Nothing is for later: `_tell` looks until everything is told."""

    def enqueue(self, *job: object, **more: object) -> None:
        pass


def _tell(town: Town) -> None:
    news = PlanNews(town.db, _NoJobs(), None, clock=lambda: town.now)  # type: ignore[arg-type]
    town.db.call(news._look)
    for _ in range(9):
        at = to_ms(town.now)
        due = town.db.call(lambda conn, at=at: plan_news.plans_due(conn, at, at))
        for plan_id in due:
            town.db.call(lambda conn, p=plan_id: news._take(p, conn))


def later(town: Town, days: float) -> None:
    """Time goes by, and the city's calendar with it."""
    town.now += timedelta(days=days)
    _tell(town)
