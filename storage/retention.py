"""What is kept no longer than it is needed: each rule in parts, so that nobody waits for it long.

Every function does at most `most` rows in its transaction, and may be called again and again. None
touches the tally, envelopes, the chain, or what is public of a plan: its number, title and text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from storage.call_tables import calls
from storage.conditions import is_unsent
from storage.console_tables import console_audit
from storage.dialects import Either
from storage.entered_tables import entered
from storage.export_tables import exports_made
from storage.life_tables import contacts, follows, supports
from storage.plan_work_tables import plan_edits
from storage.retention_tables import retention_marks
from storage.tables import (
    addresses,
    help_requests,
    inbox,
    outbox,
    people,
    photos,
    plan_texts,
    plans,
    recordings,
    rounds,
    sessions,
)
from storage.takeover_tables import help_calls
from storage.vote_tables import passes_used

EXPIRED = "expired"  # why a message was not sent that waited longer than messages are kept


def mark(conn: Connection, name: str) -> int:
    """How far `name` went; 0 when it never began."""
    return conn.scalar(_MARK, {"of": name}) or 0


def set_mark(conn: Connection, name: str, upto: int) -> None:
    """Remembers how far `name` went."""
    conn.execute(_SET_MARK.on(conn), {"name": name, "upto": upto})


def blank_inbox(conn: Connection, before_ms: int, most: int) -> int:
    """Blanks what people wrote before then; that they wrote stays. How many rows it looked at."""
    values = {"body": "", "state": "done"}
    return _blank(conn, inbox, inbox.c.received_at, before_ms, most, values)


def blank_outbox(conn: Connection, before_ms: int, most: int) -> int:
    """Blanks what was said before then, and to whom; what was never sent never will be."""
    gone = update(outbox).where(
        outbox.c.id.in_(bindparam("ids", expanding=True)), is_unsent(outbox)
    )
    values = {"body": "", "address": ""}
    return _blank(conn, outbox, outbox.c.created_at, before_ms, most, values, gone)


def _blank(
    conn: Connection,
    table: Table,
    at: Any,
    before_ms: int,
    most: int,
    values: dict[str, str],
    first: Any = None,
) -> int:
    """Goes on where it stopped: ids are given out in the order of time."""
    name = f"{table.name} blanked"
    some = select(table.c.id, at.label("at")).where(table.c.id > mark(conn, name))
    rows = conn.execute(some.order_by(table.c.id).limit(most)).all()
    ids = []
    for row in rows:
        if row.at >= before_ms:
            break
        ids.append(row.id)
    if not ids:
        return 0
    if first is not None:
        conn.execute(first.values(state="failed", reason=EXPIRED), {"ids": ids})
    conn.execute(update(table).where(table.c.id.in_(ids)).values(values))
    set_mark(conn, name, ids[-1])
    return len(ids)


def with_answers(conn: Connection, before_ms: int, after_id: int, most: int) -> list[int]:
    """People beyond `after_id` whose session holds answers and was not touched since then."""
    where = {"before": before_ms, "after": after_id, "most": most}
    return list(conn.scalars(_WITH_ANSWERS, where))


def unconsented(conn: Connection, before_ms: int, most: int) -> list[int]:
    """People who never said yes, wrote nothing since then, and wait for nobody's help."""
    return list(conn.scalars(_UNCONSENTED, {"before": before_ms, "most": most}))


def silent(conn: Connection, before_ms: int, over: Collection[int], most: int) -> list[int]:
    """People who wrote nothing since then and are in no round but those that are `over`."""
    where = {"before": before_ms, "over": list(over), "most": most}
    return list(conn.scalars(_SILENT, where))


def drop_recordings(
    conn: Connection, over: Collection[int], loose_before_ms: int, most: int
) -> tuple[int, list[str]]:
    """Removes recordings, with every transcript: of plans of these rounds, and loose ones.

    How many, and the files to delete after the commit.
    """
    return _drop(conn, recordings, _OLD_RECORDINGS, over, loose_before_ms, most)


def drop_photos(
    conn: Connection, over: Collection[int], loose_before_ms: int, most: int
) -> tuple[int, list[str]]:
    """Likewise for photos."""
    return _drop(conn, photos, _OLD_PHOTOS, over, loose_before_ms, most)


def _drop(
    conn: Connection, table: Table, which: Any, over: Collection[int], before_ms: int, most: int
) -> tuple[int, list[str]]:
    where = {"over": list(over), "before": before_ms, "most": most}
    rows = conn.execute(which, where).all()
    ids, names = [row.id for row in rows], {row.name for row in rows}
    if table is recordings and ids:
        for other in (plan_texts, help_requests):
            loosen = update(other).where(other.c.recording_id.in_(ids)).values(recording_id=None)
            conn.execute(loosen)
    conn.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids), sorted(names - set(conn.scalars(_STILL_USED, {"names": list(names)})))


def cut_ties(conn: Connection, over: Collection[int], most: int) -> int:
    """Cuts what ties plans of these rounds to people; the plans stay. How many plans."""
    ids = list(conn.scalars(_TIED_PLANS, {"over": list(over), "most": most}))
    conn.execute(
        update(plan_edits)
        .where(plan_edits.c.plan_id.in_(ids))
        .values(before="", after="", reason="")
    )
    conn.execute(delete(contacts).where(contacts.c.plan_id.in_(ids)))
    conn.execute(delete(follows).where(follows.c.plan_id.in_(ids)))
    loose = {"initiator": None, "may_call": False, "phone": ""}
    conn.execute(update(plans).where(plans.c.id.in_(ids)).values(loose))
    return len(ids)


def drop_counts_of_passes(conn: Connection, over: Collection[int], most: int) -> int:
    """Removes how many passes were used from which phone in these rounds."""
    return conn.execute(delete(passes_used).where(passes_used.c.round_id.in_(list(over)))).rowcount


def drop_help(conn: Connection, before_ms: int, most: int) -> int:
    """Removes requests for help from before then that are done."""
    ids = list(conn.scalars(_DONE_HELP, {"before": before_ms, "most": most}))
    conn.execute(delete(help_calls).where(help_calls.c.request_id.in_(ids)))
    conn.execute(delete(help_requests).where(help_requests.c.id.in_(ids)))
    return len(ids)


def drop_audit(conn: Connection, before_ms: int, most: int) -> int:
    """Removes what was noted in the audit log before then."""
    return _delete(conn, console_audit, _OLD_AUDIT, before_ms, most)


def drop_exports(conn: Connection, before_ms: int, most: int) -> int:
    """Removes what was noted of exports before then, except each round's latest that was done."""
    return _delete(conn, exports_made, _OLD_EXPORTS, before_ms, most)


def drop_calls(conn: Connection, before_ms: int, most: int) -> int:
    """Removes what was noted of phone calls before then."""
    which = select(calls.c.sid).where(calls.c.at < before_ms).limit(most)
    sids = conn.scalars(which).all()
    conn.execute(delete(calls).where(calls.c.sid.in_(sids)))
    return len(sids)


def _delete(conn: Connection, table: Table, which: Any, before_ms: int, most: int) -> int:
    ids: Sequence[int] = conn.scalars(which, {"before": before_ms, "most": most}).all()
    conn.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


def all_rounds(conn: Connection) -> list[int]:
    """The row ids of every round that was ever loaded."""
    return list(conn.scalars(_ROUNDS))


_ROUNDS = select(rounds.c.id).order_by(rounds.c.id)
_MARK = select(retention_marks.c.upto).where(retention_marks.c.name == bindparam("of"))
_SET_MARK = Either(
    retention_marks,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"], set_={"upto": insert.excluded.upto}
    ),
)
_WITH_ANSWERS = (
    select(sessions.c.person_id)
    .where(
        sessions.c.person_id > bindparam("after"),
        sessions.c.updated_at < bindparam("before"),
        or_(sessions.c.data.contains('"answers":'), sessions.c.data.contains('"trail":')),
    )
    .order_by(sessions.c.person_id)
    .limit(bindparam("most"))
)
_wrote_since = exists().where(
    addresses.c.person_id == people.c.id, addresses.c.last_in_at >= bindparam("before")
)
_waits = exists().where(help_requests.c.person_id == people.c.id, help_requests.c.state == "open")
_known = people.c.state != "forgotten"
_UNCONSENTED = (
    select(people.c.id)
    .where(
        people.c.consent_at.is_(None),
        people.c.created_at < bindparam("before"),
        _known,
        ~_wrote_since,
        ~_waits,
    )
    .limit(bindparam("most"))
)
_runs = plans.c.round_id.not_in(bindparam("over", expanding=True))
_SILENT = (
    select(people.c.id)
    .where(
        people.c.created_at < bindparam("before"),
        _known,
        ~_wrote_since,
        ~_waits,
        ~exists().where(plans.c.initiator == people.c.id, _runs),
        *(
            ~exists().where(table.c.person_id == people.c.id, plans.c.id == table.c.plan_id, _runs)
            for table in (supports, follows, entered)
        ),
    )
    .limit(bindparam("most"))
)


def _old_files(table: Table) -> Any:
    """Of plans of rounds that are over, or of no plan and from before then."""
    is_over = plans.c.round_id.in_(bindparam("over", expanding=True))
    of_plan = table.c.plan_id.in_(select(plans.c.id).where(is_over))
    loose = table.c.plan_id.is_(None) & (table.c.created_at < bindparam("before"))
    return select(table.c.id, table.c.name).where(of_plan | loose)


_asked_to_listen = exists().where(
    help_requests.c.recording_id == recordings.c.id, help_requests.c.state == "open"
)
_OLD_RECORDINGS = _old_files(recordings).where(~_asked_to_listen).limit(bindparam("most"))
_OLD_PHOTOS = _old_files(photos).limit(bindparam("most"))
# The same file may have been sent by somebody else.
_STILL_USED = (
    select(recordings.c.name)
    .where(recordings.c.name.in_(bindparam("names", expanding=True)))
    .union(select(photos.c.name).where(photos.c.name.in_(bindparam("names", expanding=True))))
)
_edited = exists().where(
    plan_edits.c.plan_id == plans.c.id, (plan_edits.c.before != "") | (plan_edits.c.after != "")
)
_TIED_PLANS = (
    select(plans.c.id)
    .where(
        plans.c.round_id.in_(bindparam("over", expanding=True)),
        or_(
            plans.c.initiator.is_not(None),
            plans.c.phone != "",
            _edited,
            *(exists().where(t.c.plan_id == plans.c.id) for t in (contacts, follows)),
        ),
    )
    .limit(bindparam("most"))
)
_DONE_HELP = (
    select(help_requests.c.id)
    .where(help_requests.c.state == "done", help_requests.c.created_at < bindparam("before"))
    .limit(bindparam("most"))
)
_OLD_AUDIT = (
    select(console_audit.c.id)
    .where(console_audit.c.at < bindparam("before"))
    .order_by(console_audit.c.id)
    .limit(bindparam("most"))
)
_latest = (
    select(func.max(exports_made.c.id))
    .where(exports_made.c.state == "done")
    .group_by(exports_made.c.round_id)
)
_OLD_EXPORTS = (
    select(exports_made.c.id)
    .where(
        exports_made.c.created_at < bindparam("before"),
        exports_made.c.state.in_(["done", "failed"]),
        exports_made.c.id.not_in(_latest),
    )
    .limit(bindparam("most"))
)
