"""`buurtstem push openstad`: tells what it does, plan by plan, and what OpenStad refuses."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import httpx

from admin_export.openstad_api import OpenStad, OpenStadError
from admin_export.push import Push, Report
from runtime import wiring
from runtime.config import Settings
from runtime.export import Maker, maker, moment
from runtime.export_cli import active_round, say
from storage import leases, plans, pushed
from storage.db import Database
from storage.rounds import ActiveRound
from storage.times import now_ms

LEASE, SECONDS = "push-openstad", 120  # a push that was killed keeps the next one waiting
TIMEOUT = 60.0


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Does what `args` say; 1 when some plans did not get there. Raises ValueError."""
    token = settings.openstad_token.get_secret_value()
    if not (settings.openstad_url and settings.openstad_project and token):
        raise ValueError("set BUURTSTEM_OPENSTAD_URL, _OPENSTAD_PROJECT and _OPENSTAD_TOKEN")
    db = wiring.open_database(settings)
    try:
        active = active_round(db)
        with alone(db) as sleep, httpx.Client(timeout=TIMEOUT) as client:
            api = OpenStad(client, settings.openstad_url, settings.openstad_project, token, sleep)
            report = _push(maker(settings, db), active, api, sleep, args)
    except OpenStadError as error:
        raise ValueError(f"{error}; what was done is kept") from None
    finally:
        db.close()
    return _ended(report, dry_run=args.dry_run)


def _push(
    maker: Maker,
    active: ActiveRound,
    api: OpenStad,
    sleep: Callable[[float], None],
    args: argparse.Namespace,
) -> Report:
    db = maker.db
    until = db.read(partial(moment, round_id=active.id))
    dataset = maker.read(active.id, active.round, until, None)
    ids = {plan.number: plan.id for plan in db.read(partial(plans.of_round, round_id=active.id))}
    known = db.read(partial(pushed.of_round, round_id=active.id, project=api.project))

    def keep(number: int, remote_id: int, sent: Mapping[str, str]) -> None:
        db.call(lambda c: pushed.keep(c, ids[number], api.project, remote_id, sent, now_ms()))
        sleep(0)

    push = Push(api, known, keep, say, sleep, dry_run=args.dry_run)
    return push.run(dataset, proposals=args.proposals)


@contextmanager
def alone(db: Database) -> Iterator[Callable[[float], None]]:
    """Nobody else pushes meanwhile. Gives a sleep that keeps it so; call it often.

    Raises ValueError when somebody does.
    """
    holder = uuid4().hex

    def hold() -> bool:
        now = now_ms()
        return db.call(lambda c: leases.take(c, LEASE, holder, now + SECONDS * 1000, now))

    def sleep(seconds: float) -> None:
        hold()
        while seconds > 0:
            time.sleep(min(seconds, SECONDS / 4))
            seconds -= SECONDS / 4
            hold()

    if not hold():
        raise ValueError("another push is under way; one that was killed ends within two minutes")
    try:
        yield sleep
    finally:
        db.call(partial(leases.release, name=LEASE, holder=holder))


def _ended(report: Report, *, dry_run: bool) -> int:
    for fault in sorted(report.faults, key=lambda fault: fault.number):
        print(fault, file=sys.stderr)
    new, changed, same = map(len, (report.made, report.changed, report.same))
    failed = len({fault.number for fault in report.faults})
    would = "would be " if dry_run else ""
    print(f"{would}new: {new}, {would}changed: {changed}, as they are: {same}, refused: {failed}")
    return 1 if report.faults else 0
