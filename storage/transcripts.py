"""What was said in a recording, as people correct it while they listen; every version is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from storage import plans, recordings
from storage.plan_work_tables import transcript_versions
from storage.recordings import Recording
from storage.tables import plan_texts
from storage.tables import plans as plan_rows
from storage.tables import recordings as recording_rows


@dataclass(frozen=True, slots=True)
class Version:
    """One version; `actor` is "" for the computer's."""

    recording_id: int
    at: int
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction changed. `in_plan`: the words were in the plan, and are right there now."""

    changed: bool
    in_plan: bool = False


def of_plan(conn: Connection, plan_id: int) -> dict[int, list[Version]]:
    """The versions of each recording that was corrected, the oldest first."""
    found: dict[int, list[Version]] = {}
    for row in conn.execute(_OF_PLAN, {"plan": plan_id}):
        found.setdefault(row.recording_id, []).append(Version(*row))
    return found


def correct(
    conn: Connection, recording_id: int, text: str, *, actor: str, now_ms: int
) -> Corrected:
    """Stores a new version of what was said in the recording of a plan.

    Where the plan, or what was added to it, holds the words of the version before, they are
    replaced too. Raises LookupError for a recording that is of no plan.
    """
    found = recordings.get(conn, recording_id)
    if found is None or found.plan_id is None:
        raise LookupError("no such recording of a plan")
    plan = plans.locked(conn, found.plan_id)
    assert plan is not None
    before, text = (found.transcript or "").strip(), text.strip()
    if text == before:
        return Corrected(False)
    _keep(conn, found, text, actor, now_ms)
    added = _replace_addition(conn, recording_id, before, text)
    in_plan = bool(before) and before in plan.text
    if in_plan:
        new = plan.text.replace(before, text, 1)
        conn.execute(_SET_PLAN, {"plan": plan.id, "words": new, "now": now_ms})
    return Corrected(True, in_plan or added)


def _keep(conn: Connection, found: Recording, text: str, actor: str, now_ms: int) -> None:
    """The new version; before the first one of a person also the computer's."""
    row = {"recording_id": found.id, "at": now_ms, "actor": actor, "text": text}
    rows = [row]
    if found.transcript is not None and conn.scalar(_ANY, {"recording": found.id}) is None:
        rows.insert(0, {**row, "at": found.created_at, "actor": "", "text": found.transcript})
    conn.execute(insert(transcript_versions), rows)
    conn.execute(_SET_TRANSCRIPT, {"recording": found.id, "words": text})


def _replace_addition(conn: Connection, recording_id: int, before: str, text: str) -> bool:
    values = {"recording": recording_id, "old": before, "words": text}
    return conn.execute(_SET_ADDITION, values).rowcount > 0


_all = select(*(transcript_versions.c[name] for name in Version.__slots__))
_OF_PLAN = (
    _all.join(recording_rows, recording_rows.c.id == transcript_versions.c.recording_id)
    .where(recording_rows.c.plan_id == bindparam("plan"))
    .order_by(transcript_versions.c.id)
)
_ANY = (
    select(transcript_versions.c.id)
    .where(transcript_versions.c.recording_id == bindparam("recording"))
    .limit(1)
)
_SET_TRANSCRIPT = (
    update(recording_rows)
    .where(recording_rows.c.id == bindparam("recording"))
    .values(transcript=bindparam("words"))
)
_SET_PLAN = (
    update(plan_rows)
    .where(plan_rows.c.id == bindparam("plan"))
    .values(text=bindparam("words"), updated_at=bindparam("now"))
)
_SET_ADDITION = (
    update(plan_texts)
    .where(
        plan_texts.c.recording_id == bindparam("recording"), plan_texts.c.text == bindparam("old")
    )
    .values(text=bindparam("words"))
)
