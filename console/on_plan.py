"""The plan that a page is about, and what whoever opens it may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from civic.plans import OPEN_TO_SUPPORT, RESULTS, STEPS, Refusal, Status, refusal
from civic.plans import Role as Actor
from civic.rounds import Phase, Round
from console.roles import Role
from console.visit import Visit
from storage import assessing, hearing, plans, supports, translations
from storage.plans import Plan
from storage.rounds import ActiveRound
from storage.times import from_ms

ACTS_AS: Mapping[Role, Actor] = {
    Role.COORDINATOR: Actor.COORDINATOR,
    Role.ASSESSOR: Actor.ASSESSOR,
    Role.COMMITTEE: Actor.COMMITTEE,
}
_BY_RESULTS = RESULTS  # set for all plans at once, on a page of its own


@dataclass(frozen=True, slots=True)
class OnPlan:
    """`reads`: the language of who sent it in. `mine`: who looks is one of its assessors.

    `missing`: supporters that it still lacks. `ballot_fixed`: it is on a ballot that people
    vote on, which must not change any more. `titles`: in other languages.
    """

    active: ActiveRound
    plan: Plan
    reads: str
    mine: bool
    support: int
    missing: int
    ballot_fixed: bool
    titles: Mapping[str, str]

    @property
    def round(self) -> Round:
        return self.active.round

    @property
    def status(self) -> Status:
        return Status(self.plan.status)

    @property
    def languages(self) -> list[str]:
        """In which a text is asked: Dutch, then that of who sent the plan in."""
        return list(dict.fromkeys(("nl", self.reads)))


async def on_plan(visit: Visit) -> OnPlan:
    """The plan of the path's `number`; noted as seen. A 404 when there is none."""
    active = await visit.round()
    number, me = visit.number("number"), visit.me.name
    now = visit.deps.clock()
    found = await visit.read(lambda conn: _found(conn, active, number, me, now))
    if found is None:
        raise visit.missing()
    visit.saw("plan", found.plan.id)
    return found


def _found(
    conn: Connection, active: ActiveRound, number: int, me: str, now_ms: int
) -> OnPlan | None:
    plan = plans.by_number(conn, active.id, number)
    return load(conn, active, plan, me, now_ms) if plan else None


def load(conn: Connection, active: ActiveRound, plan: Plan, me: str, now_ms: int) -> OnPlan:
    """What is known of a plan, for the user of this name."""
    support = supports.count(conn, plan.id)
    asked = active.round.support_needed
    return OnPlan(
        active,
        plan,
        hearing.language_of(conn, plan.initiator, plan.language),
        assessing.is_assessor_of(conn, plan.id, me),
        support,
        max(0, asked - support) if Status(plan.status) in OPEN_TO_SUPPORT else 0,
        plan.status == Status.ADMITTED and vote_has_begun(active, now_ms),
        _titles(conn, plan),
    )


def _titles(conn: Connection, plan: Plan) -> dict[str, str]:
    """As news has them: by a person's hand."""
    found = translations.of_plan(conn, plan.id).values()
    return {each.language: each.title for each in found if not each.machine and each.title}


def vote_has_begun(active: ActiveRound, now_ms: int) -> bool:
    """Whether people vote or have voted, by the dates or by the phase that somebody set."""
    if active.phase is not None:
        order = list(Phase)
        return order.index(active.phase) >= order.index(Phase.VOTE)
    dates = active.round.dates(Phase.VOTE)
    return dates is not None and from_ms(now_ms) >= dates.opens_at


def actor_of(visit: Visit) -> Actor | None:
    """As whom this user takes a step in a plan's life; None for who only reads."""
    return ACTS_AS.get(Role(visit.me.role))


def next_steps(visit: Visit, on: OnPlan) -> list[Status]:
    """The steps that this user may take with the plan now. Results have a page of their own."""
    actor = actor_of(visit)
    if actor is None or (actor is Actor.ASSESSOR and on.status not in OPEN_TO_SUPPORT | _mine(on)):
        return []
    return [to for to in STEPS[on.status] if to not in _BY_RESULTS and not why_not(on, to, actor)]


def moves(visit: Visit) -> dict[Status, list[Status]]:
    """For each status the steps out of it that may be this user's to take."""
    actor = actor_of(visit)
    return {
        before: [to for to, roles in steps.items() if actor in roles and to not in _BY_RESULTS]
        for before, steps in STEPS.items()
    }


def why_not(on: OnPlan, to: Status, actor: Actor) -> Refusal | None:
    """Why the step cannot be taken even with a reason; None when it can."""
    return refusal(on.status, to, actor, has_reason=True, support_missing=on.missing)


def _mine(on: OnPlan) -> frozenset[Status]:
    """An assessor decides about the plans that they test."""
    return frozenset({on.status}) if on.mine else frozenset()
