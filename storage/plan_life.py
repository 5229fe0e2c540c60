"""The life of a plan: every step of it, and what a coordinator says about it.

`change` is the only way from one status to the next. It judges by `civic.plans`, writes the
history with actor and time, and puts the news that tells people in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from civic.plans import (
    ADAPT_WITHIN,
    OPEN_TO_SUPPORT,
    TEST_AGAIN_WITHIN,
    Refusal,
    Role,
    Status,
    refusal,
)
from storage import assessments, cast, plan_news, plans, rounds, supports
from storage.dialects import Either
from storage.life_tables import adjustments, plan_reasons
from storage.plans import Plan
from storage.tables import plan_history
from storage.tables import plans as plan_rows
from storage.times import from_ms, to_ms

DUTCH = "nl"


class NotAllowed(ValueError):
    """A step that may not be taken; `refusal` says why."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.refusal = why


@dataclass(frozen=True, slots=True)
class Changed:
    """A step that was taken: its row in the history, and the news of it if there is any."""

    before: Status
    after: Status
    history_id: int
    news_id: int | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step was taken, in the language asked for if there is one, else in Dutch.

    `machine`: nobody has looked at the translation.
    """

    text: str
    language: str
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan's history, with its reason by language.

    `machine`: the languages in which nobody has looked at it.
    """

    id: int
    at: int
    actor: str
    before: str
    after: str
    reasons: Mapping[str, str]
    machine: frozenset[str] = frozenset()


Given = Literal["given", "already", "own", "closed"]


@dataclass(frozen=True, slots=True)
class Support:
    """What became of a 👍: `count` supporters now, of `needed`; `enough`: this was the last one."""

    what: Given
    count: int
    needed: int
    enough: bool = False


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the initiator is asked to change, and by when (milliseconds)."""

    history_id: int
    plan_id: int
    deadline: int


def change(
    conn: Connection,
    plan_id: int,
    to: Status,
    *,
    actor: str,
    role: Role,
    reasons: Mapping[str, str] | None = None,
    now_ms: int,
    deadline_ms: int | None = None,
) -> Changed:
    """Takes one step in the life of a plan.

    `actor` is a role or a coordinator's name, never a resident's. `reasons` by language, Dutch
    among them where a reason is needed. `deadline_ms`: until when the initiator may answer when
    asked to adapt (two weeks by default).
    Raises LookupError for an unknown plan, `NotAllowed` for a step that may not be taken.
    """
    plan = _locked(conn, plan_id)
    before, said = Status(plan.status), _words(reasons)
    why = refusal(
        before,
        to,
        role,
        has_reason=DUTCH in said,
        support_missing=_support_missing(conn, plan) if before is Status.SUBMITTED else 0,
    )
    leaves = before is Status.ADMITTED and to is Status.WITHDRAWN
    if why is None and (leaves or to is Status.ADMITTED):
        why = Refusal.VOTE_BEGUN if cast.begun(conn, plan.round_id) else None
    if why is not None:
        raise NotAllowed(why)
    plans.set_status(conn, plan_id, before, to, actor, said.get(DUTCH, ""), now_ms)
    history_id: int = conn.execute(_LAST_STEP, {"plan": plan_id}).scalar_one()
    for language, text in said.items():
        if language != DUTCH:
            put_reason(conn, history_id, language, text)
    _follow_up(conn, plan, to, history_id, deadline_ms, now_ms)
    return Changed(before, to, history_id, _tell(conn, plan_id, to, history_id, role, now_ms))


def _follow_up(
    conn: Connection, plan: Plan, to: Status, history_id: int, deadline_ms: int | None, now_ms: int
) -> None:
    """What else a step changes: a question is asked or closed, a test is done again."""
    conn.execute(_CLOSE, {"plan": plan.id, "now": now_ms})
    if to is Status.ADJUST:
        until = deadline_ms or to_ms(from_ms(now_ms) + ADAPT_WITHIN)
        row = {"history_id": history_id, "plan_id": plan.id, "deadline": until}
        conn.execute(_ASK, row)
    if to is Status.ASSESSING and plan.status == Status.ADJUST:
        again = to_ms(from_ms(now_ms) + TEST_AGAIN_WITHIN)
        assessments.again(conn, plan.id, again, now_ms)


def _tell(
    conn: Connection, plan_id: int, to: Status, history_id: int, role: Role, now_ms: int
) -> int | None:
    """News for those who did not take the step themselves."""
    if to is Status.SUBMITTED:
        return None
    audience = plan_news.FOLLOWERS if role is Role.INITIATOR else plan_news.EVERYONE
    return plan_news.add(
        conn, plan_id, to.value, audience=audience, history_id=history_id, now_ms=now_ms
    )


def support(conn: Connection, plan_id: int, person_id: int, now_ms: int) -> Support:
    """Somebody's 👍 for a plan. Whether it is the time for it is the caller's to know.

    The plan's row is locked while it is counted, so that of forty people at once exactly one is
    the thirtieth: then the plan becomes `supported`, and its news is put.
    Raises LookupError for an unknown plan.
    """
    plan = _locked(conn, plan_id)
    refused = _refused(plan, person_id)
    if refused:
        return Support(refused, supports.count(conn, plan_id), _needed(conn, plan))
    new = supports.give(conn, plan_id, person_id, now_ms)
    return replace(_enough(conn, plan, now_ms), what="given" if new else "already")


def count_again(conn: Connection, plan_id: int, now_ms: int) -> Support:
    """After supports were added otherwise than by `support`: on paper.

    Raises LookupError for an unknown plan.
    """
    return _enough(conn, _locked(conn, plan_id), now_ms)


def _enough(conn: Connection, plan: Plan, now_ms: int) -> Support:
    """How many there are, and what that leads to."""
    total, needed = supports.count(conn, plan.id), _needed(conn, plan)
    enough = total >= needed > 0 and plan.status == Status.SUBMITTED
    if enough:
        by = Role.SUPPORTERS
        change(conn, plan.id, Status.SUPPORTED, actor=by.value, role=by, now_ms=now_ms)
    return Support("given", total, needed, enough)


def _refused(plan: Plan, person_id: int) -> Given | None:
    if plan.initiator == person_id:
        return "own"
    return None if Status(plan.status) in OPEN_TO_SUPPORT else "closed"


def say(
    conn: Connection, plan_id: int, words: Mapping[str, str], *, now_ms: int, everyone: bool = True
) -> int:
    """A coordinator's own words to the initiator, and with `everyone` to the followers too.

    By language, Dutch among them. Returns the id of the news. Raises ValueError without Dutch.
    """
    said = _words(words)
    if DUTCH not in said:
        raise ValueError("words in Dutch are needed")
    audience = plan_news.EVERYONE if everyone else plan_news.INITIATOR
    return plan_news.add(conn, plan_id, "word", audience=audience, words=said, now_ms=now_ms)


def steps(conn: Connection, plan_id: int) -> list[Step]:
    """The plan's life so far, in order, with every reason in every language."""
    others: dict[int, list[Any]] = {}
    for row in conn.execute(_REASONS_OF, {"plan": plan_id}):
        others.setdefault(row.history_id, []).append(row)
    found = conn.execute(_STEPS, {"plan": plan_id})
    return [_step(row, others.get(row.id, [])) for row in found]


def _step(row: Any, others: Sequence[Any]) -> Step:
    reasons = {DUTCH: row.reason} if row.reason else {}
    reasons |= {each.language: each.text for each in others}
    machine = frozenset(each.language for each in others if each.machine)
    return Step(row.id, row.at, row.actor, row.before, row.after, reasons, machine)


def put_reason(
    conn: Connection, history_id: int, language: str, text: str, *, machine: bool = False
) -> bool:
    """A reason in another language than Dutch. A machine's never replaces a person's.

    Returns whether it was stored.
    """
    row = {"history_id": history_id, "language": language, "text": text, "machine": machine}
    return conn.scalar(_PUT_REASON.on(conn), row) is not None


def reason(conn: Connection, history_id: int, language: str) -> Reason | None:
    """Why this step was taken; None when nothing was said."""
    where = {"history": history_id, "in": language}
    found = conn.execute(_REASON, where).one_or_none()
    if found:
        return Reason(found.text, language, found.machine)
    dutch = conn.scalar(_DUTCH_REASON, {"history": history_id})
    return Reason(dutch, DUTCH) if dutch else None


def last_reason(conn: Connection, plan_id: int, language: str) -> Reason | None:
    """Why the plan is in the status that it is in."""
    history_id = conn.scalar(_LAST_STEP, {"plan": plan_id})
    return reason(conn, history_id, language) if history_id else None


def adjustment(conn: Connection, plan_id: int) -> Adjustment | None:
    """What the initiator is asked now; None when nothing is asked."""
    row = conn.execute(_ASKED, {"plan": plan_id}).first()
    return Adjustment(*row) if row else None


def remind(conn: Connection, before_ms: int, now_ms: int) -> int:
    """Puts the reminder of each question whose deadline comes before this moment, once.

    Returns how many were put.
    """
    due = conn.execute(_TO_REMIND, {"before": before_ms, "now": now_ms}).all()
    put = [
        plan_news.add(
            conn,
            row.plan_id,
            "reminder",
            audience=plan_news.INITIATOR,
            history_id=row.history_id,
            now_ms=now_ms,
        )
        for row in due
    ]
    return len(put)


def _locked(conn: Connection, plan_id: int) -> Plan:
    """The plan, which nobody else changes until this transaction ends."""
    found = plans.locked(conn, plan_id)
    if found is None:
        raise LookupError("no such plan")
    return found


def _needed(conn: Connection, plan: Plan) -> int:
    round_ = rounds.by_id(conn, plan.round_id)
    return round_.support_needed if round_ else 0


def _support_missing(conn: Connection, plan: Plan) -> int:
    needed = _needed(conn, plan)
    return max(0, needed - supports.count(conn, plan.id)) if needed else 0


def _words(words: Mapping[str, str] | None) -> dict[str, str]:
    return {language: text.strip() for language, text in (words or {}).items() if text.strip()}


_of_plan = plan_history.c.plan_id == bindparam("plan")
_LAST_STEP = select(plan_history.c.id).where(_of_plan).order_by(plan_history.c.id.desc()).limit(1)
_STEPS = select(plan_history).where(_of_plan).order_by(plan_history.c.id)
_REASONS_OF = (
    select(plan_reasons)
    .join(plan_history, plan_history.c.id == plan_reasons.c.history_id)
    .where(_of_plan)
)
_PUT_REASON = Either(
    plan_reasons,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["history_id", "language"],
        set_={"text": insert.excluded.text, "machine": insert.excluded.machine},
        where=plan_reasons.c.machine | ~insert.excluded.machine,
    ).returning(plan_reasons.c.history_id),
)
_in_language = (
    plan_reasons.c.history_id == bindparam("history"),
    plan_reasons.c.language == bindparam("in"),
)
_REASON = select(plan_reasons.c.text, plan_reasons.c.machine).where(*_in_language)
_DUTCH_REASON = select(plan_history.c.reason).where(plan_history.c.id == bindparam("history"))
_ASK = insert(adjustments)
_open = (adjustments.c.plan_id == bindparam("plan"), adjustments.c.closed_at.is_(None))
_CLOSE = update(adjustments).where(*_open).values(closed_at=bindparam("now"))
_adjustment = select(adjustments.c.history_id, adjustments.c.plan_id, adjustments.c.deadline)
_ASKED = _adjustment.where(*_open)
_TO_REMIND = _adjustment.join(plan_rows, plan_rows.c.id == adjustments.c.plan_id).where(
    adjustments.c.closed_at.is_(None),
    adjustments.c.deadline <= bindparam("before"),
    adjustments.c.deadline > bindparam("now"),
    ~plan_news.exists_of(adjustments.c.history_id, "reminder"),
)
