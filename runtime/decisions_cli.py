"""`buurtstem import decisions`: tells what a file would change, asks, and changes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from admin_export import decisions
from admin_export.decisions import Change, Decisions, DecisionsError, Diff
from admin_export.openstad import status_name
from admin_export.sheets import Fault, SheetError
from runtime import wiring
from runtime.config import Settings
from runtime.export_cli import active_round
from storage.db import Database
from storage.times import now_ms

SHORT = 60  # characters of an answer that are shown


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Does what `args` say; the exit status. Raises ValueError with one line to mend."""
    try:
        read = decisions.read(args.file)
    except SheetError as error:
        raise ValueError(f"{args.file}: {error}") from None
    db = wiring.open_database(settings)
    try:
        return _import(db, active_round(db).id, read, args)
    except DecisionsError as error:
        return _wrong(error.faults)
    finally:
        db.close()


def _import(db: Database, round_id: int, read: Decisions, args: argparse.Namespace) -> int:
    found = db.read(partial(decisions.diff, round_id=round_id, decisions=read))
    print("\n".join(told(found)))
    if found.faults:
        return _wrong(found.faults)
    if args.dry_run or not found.changes:
        return 0
    if not args.yes and sys.stdin.isatty() and not _agreed(len(found.changes)):
        print("nothing was changed")
        return 0
    apply = partial(decisions.apply, round_id=round_id, decisions=read, now_ms=now_ms())
    changed = db.call(apply)
    print(f"changed: {_plans(len(changed.changes))}; who is behind them will hear of it")
    return 0


def told(found: Diff) -> list[str]:
    """What would change, a line a plan, and how much."""
    lines = [_line(change) for change in found.changes if change.steps]
    return [*lines, f"to change: {_plans(len(lines))}; as they are: {found.same}"]


def _line(change: Change) -> str:
    way = " → ".join(status_name(status) for status in (change.before, *change.steps))
    said = " ".join(change.answers.get("nl", "").split())
    short = said if len(said) <= SHORT else said[: SHORT - 1] + "…"
    return f"plan {change.number}: {way}" + (f": {short}" if short else "")


def _plans(count: int) -> str:
    return "1 plan" if count == 1 else f"{count} plans"


def _agreed(count: int) -> bool:
    answer = input(f"Change {_plans(count)} and tell the people behind them? [y/N] ")
    return answer.strip().lower() in ("y", "yes", "j", "ja")


def _wrong(faults: Sequence[Fault]) -> int:
    for fault in faults:
        print(f"buurtstem: {fault}", file=sys.stderr)
    print("buurtstem: nothing was changed", file=sys.stderr)
    return 2
