"""`buurtstem export`: what it makes and prints, and the file with contact details."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from admin_export import contacts
from admin_export.destinations import Destination, DestinationError
from admin_export.notes import Note
from admin_export.writers import FORMATS
from civic.plans import Role
from civic.rounds import AMSTERDAM
from runtime import once, wiring
from runtime.config import Settings
from runtime.export import Made, Maker, Order, make, maker, moment, named
from storage import audit, rounds
from storage.db import Database
from storage.rounds import ActiveRound
from storage.times import now_ms

HERE = "export"  # the folder below this one where nothing else was said


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Does what `args` say; the exit status. Raises ValueError with one line to mend."""
    db = wiring.open_database(settings)
    try:
        active = active_round(db)
        if args.contacts:
            lines = [_contacts(maker(settings, db), active, args.contacts, args.out or ".")]
        else:
            lines = _export(settings, maker(settings, db), active, args)
    except DestinationError as error:
        raise ValueError(str(error)) from None
    finally:
        db.close()
    print("\n".join(lines))
    return 0


def active_round(db: Database) -> ActiveRound:
    """The round that runs. Raises ValueError when none is loaded."""
    active = db.read(rounds.active)
    if active is None:
        raise ValueError("no round is loaded: buurtstem round load FILE")
    return active


def _export(
    settings: Settings, maker: Maker, active: ActiveRound, args: argparse.Namespace
) -> list[str]:
    since = _day(args.since) if args.since else None
    until = maker.db.read(partial(moment, round_id=active.id))
    base = args.out or settings.export_url.get_secret_value() or HERE
    order = Order(
        round_id=active.id,
        round=active.round,
        until=max(until, since) if since else until,
        formats=_formats(args.format),
        folder="" if args.out else named(active.round, until, since),
        since=since,
    )
    made = make(maker, order, Destination(base), say)
    return [*note_lines(made.built.notes), _summary(made, order)]


def _formats(text: str) -> tuple[str, ...]:
    names = [name.strip().lower() for name in text.split(",")] if text else list(FORMATS)
    if unknown := [name for name in names if name not in FORMATS]:
        raise ValueError(f"--format {unknown[0]}: choose from {', '.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in names)


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--since {text}: write a day such as 2026-06-15") from None
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def say(line: str) -> None:
    """Progress, for whoever watches."""
    print(line, file=sys.stderr, flush=True)


def note_lines(notes: Sequence[Note]) -> list[str]:
    """What a person should look at, by plan."""
    return [str(note) for note in sorted(notes, key=lambda note: note.number)]


def _summary(made: Made, order: Order) -> str:
    plans, files = made.built.counts["plans"], len(made.built.files)
    where = f" in {order.folder}" if order.folder else ""
    how = "" if made.new else ", all as they were already"
    return f"{order.round.id}: {plans} plans, {files} files{where}{how}"


def _contacts(maker: Maker, active: ActiveRound, recipient: str, folder: str) -> str:
    path = Path(folder) / contacts.NAME
    if "://" in folder:
        raise ValueError("--contacts needs a folder on this machine")

    def work(conn: Connection) -> bytes:
        return contacts.encrypted(
            conn,
            active.id,
            active.round,
            until=moment(conn, active.id),
            role=Role.COORDINATOR.value,
            recipient=recipient,
            key=maker.key,
            audit=lambda kind, refs: audit.note(conn, None, kind, refs, now_ms()),
        )

    _check_free(path)
    _written(path, maker.db.call(work))
    return f"{path}: only the owner of the key can read it"


def _check_free(path: Path) -> None:
    """Before anything is noted: an entry in the log stands for details that went out."""
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: is not a folder")
    if path.exists():
        raise ValueError(f"{path}: is there already")


def _written(path: Path, data: bytes) -> None:
    try:
        once.put_in_place(once.lay_beside(path, data), path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be written: {type(error).__name__}") from None
