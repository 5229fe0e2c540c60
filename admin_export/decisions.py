"""What the municipality decided, from its spreadsheet: every row right, or nothing changes.

`read` takes the file apart, `diff` tells what it would change, `apply` changes it. A row says which
plan (`id`), what it becomes (`state`) and why (`answer`; `answer/tr` for another language).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from admin_export.sheets import Fault, Row, Sheet, number_in, opened, plain
from civic.plans import RESULTS, STEPS, Role, Status, needs_reason, refusal
from civic.rounds import Round
from storage import audit, plan_life, plans, rounds, supports
from storage.plans import Plan

KIND = "import.decisions"  # in the audit log
ACTOR = "municipality"
DUTCH = "nl"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "id", "nr", "nummer", "number", "plan", "plannummer", "plan id", "plan number",
        "inzending id",
    ),
    "state": ("state", "status", "statussen", "besluit", "beslissing", "decision", "uitkomst"),
    "answer": ("answer", "antwoord", "reden", "reason", "toelichting", "motivering", "uitleg"),
}  # fmt: skip
"""What each column may be called; capitals, spaces, `_` and `-` do not matter."""
_S = Status
_WORDS: Mapping[tuple[Status, ...], tuple[str, ...]] = {
    (_S.SUBMITTED,): ("ingediend",),
    (_S.SUPPORTED,): ("genoeg steun", "enough support"),
    (_S.ASSESSING,): ("in behandeling", "in beoordeling", "in review"),
    (_S.ADJUST,): ("aanpassen", "aan te passen", "adapt"),
    (_S.ADMITTED,): ("haalbaar", "toegelaten", "feasible"),
    (_S.DECLINED,): ("niet haalbaar", "not feasible"),
    (_S.CHOSEN,): ("gekozen",),
    (_S.NOT_CHOSEN,): ("niet gekozen",),
    (_S.STARTING,): ("in voorbereiding", "in preparation"),
    (_S.RUNNING,): ("in uitvoering", "in progress"),
    (_S.DONE,): ("uitgevoerd", "klaar", "afgerond", "finished", "completed"),
    (_S.WITHDRAWN,): ("ingetrokken",),
    # Decidim has three states for all of them, which mean what fits the plan.
    (_S.ASSESSING, _S.ADJUST, _S.ADMITTED): ("evaluating",),
    (_S.DECLINED, _S.NOT_CHOSEN): ("afgewezen", "rejected"),
    (_S.ADMITTED, _S.CHOSEN, _S.STARTING, _S.RUNNING, _S.DONE): (
        "accepted", "geaccepteerd", "goedgekeurd", "approved",
    ),
}  # fmt: skip
STATES: Mapping[str, tuple[Status, ...]] = {
    **{status.value.replace("_", " "): (status,) for status in Status if status is not _S.DRAFT},
    **{word: statuses for statuses, words in _WORDS.items() for word in words},
}
"""What a state may be called in Dutch and English; the first that the plan can become is meant."""
_ROLES = (Role.COORDINATOR, Role.COMMITTEE)  # in whose name a step is taken, the first that may


@dataclass(frozen=True, slots=True)
class Decision:
    """What a row says: the plan's number, what it may become, and why, by language."""

    row: int
    number: int
    states: tuple[Status, ...]
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decisions:
    """A file taken apart. With `faults` nothing of it may be applied."""

    rows: tuple[Decision, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one plan: `steps` in order, the last with the answers."""

    row: int
    plan_id: int
    number: int
    before: Status
    steps: tuple[Status, ...]
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Diff:
    """What a file would change. `same`: how many of its plans are already so."""

    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    same: int


class DecisionsError(ValueError):
    """Something in the file is wrong, so nothing was changed."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


def read(source: Path | bytes) -> Decisions:
    """Takes a CSV file or an Excel workbook apart: the first sheet that has the columns.

    Raises `admin_export.sheets.SheetError` for a file that is neither.
    """
    sheets = opened(source)
    sheet = next((s for s in sheets if not _missing(s)), sheets[0] if sheets else None)
    if sheet is None or (missing := _missing(sheet)):
        name = "id" if sheet is None else missing[0]
        return Decisions((), (Fault(sheet.header_row if sheet else 1, name, "is no column"),))
    return _taken_apart(sheet)


def _missing(sheet: Sheet) -> list[str]:
    return [name for name in ("id", "state") if not sheet.has(COLUMNS[name])]


def _taken_apart(sheet: Sheet) -> Decisions:
    faults: list[Fault] = list(sheet.faults)
    rows: dict[int, Decision] = {}
    for row in sheet.rows:
        found = _decision(row, faults)
        if found and found.number in rows:
            what = f"plan {found.number} is in row {rows[found.number].row} already"
            faults.append(Fault(row.number, "id", what))
        elif found:
            rows[found.number] = found
    return Decisions(tuple(rows.values()), tuple(faults))


def _decision(row: Row, faults: list[Fault]) -> Decision | None:
    """What the row says; None with a fault, or where nothing is decided yet."""
    state, answers = row.of(COLUMNS["state"]), row.by_language(COLUMNS["answer"], DUTCH)
    if not state and not answers:
        return None
    number = number_in(row.of(COLUMNS["id"]))
    meant = STATES.get(plain(state))
    if number is None:
        faults.append(Fault(row.number, "id", "is no number of a plan"))
    if meant is None:
        what = f"{state[:40]}: is no state" if state else "there is an answer but no state"
        faults.append(Fault(row.number, "state", what))
    if number is None or meant is None:
        return None
    return Decision(row.number, number, meant, answers)


def diff(conn: Connection, round_id: int, decisions: Decisions) -> Diff:
    """What the file would change in this round, and every fault in it."""
    round_ = rounds.by_id(conn, round_id)
    assert round_ is not None
    faults = list(decisions.faults)
    changes, same = [], 0
    for decision in sorted(decisions.rows, key=lambda each: each.number):
        plan = plans.by_number(conn, round_id, decision.number)
        if plan is None:
            faults.append(Fault(decision.row, "id", f"there is no plan {decision.number}"))
        elif plan.status in decision.states:
            same += 1
        else:
            change = _change(plan, decision)
            missing = _support_missing(conn, round_, plan.id)
            wrong = next(_wrong(round_, plan, change, missing), None)
            faults += [Fault(decision.row, *wrong)] if wrong else []
            changes.append(change)
    return Diff(tuple(changes), tuple(sorted(faults, key=lambda fault: fault.row)), same)


def apply(
    conn: Connection,
    round_id: int,
    decisions: Decisions,
    *,
    actor: str = ACTOR,
    user_id: int | None = None,
    now_ms: int,
) -> Diff:
    """Changes what `diff` tells, with reasons and news, all in the transaction of `conn`.

    Returns what was changed. Raises `DecisionsError` and changes nothing when anything is wrong;
    the transaction must then be rolled back if somebody else changed a plan meanwhile.
    """
    found = diff(conn, round_id, decisions)
    if found.faults:
        raise DecisionsError(found.faults)
    for change in found.changes:
        _take(conn, change, actor, now_ms)
    audit.note(conn, user_id, KIND, [change.plan_id for change in found.changes], now_ms)
    return found


def _take(conn: Connection, change: Change, actor: str, now_ms: int) -> None:
    before = change.before
    for step in change.steps:
        reasons = change.answers if step is change.steps[-1] else None
        role = _role(before, step)
        assert role is not None
        try:
            plan_life.change(
                conn, change.plan_id, step, actor=actor, role=role, reasons=reasons, now_ms=now_ms
            )
        except plan_life.NotAllowed:
            what = f"plan {change.number} was changed by somebody else just now"
            raise DecisionsError([Fault(change.row, "state", what)]) from None
        before = step


def _change(plan: Plan, decision: Decision) -> Change:
    before = Status(plan.status)
    ways = (_way(before, state) for state in decision.states)
    steps = tuple(next((way for way in ways if way), ()))
    return Change(decision.row, plan.id, plan.number, before, steps, decision.answers)


def _wrong(
    round_: Round, plan: Plan, change: Change, support_missing: int
) -> Iterator[tuple[str, str]]:
    """Why the change cannot be: the column and what is wrong with it."""
    if not change.steps:
        yield "state", f"plan {plan.number} is {_named(change.before)}: it cannot become that"
        return
    area = round_.area(plan.area or "")
    if RESULTS & set(change.steps) and (area is None or area.votes):
        yield "state", f"plan {plan.number} is in a vote: the count decides"
    before = change.before
    for step in change.steps:
        role = _role(before, step)
        assert role is not None
        said = step is change.steps[-1] and DUTCH in change.answers
        if needs_reason(step, role) and not said:
            yield "answer", f"plan {plan.number}: a reason in Dutch is needed"
        elif refusal(before, step, role, has_reason=said, support_missing=support_missing):
            yield "state", f"plan {plan.number} still needs {support_missing} supporters"
        before = step


def _support_missing(conn: Connection, round_: Round, plan_id: int) -> int:
    needed = round_.support_needed
    return max(0, needed - supports.count(conn, plan_id)) if needed else 0


def _way(before: Status, after: Status) -> list[Status]:
    """The fewest steps from one to the other that we may take; [] when there are none."""
    ways = deque([[before]])
    seen = {before}
    while ways:
        way = ways.popleft()
        if way[-1] is after:
            return way[1:]
        for step in STEPS[way[-1]]:
            if step not in seen and _role(way[-1], step):
                seen.add(step)
                ways.append([*way, step])
    return []


def _role(before: Status, after: Status) -> Role | None:
    return next((role for role in _ROLES if role in STEPS[before].get(after, ())), None)


def _named(status: Status) -> str:
    return status.value.replace("_", " ")
