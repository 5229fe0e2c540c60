"""What a machine is to translate: which plans and reasons, how often it was tried, what is done.

A plan is wanted in Dutch and the round's languages, the reason of a step in its initiator's. The
translations themselves are in `storage.translations` and `storage.plan_life`: there a person's
text always wins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Text, and_, bindparam, cast, exists, literal, or_, select, update

from civic.plans import Status
from storage import plan_life, plans, translations
from storage.conditions import is_untold
from storage.dialects import Either
from storage.entered_tables import translation_wants as wants
from storage.life_tables import plan_reasons
from storage.plan_life import DUTCH
from storage.tables import people, plan_history
from storage.tables import plans as plan_rows
from storage.translations import Translation

Kind = Literal["plan", "reason"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Words to be translated into `languages`; `parts` are the title and text, or the reason.

    `covers` tells what they are the words of, and is handed back to `done`. `attempts` counts
    this one.
    """

    kind: Kind
    ref: int
    parts: tuple[str, ...]
    source: str
    languages: tuple[str, ...]
    covers: str
    attempts: int

    @property
    def digest(self) -> str:
        return _digest(self.parts)


@dataclass(frozen=True, slots=True)
class State:
    """How far the translations of a plan are; `why` is the service's code when it failed."""

    open: bool
    why: str
    attempts: int


def due(conn: Connection, round_id: int, now_ms: int, limit: int) -> list[tuple[Kind, int]]:
    """The reasons, then the plans, that are new, changed, or to be tried again now."""
    where = {"round": round_id, "now": now_ms, "most": limit}
    found: list[tuple[Kind, int]] = [("reason", ref) for ref in conn.scalars(_REASONS_DUE, where)]
    return found + [("plan", ref) for ref in conn.scalars(_PLANS_DUE, where)]


def take(
    conn: Connection, kind: Kind, ref: int, languages: Iterable[str], now_ms: int, again_ms: int
) -> Wanted | None:
    """What is to be translated now, one more attempt counted; None when there is nothing to do.

    `languages` are the round's. If we hear no more of it, it is due again at `again_ms`.
    """
    found = _plan(conn, ref, languages) if kind == "plan" else _reason(conn, ref)
    if found is None:
        return None
    row = conn.execute(_GET, {"kind": kind, "ref": ref}).one_or_none()
    made = json.loads(row.made_of) if row else {}
    todo = tuple(one for one in found.languages if made.get(one) != found.digest)
    attempts = (row.attempts if row and row.state == "open" else 0) + 1
    values = {"kind": kind, "ref": ref, "covers": row.covers if row else ""}
    values |= {"made_of": json.dumps(made), "state": "open", "why": row.why if row else ""}
    conn.execute(_PUT.on(conn), {**values, "attempts": attempts, "due_at": again_ms})
    if not todo:
        done(conn, found)
        return None
    return Wanted(kind, ref, found.parts, found.source, todo, found.covers, attempts)


def store(
    conn: Connection, wanted: Wanted, language: str, parts: tuple[str, ...], now_ms: int
) -> bool:
    """Keeps a translation, unless its words have changed meanwhile; a person's text stays.

    Returns whether the words were still the same.
    """
    if _still(conn, wanted) != wanted.parts:
        return False
    if wanted.kind == "plan":
        title, text = parts
        translations.put(conn, wanted.ref, Translation(language, title, text, True), now_ms)
    else:
        plan_life.put_reason(conn, wanted.ref, language, parts[0], machine=True)
    made = json.loads(conn.execute(_GET, {"kind": wanted.kind, "ref": wanted.ref}).one().made_of)
    made[language] = wanted.digest
    conn.execute(_MADE, _of(wanted) | {"made": json.dumps(made)})
    return True


def done(conn: Connection, wanted: Wanted) -> None:
    """Nothing is left to do until the words change."""
    conn.execute(_DONE, _of(wanted) | {"what": wanted.covers})


def failed(conn: Connection, wanted: Wanted, why: str, again_ms: int) -> None:
    """It is tried again then. `why` is the service's code, never a text of its own."""
    conn.execute(_FAILED, _of(wanted) | {"code": why, "again": again_ms})


def ask(conn: Connection, plan_id: int, now_ms: int) -> None:
    """A coordinator wants the plan translated now, whatever was made of it before."""
    row = {"kind": "plan", "ref": plan_id, "covers": "", "made_of": "{}", "state": "open"}
    conn.execute(_PUT.on(conn), {**row, "why": "", "attempts": 0, "due_at": now_ms})


def state_of(conn: Connection, plan_id: int) -> State | None:
    """How far a plan is; None when it was never looked at."""
    row = conn.execute(_GET, {"kind": "plan", "ref": plan_id}).one_or_none()
    return State(row.state == "open", row.why, row.attempts) if row else None


def is_reason_awaited(conn: Connection, history_id: int) -> bool:
    """Whether the initiator would read this reason in a language that is still being made."""
    return bool(conn.scalar(_AWAITED, {"ref": history_id}))


def _plan(conn: Connection, plan_id: int, languages: Iterable[str]) -> Wanted | None:
    plan = plans.by_id(conn, plan_id)
    if plan is None or plan.status in _NOT_SHOWN or not plan.language:
        return None
    human = {each.language for each in translations.of_plan(conn, plan_id).values()}
    human -= _by_machine(translations.of_plan(conn, plan_id))
    into = [one for one in dict.fromkeys((DUTCH, *languages)) if one != plan.language]
    wanted = tuple(one for one in into if one not in human) if plan.title or plan.text else ()
    parts, covers = (plan.title, plan.text), str(plan.updated_at)
    return Wanted("plan", plan_id, parts, plan.language, wanted, covers, 0)


def _by_machine(found: Mapping[str, Translation]) -> set[str]:
    return {language for language, each in found.items() if each.machine}


def _reason(conn: Connection, history_id: int) -> Wanted | None:
    row = conn.execute(_REASON, {"ref": history_id}).one_or_none()
    if row is None or not row.reason or row.language in ("", DUTCH):
        return None
    known = plan_life.reason(conn, history_id, row.language)
    human = known is not None and known.language == row.language and not known.machine
    into = () if human else (row.language,)
    return Wanted("reason", history_id, (row.reason,), DUTCH, into, row.language, 0)


def _still(conn: Connection, wanted: Wanted) -> tuple[str, ...]:
    """The words as they are now; those of a plan do not change until this transaction ends."""
    if wanted.kind == "reason":
        row = conn.execute(_REASON, {"ref": wanted.ref}).one_or_none()
        return (row.reason,) if row else ()
    plan = plans.locked(conn, wanted.ref)
    return (plan.title, plan.text) if plan else ()


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _of(wanted: Wanted) -> dict[str, str | int]:
    return {"of_kind": wanted.kind, "of_ref": wanted.ref}


_NOT_SHOWN = frozenset({Status.DRAFT, Status.WITHDRAWN})
_GET = select(wants).where(wants.c.kind == bindparam("kind"), wants.c.ref == bindparam("ref"))
_PUT = Either(
    wants,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["kind", "ref"],
        set_={
            name: insert.excluded[name]
            for name in ("covers", "made_of", "state", "why", "attempts", "due_at")
        },
    ),
)
_the_want = update(wants).where(
    wants.c.kind == bindparam("of_kind"), wants.c.ref == bindparam("of_ref")
)
_MADE = _the_want.values(made_of=bindparam("made"))
_DONE = _the_want.values(state="done", why="", attempts=0, covers=bindparam("what"))
_FAILED = _the_want.values(why=bindparam("code"), due_at=bindparam("again"))

_retry = is_untold(wants) & (wants.c.due_at <= bindparam("now"))
_PLANS_DUE = (
    select(plan_rows.c.id)
    .outerjoin(wants, and_(wants.c.kind == "plan", wants.c.ref == plan_rows.c.id))
    .where(
        plan_rows.c.round_id == bindparam("round"),
        plan_rows.c.status.not_in(sorted(_NOT_SHOWN)),
        plan_rows.c.language != "",
        or_(
            wants.c.ref.is_(None),
            _retry,
            and_(~is_untold(wants), wants.c.covers != cast(plan_rows.c.updated_at, Text)),
        ),
    )
    .order_by(plan_rows.c.id)
    .limit(bindparam("most"))
)
# The reasons that an initiator cannot read as they are.
_to_read = (
    plan_history.join(plan_rows, plan_rows.c.id == plan_history.c.plan_id)
    .join(people, people.c.id == plan_rows.c.initiator)
    .outerjoin(wants, and_(wants.c.kind == "reason", wants.c.ref == plan_history.c.id))
)
_foreign = (plan_history.c.reason != "", people.c.language.not_in(["", DUTCH]))
_unread = ~exists().where(
    plan_reasons.c.history_id == plan_history.c.id, plan_reasons.c.language == people.c.language
)
_REASONS_DUE = (
    select(plan_history.c.id)
    .select_from(_to_read)
    .where(
        plan_rows.c.round_id == bindparam("round"),
        *_foreign,
        or_(
            and_(wants.c.ref.is_(None), _unread),
            _retry,
            and_(~is_untold(wants), wants.c.covers != people.c.language, _unread),
        ),
    )
    .order_by(plan_history.c.id)
    .limit(bindparam("most"))
)
_REASON = (
    select(plan_history.c.reason, people.c.language)
    .select_from(_to_read)
    .where(plan_history.c.id == bindparam("ref"))
)
_AWAITED = (
    select(literal(1))
    .select_from(_to_read)
    .where(
        plan_history.c.id == bindparam("ref"),
        *_foreign,
        _unread,
        or_(wants.c.ref.is_(None), is_untold(wants)),
    )
)
