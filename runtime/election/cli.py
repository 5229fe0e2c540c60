"""The arguments of `buurtstem election …`, and what each does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from runtime import wiring
from runtime.config import Settings
from runtime.election import closing, counting, entry, opening, settling
from storage.db import Database

Act = Callable[[Database, argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind `buurtstem election`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="act")
    _add_key(commands)
    _add_count(commands)
    paper = _add(commands, "paper", "enters ballots that were filled in on paper")
    paper.add_argument("--area", required=True)
    paper.add_argument("--in", dest="file", type=Path, required=True, metavar="FILE.csv")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Does what `args` say; the exit status. Raises ValueError with one line."""
    if args.act == "keygen":
        return _keygen(settings, args)
    db = wiring.open_database(settings)
    try:
        return _act(settings, args.act)(db, args)
    finally:
        db.close()


def _add_key(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keygen = _add(commands, "keygen", "makes the key, splits it among trustees, opens the election")
    keygen.add_argument("--trustees", type=int, required=True, metavar="N")
    keygen.add_argument("--threshold", type=int, required=True, metavar="K")
    keygen.add_argument("--out", type=Path, required=True, metavar="DIR")
    keygen.add_argument("--offline", action="store_true", help="only write the files")
    open_ = _add(commands, "open", "opens the election with a key that was made elsewhere")
    open_.add_argument("--key", type=Path, required=True, metavar="FILE", help="public.key")


def _add_count(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    close = _add(commands, "close", "ends the vote, for good")
    close.add_argument("--yes", action="store_true", help="accepted; nothing is asked anyway")
    count = _add(commands, "count", "opens the box with the trustees' shares, counts, publishes")
    count.add_argument("--key", type=Path, nargs="+", action="extend", required=True)
    count.add_argument("--out", type=Path, required=True, metavar="DIR")
    settle = _add(commands, "settle", "records how people settled a tie that the count found")
    settle.add_argument("--area", required=True)
    settle.add_argument("--order", required=True, metavar="12,7", help="who goes first in front")
    settle.add_argument("--reason", required=True, help="how it was decided; it is published")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=what, description=what)


def _act(settings: Settings, name: str) -> Act:
    if name == "paper":
        return lambda db, args: entry.enter(settings, db, args.area, args.file)
    acts: dict[str, Act] = {
        "open": lambda db, args: opening.open_election(db, args.key),
        "close": lambda db, args: closing.close(db),
        "count": lambda db, args: counting.count(db, args.key, args.out),
        "settle": lambda db, args: settling.settle(db, args.area, args.order, args.reason),
    }
    return acts[name]


def _keygen(settings: Settings, args: argparse.Namespace) -> int:
    wanted = opening.Split(args.trustees, args.threshold, args.out)
    if args.offline or (settings.sqlite_path and not settings.sqlite_path.exists()):
        return opening.keygen(None, wanted)
    db = wiring.open_database(settings)
    try:
        return opening.keygen(db, wanted)
    finally:
        db.close()
